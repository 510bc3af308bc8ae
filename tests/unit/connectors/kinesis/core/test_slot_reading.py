"""Which shards of a slot are read, wait, and are forgotten."""

from __future__ import annotations

from connectors.kinesis.core.positions import ShardState, SlotState
from connectors.kinesis.core.read_calls import Trimmed
from connectors.kinesis.core.shard_reading import ShardReading
from connectors.kinesis.core.shards import Shard
from connectors.kinesis.core.slot_reading import SlotReading
from tests.unit.connectors.kinesis.core.read import answer

NOW = 1_000_000.0
PARENT = Shard("parent", 0, 99)
CHILD = Shard("child", 0, 49, parents=("parent",))
MERGED = Shard("merged", 0, 99, parents=("low", "high"))


def names(shards: object) -> list[str]:
    """The names of shards."""
    assert isinstance(shards, list)
    return [shard.shard.id for shard in shards]


def slot(**states: ShardState) -> SlotReading:
    """A slot with these states of its shards."""
    return SlotReading(SlotState(None, 5.0 if states else None, states))


def read_to_end(reading: ShardReading) -> None:
    """Let a shard end without a record."""
    reading.call(None, NOW)
    reading.got_iterator("i", NOW)
    reading.call(None, NOW)
    reading.got_records(answer(then=None), NOW)


def test_a_child_waits_until_its_parent_ended() -> None:
    """However the listing sorts them."""
    owned = slot()
    change = owned.listed([CHILD, PARENT], NOW)
    assert ["parent"] == names(change.to_read)
    parent = owned.shards["parent"]
    assert (parent,) == owned.given_out(parent)
    read_to_end(parent)
    assert ["child"] == names(owned.given_out(parent))


def test_a_merged_shard_waits_for_both() -> None:
    """The last one lets it go."""
    owned = slot()
    owned.listed([Shard("low", 0, 49), Shard("high", 50, 99), MERGED], NOW)
    low, high = owned.shards["low"], owned.shards["high"]
    read_to_end(low)
    assert [] == owned.given_out(low)
    read_to_end(high)
    assert ["merged"] == names(owned.given_out(high))


def test_parents_elsewhere_are_no_reason_to_wait() -> None:
    """Neither those of other slots, nor those no longer listed, nor those that were read."""
    assert ["merged"] == names(slot().listed([MERGED], NOW).to_read)
    owned = slot(parent=ShardState("9", 3, NOW, closed=True))
    assert ["child"] == names(owned.listed([PARENT, CHILD], NOW).to_read)


def test_a_parent_that_goes_lets_its_children_go() -> None:
    """Its rest was trimmed, so there is nothing to wait for; that is reported."""
    owned = slot(parent=ShardState("9", 3, 7.0))
    owned.listed([PARENT, CHILD], NOW)
    change = owned.listed([CHILD], NOW + 10)
    assert ["child"] == names(change.to_read)
    assert [Trimmed("parent", "9", 7.0, gone=True)] == change.gaps


def test_a_shard_read_to_its_end_is_kept_while_it_is_listed() -> None:
    """Forgotten sooner it would be read again; it goes without a report."""
    owned = slot(parent=ShardState("9", 3, NOW, closed=True))
    assert [] == owned.listed([PARENT], NOW).to_read
    assert owned.state().shards["parent"].closed
    change = owned.listed([], NOW + 10)
    assert ([], []) == (change.to_read, change.gaps)
    assert {} == owned.state().shards


def test_a_saved_shard_that_is_not_listed_was_trimmed() -> None:
    """A job that was stopped for days is told so."""
    owned = slot(parent=ShardState("9", 3, 7.0))
    assert {"parent": ShardState("9", 3, 7.0)} == owned.state().shards
    assert [Trimmed("parent", "9", 7.0, gone=True)] == owned.listed([], NOW).gaps
    assert {} == owned.state().shards


def test_a_shard_in_use_goes_with_a_later_listing() -> None:
    """A call is under way, or records are to be taken: what came is given out."""
    owned = slot()
    (shard,) = owned.listed([PARENT], NOW).to_read
    shard.call(None, NOW)
    assert [] == owned.listed([], NOW + 10).gaps
    shard.got_iterator("i", NOW + 11)
    shard.call(None, NOW + 11)
    shard.got_records(answer(1), NOW + 11)
    assert [] == owned.listed([], NOW + 20).gaps
    shard.take()
    assert [Trimmed("parent", "1", NOW + 11, gone=True)] == owned.listed([], NOW + 30).gaps


def test_a_shard_found_later_holds_nothing_older_than_the_listing_before() -> None:
    """So that what was trimmed of it before it was first read is not missed either."""
    owned = slot()
    owned.listed([PARENT], NOW)
    owned.listed([PARENT, CHILD], NOW + 10)
    states = owned.state()
    assert NOW + 10 == states.listed_at
    assert [None, NOW] == [states.shards[name].seen for name in ("parent", "child")]


def test_the_tip_is_missing_until_each_shard_was_there() -> None:
    """A shard counts once it was given out to its tip or end."""
    owned = slot()
    (shard,) = owned.listed([PARENT], NOW).to_read
    assert {"parent"} == owned.short_of_tip
    read_to_end(shard)
    owned.given_out(shard)
    assert set() == owned.short_of_tip
