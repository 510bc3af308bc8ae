"""The watchdog: ends a process in which nothing moves any more, so that it is started again.

Nothing moves if no line is read, no lane works, no epoch ends and Kinesis answers nothing, here and
in the processes that this one hears of. A job that is throttled or refused moves, as each answer
counts; how long that may go on is the sink's `give_up_s`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Thread

from flows.place import Place
from flows.runner.progress import Progress
from flows.runner.pulse import BEATS_PER_S, Beat, Peers

STILL_S = 15.0
"""Shortest stillness that ends a process."""

STILL_EPOCHS = 3
"""Shortest stillness in epochs: a job without input moves once an epoch."""

STILL_TIMES_LONGEST = 4
"""Shortest stillness in times the longest that passed: commits grow with the profiles."""

SILENT_S = 10.0
"""Silence of a peer after which it counts as stopped or gone: twenty beats."""

START_S = 600.0
"""How long it may take to begin: peers come up one by one, and profiles are read back."""


class Stillness:
    """Says when nothing moved for too long.

    Time is what it is told, so that a process which was itself stopped does not take that for
    stillness.
    """

    def __init__(self, place: Place, *, epoch_s: float, give_up_s: float) -> None:
        """Take the cluster, how long an epoch is, and how long the sink waits for Kinesis (s)."""
        self._place = place
        self._shortest_s = max(STILL_S, STILL_EPOCHS * epoch_s)
        self._give_up_s = give_up_s
        self._heard: dict[int, Beat] = {}
        self._silent_s: dict[int, float] = {}
        self._moves = 0
        self._still_s = self._longest_s = 0.0

    def reason(self, own: Beat, heard: Iterable[Beat], passed_s: float) -> str | None:
        """Give why the process is to end, or None if all is well.

        Args:
            own: how this process stands.
            heard: what was heard of others since the last look.
            passed_s: time since the last look, seconds.
        """
        self._silent_s = {peer: silent + passed_s for peer, silent in self._silent_s.items()}
        for beat in heard:
            self._heard[beat.process] = beat
            self._silent_s[beat.process] = 0.0
        beats = [own, *self._heard.values()]
        moves = sum(beat.moves for beat in beats)
        if moves != self._moves:
            if self._moves:
                self._longest_s = max(self._longest_s, self._still_s)
            self._moves = moves
            self._still_s = 0.0
        else:
            self._still_s += passed_s
        for peer in self.silent_peers():
            return (
                f"process {peer} ({self._place.addresses[peer]}) was not heard for {SILENT_S:g} s: "
                "it is stopped, gone or out of reach"
            )
        if self._still_s < self._limit_s(beats):
            return None
        return f"nothing moved for {self._still_s:.0f} s: {self._waited_for(beats)}"

    def silent_peers(self) -> list[int]:
        """Give the processes that were heard once and are not any more."""
        return [peer for peer, silent_s in self._silent_s.items() if silent_s >= SILENT_S]

    def _limit_s(self, beats: list[Beat]) -> float:
        limit_s = max(self._shortest_s, STILL_TIMES_LONGEST * self._longest_s)
        if not self._moves:
            return max(limit_s, START_S)
        if any(beat.waits for beat in beats) or len(beats) < self._place.processes:
            return limit_s + self._give_up_s  # a peer that is not heard may wait for Kinesis
        return limit_s

    def _waited_for(self, beats: list[Beat]) -> str:
        if any(beat.waits for beat in beats):
            return "records wait for Kinesis, and no request was made"
        if not self._moves:
            return "the dataflow did not begin"
        unheard = self._place.processes - len(beats)
        peers = f" ({unheard} processes are not heard; is UDP let through?)" if unheard else ""
        return f"no line was read, no lane worked and no epoch ended{peers}"


class Watchdog:
    """Looks at a process twice a second from a thread of its own, and keeps in touch with peers.

    Args:
        progress: the counts of the process.
        place: the process.
        stillness: says when it is too long.
        end: ends the process; is handed the reason.
    """

    def __init__(
        self, progress: Progress, place: Place, stillness: Stillness, end: Callable[[str], None]
    ) -> None:
        self._progress = progress
        self._place = place
        self._stillness = stillness
        self._end = end
        self._closed = Event()
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        peers, stop = Peers(self._place), self._progress.pacing.stop
        while not self._closed.wait(1 / BEATS_PER_S):
            own = Beat(
                self._place.process,
                self._progress.moves,
                stop.is_set(),
                self._progress.unsettled > 0,
            )
            heard = peers.exchange(own) if self._place.is_cluster else []
            if any(beat.is_draining for beat in heard):
                stop.set()
            reason = self._stillness.reason(own, heard, 1 / BEATS_PER_S)
            if reason is not None:
                self._end(reason)
                break
        peers.close()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        self._thread.join()
