"""Hand-computed messages that are too large: what the oracle leaves out, and what it says of it."""

from __future__ import annotations

from typing import Any

from tests.judges.oracle import NO_EXPORT_ID, Export, Fragment, mask_export_id, replay

A = "a" * 40
B = "b" * 60
AT = '"lastQualificationTime":"1970-01-01T00:00:00Z","status":"realized"'
REST = f'"segmentMembership":{{"ups":{{"s1":{{{AT}}}}}}}'
WHOLE = f'{{"a":"{A}","b":"{B}",{REST}}}'
WITHOUT_B = f'{{"a":"{A}",{REST},"_export":{{"dropped":["b"]}}}}'
WITHOUT_BOTH = f'{{{REST},"_export":{{"dropped":["b","a"]}}}}'
HASHED_KEY = 32


def sent(record_bytes: int, key: str = "c1", **sections: Any) -> str:
    """The message of a profile with the attributes `a` and `b`, of which `b` goes first."""
    destination = {
        "name": "d",
        "identities": {"key": "CRMID"},
        "activation": {"segments": "all", "attributes": ["a", "b"]},
        "delivery": {"oversize": {"drop": ["c", "b", "a"]}},
    }
    attributes = {"a": f'"{A}"'.encode(), "b": f'"{B}"'.encode()}
    memberships = {("ups", "s1"): (0, "realized")}
    fragment = Fragment(key, 0, 0, attributes=attributes, memberships=memberships)
    (decision,) = replay(destination | sections, [fragment], record_bytes=record_bytes)
    assert isinstance(decision, Export)
    return decision.data.decode()


def test_no_more_is_dropped_than_it_takes() -> None:
    """Each message goes out if it just fits, and the next one if a byte is missing."""
    assert WHOLE == sent(len(WHOLE) + HASHED_KEY)
    assert WITHOUT_B == sent(len(WHOLE) + HASHED_KEY - 1)
    assert WITHOUT_B == sent(len(WITHOUT_B) + HASHED_KEY)
    assert WITHOUT_BOTH == sent(len(WITHOUT_B) + HASHED_KEY - 1)
    assert WITHOUT_BOTH == sent(len(WITHOUT_BOTH) + HASHED_KEY)


def test_what_cannot_fit_stays_whole() -> None:
    """It is for the dead letters, which keep everything."""
    assert WHOLE == sent(len(WITHOUT_BOTH) + HASHED_KEY - 1)
    assert WHOLE == sent(0)


def test_nothing_is_dropped_unless_asked_for() -> None:
    """The other two ways with an oversize message leave it alone."""
    for oversize in ("dead_letter", "fail"):
        assert WHOLE == sent(0, delivery={"oversize": oversize})


def test_the_partition_key_and_the_newline_count() -> None:
    """A clear key is the namespace, a colon and the id, in bytes of UTF-8."""
    clear = {"name": "leads", "partition_key": "identity"}
    assert WHOLE == sent(len(WHOLE) + len("crmid:Zoe") + 1, "Zoë", stream=clear)
    assert WITHOUT_B == sent(len(WHOLE) + len("crmid:Zoe"), "Zoë", stream=clear)
    newline = {"newline": True}
    assert f"{WHOLE}\n" == sent(len(WHOLE) + 1 + HASHED_KEY, message=newline)
    assert f"{WITHOUT_B}\n" == sent(len(WHOLE) + HASHED_KEY, message=newline)


def test_the_names_of_what_was_dropped_come_last() -> None:
    """With the metadata there is one object for both."""
    text = (
        f'{{{REST},"_export":{{"id":"{NO_EXPORT_ID}","reasons":["membership","attribute"],'
        '"at":"1970-01-01T00:00:00Z","dropped":["b","a"]}}'
    )
    assert text == sent(len(text) + HASHED_KEY, message={"metadata": True})
    assert text == mask_export_id(text.replace(NO_EXPORT_ID, 4 * "01234567").encode()).decode()
