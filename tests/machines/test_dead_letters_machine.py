"""The file of dead letters agrees with a plain model after any letters, marks and crashes.

The model is a list of what was said since it was said, and counts from its start each time. Of a
crash it knows only how many of the lines that were not synced are left.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connectors.kinesis import DeadLetters, KinesisRecord
from connectors.kinesis.dead_letter_file import DeadLetterFile

KEYS = st.sampled_from(["k", "é\ud83d", '"\n'])
DATA = st.sampled_from([b"", b"a", b"\xff", "\u2028\n{}".encode()])

Event = tuple[str, str, bytes]
"""What was said (`letter`, `superseded`, `replayed`), the key, and the letter's data."""


def states_of(events: list[Event]) -> list[tuple[str, bytes, str]]:
    """Key, data and state of each letter, where it was said last."""
    kept: list[tuple[str, bytes, str]] = []
    for said, key, data in events:
        place = next((n for n, each in enumerate(kept) if each[:2] == (key, data)), None)
        if said == "letter":
            if place is not None:
                del kept[place]
            kept.append((key, data, "open"))
            continue
        covers = len(kept)
        if said == "replayed":
            assert place is not None
            covers = place if kept[place][2] == "open" else 0
            kept[place] = (key, data, "replayed")
        for n, each in enumerate(kept[:covers]):
            if each[0] == key and each[2] == "open":
                kept[n] = (*each[:2], "superseded")
    return kept


class DeadLetterMachine(RuleBasedStateMachine):
    """Letters and marks, written, synced, torn by crashes, and read at every step."""

    def __init__(self) -> None:
        """Have a folder that goes when the machine does."""
        super().__init__()
        self.temporary = TemporaryDirectory()
        self.folder = Path(self.temporary.name) / "dead-letters"
        self.path = self.folder / "dead-letters.jsonl"
        self.events: list[Event] = []

    @initialize()
    def start(self) -> None:
        """Open the letters for the first time, or after a crash."""
        self.letters = DeadLetters(self.folder, 1 << 20)
        self.synced = len(self.events)

    @rule(key=KEYS, data=DATA)
    def add(self, key: str, data: bytes) -> None:
        """Put a record aside, perhaps once more."""
        self.letters.add(KinesisRecord(data, key), "too big")
        self.events.append(("letter", key, data))

    @rule(key=KEYS)
    def supersede(self, key: str) -> None:
        """A later record of the key was acknowledged."""
        self.letters.supersede(key)
        self.events.append(("superseded", key, b""))

    @rule(choice=st.integers(min_value=0, max_value=20))
    def replay(self, choice: int) -> None:
        """A letter of any state was sent again and acknowledged."""
        kept = [each.letter for each in DeadLetterFile(self.folder).letters()]
        if kept:
            letter = kept[choice % len(kept)]
            self.letters.mark_replayed(letter)
            self.events.append(("replayed", letter.partition_key, letter.record.data))

    @rule()
    def sync(self) -> None:
        """All that was said so far is safe."""
        self.letters.sync()
        self.synced = len(self.events)

    @rule()
    def go_on_in_another_execution(self) -> None:
        """A clean end, and a new start."""
        self.letters.close()
        self.start()

    @rule(left=st.integers(min_value=0, max_value=3), torn=st.integers(min_value=0, max_value=40))
    def crash(self, left: int, torn: int) -> None:
        """Of the lines since the last sync some are left, and a part of the next one."""
        self.letters.close()
        count = min(self.synced + left, len(self.events))
        if count:
            lines = self.path.read_bytes().splitlines(keepends=True)
            rest = lines[count][:torn] if count < len(lines) else b""
            os.truncate(self.path, sum(map(len, lines[:count])))
            with self.path.open("ab") as file:
                file.write(rest.rstrip(b"\n"))
        elif self.path.exists():
            os.truncate(self.path, 0)
        self.events = self.events[:count]
        self.start()

    @invariant()
    def the_file_agrees_with_the_model(self) -> None:
        """Each letter once, in order, in its state; open keys are those of open letters."""
        expected = states_of(self.events)
        found = [
            (each.letter.partition_key, each.letter.record.data, each.state)
            for each in DeadLetterFile(self.folder).letters()
        ]
        assert expected == found
        assert {key for key, _, state in expected if state == "open"} == (
            DeadLetterFile(self.folder).open_keys()
        )

    def teardown(self) -> None:
        """Let go of the folder."""
        self.letters.close()
        self.temporary.cleanup()


TestDeadLetters = DeadLetterMachine.TestCase
TestDeadLetters.settings = settings(max_examples=60, stateful_step_count=30)
