"""State: canonical bytes of a profile and of a lane, and a version that is looked at first."""

from __future__ import annotations

import msgspec
import pytest

from flows.profile.merge import EMPTY
from flows.profile.state import UnknownSnapshot, pack, pack_lane, unpack, unpack_lane
from tests.support.made import deleted, merged, said

ONE = said(1, {"tier": '"gold"'}, {"s1": "realized"})
TWO = said(2, {"name": '"Ann"'}, {"AAM/x": "exited"}, identities=(("ecid", "e1"),))


def test_equal_profiles_have_equal_bytes() -> None:
    """Neither the order of the fragments nor their repetition shows."""
    assert pack(merged(ONE, TWO)) == pack(merged(TWO, ONE, TWO))


def test_different_profiles_have_different_bytes() -> None:
    """One value, one status, one identity or one tombstone more, and the bytes differ."""
    profiles = [
        EMPTY,
        merged(ONE),
        merged(said(1, {"tier": '"silver"'}, {"s1": "realized"})),
        merged(said(1, {"tier": '"gold"'}, {"s1": "exited"})),
        merged(ONE, said(1, identities=(("ecid", "e1"),))),
        merged(ONE, deleted(0)),
    ]
    assert len(profiles) == len({pack(profile) for profile in profiles})


def test_a_profile_comes_back_as_it_was() -> None:
    """All of it, the empty one too."""
    for profile in (EMPTY, merged(ONE, TWO), merged(ONE, deleted(5))):
        assert profile == unpack(pack(profile))


def test_a_packed_profile_is_plain_messagepack() -> None:
    """Any decoder reads it: a list of the tombstone and three maps, without a class of ours."""
    tombstone, attributes, memberships, identities = msgspec.msgpack.decode(
        pack(merged(ONE)), strict=False
    )

    assert isinstance(tombstone, int)
    assert ["tier"] == list(attributes)
    assert attributes["tier"].endswith(b'"gold"')
    assert [("ups", "s1")] == [tuple(key) for key in memberships]
    assert {("crmid", "c1"): 1} == identities


def test_a_lane_comes_back_as_it_was() -> None:
    """The profiles by key id, in any script."""
    lane = {"c2": b"two", "c1": b"", "é\U0001f600": b"\x00\xff"}

    assert lane == unpack_lane(pack_lane(lane))
    assert {} == unpack_lane(pack_lane({}))


def test_a_snapshot_is_the_version_and_the_profiles_in_key_order() -> None:
    """One byte 1, then a MessagePack map, whatever order the profiles came in."""
    # 82: a map of two; a1 61: "a"; c4 01 78: one byte x.
    assert bytes.fromhex("01 82 a161 c40178 a162 c40179") == pack_lane({"b": b"y", "a": b"x"})


@pytest.mark.parametrize(
    ("snapshot", "found"),
    [(b"", "nothing"), (b"\x00\x80", "0"), (b"\x02\x80", "2"), (b"\x80\x04}", "128")],
)
def test_a_snapshot_of_another_version_is_refused(snapshot: bytes, found: str) -> None:
    """The error says what was found, what can be read, and the way out."""
    with pytest.raises(UnknownSnapshot, match=f"version {found} found, 1 can be read.*--fresh"):
        unpack_lane(snapshot)
