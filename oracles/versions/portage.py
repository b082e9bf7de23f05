"""Lets Portage compare versions; see README.md."""

import sys

# This file's folder is on the path first, and the file has the package's name.
sys.path.pop(0)
from portage.versions import vercmp, ververify  # noqa: E402

for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    order = vercmp(a, b) if ververify(a) and ververify(b) else None
    print("?" if order is None else (order > 0) - (order < 0))
