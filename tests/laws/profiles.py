"""Hypothesis strategies for profiles, over a world so small that everything collides."""

from __future__ import annotations

from hypothesis import strategies as st

from flows.profile.entry import membership, pack_version
from flows.profile.merge import EMPTY, NEVER, Profile, merge

IDENTITIES_MAX = 4
"""The identity bound of these tests: small enough to be passed often."""

_TIMES = st.integers(-2, 5)
_ORDINALS = st.integers(0, 2)
_VALUES = st.sampled_from([b"1", b"2", b'"1"', b"true", b"1.0"])
_PATHS = st.sampled_from(["a", "a.b", "a-b", "b"])
_SEGMENTS = st.tuples(st.sampled_from(["ups", "AAM"]), st.sampled_from(["1", "2"]))
_IDENTITIES = st.tuples(st.sampled_from(["crmid", "ecid"]), st.sampled_from(["1", "2", "3", "4"]))


def versions() -> st.SearchStrategy[bytes]:
    """Versions as entries hold them."""
    return st.builds(pack_version, _TIMES, _ORDINALS)


def contents() -> st.SearchStrategy[Profile]:
    """What one fragment may say, in any order of its entries."""
    return st.builds(
        Profile,
        st.one_of(st.just(NEVER), st.just(NEVER), _TIMES),
        st.dictionaries(_PATHS, st.builds(bytes.__add__, versions(), _VALUES)),
        st.dictionaries(_SEGMENTS, st.builds(membership, _TIMES, versions(), exited=st.booleans())),
        st.dictionaries(_IDENTITIES, _TIMES),
    )


def join(one: Profile, other: Profile) -> Profile:
    """Merge under the small identity bound."""
    return merge(one, other, identities_max=IDENTITIES_MAX)


def profiles() -> st.SearchStrategy[Profile]:
    """Merged profiles."""
    return st.lists(contents(), max_size=3).map(_merged)


def _merged(parts: list[Profile]) -> Profile:
    profile = EMPTY
    for part in parts:
        profile = join(profile, part)
    return profile
