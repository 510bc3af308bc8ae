"""Reports of several processes come in on threads of their own, all at once from the first on."""

from __future__ import annotations

import subprocess

from tests.support.program import ROOT, python

ALL_AT_ONCE = f"""
import sys, threading
sys.path.insert(0, {str(ROOT)!r})
sys.setswitchinterval(1e-6)
from flows.runner.report import decode_report
barrier = threading.Barrier(4)
def read():
    barrier.wait()
    decode_report(b'{{"funnel":{{}},"delivery":{{"by_shard":{{"shard":{{}}}}}}}}')
threads = [threading.Thread(target=read) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_reports_may_come_at_once() -> None:
    """Where the decoder was made by the first to need it, half of such processes died."""
    # One after the other: on a busy machine the threads do not meet.
    ended = [subprocess.run(python(ALL_AT_ONCE), check=False) for _ in range(10)]
    assert [0] * 10 == [process.returncode for process in ended]
