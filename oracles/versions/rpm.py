"""Lets librpm compare versions; see README.md."""

import sys

# This file's folder is on the path first, and the file has the module's name.
sys.path.pop(0)
import rpm  # noqa: E402

for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    try:
        a, b = rpm.ver(a), rpm.ver(b)
        print((a > b) - (a < b))
    except (TypeError, ValueError):
        print("?")
