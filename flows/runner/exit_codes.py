"""What the exit codes of the program say; the numbers from 64 on are those of BSD's sysexits.h."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
INPUT_REJECTED = 65
UNREACHABLE = 69
START_AGAIN = 75
NO_PERMISSION = 77
CONFIGURATION = 78
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count it."""
