"""What comes from input never commands the terminal it is shown on."""

from __future__ import annotations

import pytest

from tests.support.folder import Folder, fragment

# Sets the title of a terminal (OSC, with BEL at its end) and moves its cursor (CSI). C1 controls
# are left out: JSON does not escape them, and a message is shown as the bytes of a record.
ESCAPES = "\x1b]0;title\x07 \x1b[2A"


@pytest.mark.parametrize("verb", ["run --dry-run", "explain crmid:c1", "check --offline"])
def test_no_control_character_of_the_input_is_printed(folder: Folder, verb: str) -> None:
    """Ids of segments, namespaces, values and keys go out escaped, or not at all."""
    membership = {"status": "realized"}
    folder.add(
        fragment(
            "c1",
            tier=ESCAPES,
            identityMap={"CRMID": [{"id": "c1"}], ESCAPES: [{"id": ESCAPES}]},
            segmentMembership={"ups": {ESCAPES: membership}, ESCAPES: {"s1": membership}},
        ),
        fragment("c2", timestamp=ESCAPES),
        ESCAPES,
    )
    ended = folder.run(*verb.split(), "--set=activation.segments=all")
    assert 0 == ended.code
    assert [] == [c for c in ended.out + ended.err if not c.isprintable() and c != "\n"]


def test_no_control_character_of_the_configuration_is_printed(folder: Folder) -> None:
    """A problem shows a key as it was written, with what a terminal would obey escaped."""
    with folder.config.open("a", encoding="utf-8") as file:
        file.write('"\\e]0;title\\a": 1\n')
    ended = folder.run("check", "--offline")
    assert 78 == ended.code
    assert [] == [c for c in ended.out + ended.err if not c.isprintable() and c != "\n"]
