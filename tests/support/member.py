"""A stand-in for a process that a supervisor runs: it does what a plan says, and notes its lives.

    python member.py FOLDER

`FOLDER/plan.json` has for each process a list of what it does in its first life, its second and so
on; the last of them counts for all later ones:

    an integer   ends with that exit code
    "work"       reports that it received 10, and ends with 0
    "fail"       says why, and ends with 69
    "drain"      ends with 0 when it is told to stop
    "deaf"       does nothing until its supervisor is gone
    "killed"     is ended by SIGKILL
    "half"       is ended by SIGKILL in the middle of a report

If `FOLDER/unread` is there it ends with 0 before it has read anything. None does its part before
all of its round have begun, so that a round is whole.

Promise: imports nothing of the program. `FOLDER/lives` gets a line when a life begins: the process,
its pid, and those of earlier lives that are not over.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from io import FileIO
from pathlib import Path
from typing import Any

REPORT = b'{"funnel":{"received":10,"rejected":{"not_json":1}}}\n'
FAILURE = b'{"failure":"the stream is out of reach"}\n'
UNREACHABLE = 69
DRAINED, NOBODY = 0, 75


def is_alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def lives(folder: Path) -> list[Any]:
    """Give all lives that have begun."""
    path = folder / "lives"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def begin(folder: Path, process: int) -> Any:
    """Note that a life begins, wait for those of its round, and give what it is to do."""
    before = lives(folder)
    own = sum(life["process"] == process for life in before)
    left = [life["pid"] for life in before if life["life"] < own and is_alive(life["pid"])]
    with (folder / "lives").open("a", encoding="utf-8") as file:
        life = {"process": process, "pid": os.getpid(), "life": own, "left": left}
        file.write(f"{json.dumps(life)}\n")
    plan = json.loads((folder / "plan.json").read_bytes())
    while sum(life["life"] == own for life in lives(folder)) < len(plan):
        threading.Event().wait(0.01)
    return plan[process][min(own, len(plan[process]) - 1)]


def main() -> None:
    """Live once."""
    folder = Path(sys.argv[1])
    if (folder / "unread").exists():
        sys.exit(DRAINED)
    spec = json.loads(sys.stdin.readline())
    os.fstat(spec["store"]["lock"])  # it was handed down
    what = begin(folder, spec["place"]["process"])
    out = FileIO(1, "w", closefd=False)
    if what in ("work", "drain"):
        out.write(REPORT)
    if what == "fail":
        out.write(FAILURE)
        sys.exit(UNREACHABLE)
    if what == "drain":
        sys.exit(DRAINED if sys.stdin.readline() == "stop\n" else NOBODY)
    if what == "deaf":
        sys.stdin.read()
        sys.exit(NOBODY)
    if what in ("killed", "half"):
        out.write(REPORT[:20] * (what == "half"))
        os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(0 if what == "work" else what)


if __name__ == "__main__":
    main()
