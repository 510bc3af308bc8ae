"""The join is a semilattice: no order and no repetition of its inputs changes its result."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flows.profile.entry import instant_of
from flows.profile.merge import EMPTY, Profile
from flows.profile.state import pack, pack_lane, unpack, unpack_lane
from tests.laws.profiles import IDENTITIES_MAX, contents, join, profiles


@given(profiles(), profiles())
def test_merge_is_commutative(one: Profile, other: Profile) -> None:
    """Who is merged into whom makes no difference to the bytes."""
    assert pack(join(one, other)) == pack(join(other, one))


@given(profiles(), profiles(), profiles())
def test_merge_is_associative(one: Profile, other: Profile, third: Profile) -> None:
    """How the merging is bracketed makes no difference to the bytes."""
    assert pack(join(join(one, other), third)) == pack(join(one, join(other, third)))


@given(profiles())
def test_merge_is_idempotent(profile: Profile) -> None:
    """A profile merged with itself, or with nothing, is itself."""
    assert pack(profile) == pack(join(profile, profile))
    assert pack(profile) == pack(join(profile, EMPTY))
    assert pack(profile) == pack(join(EMPTY, profile))


@given(profiles(), profiles())
def test_merge_is_monotone(one: Profile, other: Profile) -> None:
    """A merge never goes back: what survives is at least as new, the tombstone as late."""
    merged = join(one, other)

    assert merged.tombstone >= one.tombstone
    assert pack(merged) == pack(join(merged, one))
    for path, entry in one.attributes.items():
        assert merged.attributes.get(path, entry) >= entry
    for key, entry in one.memberships.items():
        assert merged.memberships.get(key, entry) >= entry
    for key, seen in one.identities.items():
        assert merged.identities.get(key, seen) >= seen


@given(profiles())
def test_a_tombstone_covers_everything_up_to_its_time(profile: Profile) -> None:
    """No entry whose own first instant is not after the tombstone is left."""
    for entry in (*profile.attributes.values(), *profile.memberships.values()):
        assert instant_of(entry) > profile.tombstone
    assert all(seen > profile.tombstone for seen in profile.identities.values())


@given(profiles(), profiles())
def test_the_newest_identities_stay(one: Profile, other: Profile) -> None:
    """At most the bound is kept, and nothing dropped is newer than anything kept."""
    merged = join(one, other)

    assert len(merged.identities) <= IDENTITIES_MAX
    kept = [(seen, key) for key, seen in merged.identities.items()]
    for profile in (one, other):
        for key, seen in profile.identities.items():
            if key not in merged.identities and seen > merged.tombstone:
                assert len(kept) == IDENTITIES_MAX
                assert (seen, key) < min(kept)


@given(st.data())
def test_any_order_with_repeats_gives_the_same_bytes(data: st.DataObject) -> None:
    """Permuted and repeated fragments give a byte-identical profile."""
    parts = data.draw(st.lists(contents(), max_size=8))
    shuffled = data.draw(st.permutations(parts))
    repeats = data.draw(st.lists(st.sampled_from(parts), max_size=5)) if parts else []

    straight = crooked = EMPTY
    for part in parts:
        straight = join(straight, part)
    for part in (*shuffled, *repeats):
        crooked = join(crooked, part)

    assert pack(straight) == pack(crooked)


@given(profiles())
def test_a_profile_survives_packing(profile: Profile) -> None:
    """Unpacking gives the profile back, its entries still in key order."""
    found = unpack(pack(profile))

    assert profile == found
    assert list(found.attributes) == sorted(found.attributes)
    assert list(found.memberships) == sorted(found.memberships)
    assert list(found.identities) == sorted(found.identities)


@given(st.dictionaries(st.text(), st.binary()))
def test_a_lane_survives_its_snapshot_whatever_the_order(lane: dict[str, bytes]) -> None:
    """A snapshot gives the packed profiles back, and does not depend on their order."""
    backwards = dict(reversed(lane.items()))

    assert lane == unpack_lane(pack_lane(lane))
    assert pack_lane(lane) == pack_lane(backwards)
