"""Lets libalpm compare versions; see README.md."""

import ctypes
import ctypes.util
import sys

alpm = ctypes.CDLL(ctypes.util.find_library("alpm"))

for line in sys.stdin:
    a, b = (text.encode() for text in line.rstrip("\n").split("\t"))
    order = alpm.alpm_pkg_vercmp(a, b)
    print((order > 0) - (order < 0))
