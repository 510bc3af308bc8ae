"""What waits, and what the next request holds."""

from __future__ import annotations

from connectors.kinesis import DeliveryStats, KinesisRecord
from connectors.kinesis.core.delivery import THROTTLED, Delivery


def delivery_of(*records: KinesisRecord) -> Delivery:
    """Let these records wait."""
    delivery = Delivery(DeliveryStats())
    for record in records:
        delivery.add(record)
    return delivery


def test_nothing_waits_at_first() -> None:
    """An empty delivery has no request to make."""
    delivery = delivery_of()
    assert delivery.is_empty
    assert not delivery.is_due
    assert [] == delivery.request()


def test_a_request_that_is_not_answered_changes_nothing() -> None:
    """Asking again gives the same records first."""
    a, b, c = (KinesisRecord(b"x", key) for key in "abc")
    delivery = delivery_of(a, b)
    assert [a, b] == delivery.request()
    delivery.add(c)
    assert [a, b, c] == delivery.request()


def test_a_failed_key_goes_behind_the_others() -> None:
    """One throttled shard does not hold up the rest: its keys wait for their next turn."""
    records = [KinesisRecord(b"x", str(number)) for number in range(501)]
    delivery = delivery_of(*records)
    delivery.answered([THROTTLED] * 500)
    assert [records[500], *records[:499]] == delivery.request()


def test_499_keys_are_not_due_and_500_are() -> None:
    """A request is due when it can be full."""
    delivery = delivery_of(*(KinesisRecord(b"x", str(number)) for number in range(499)))
    assert not delivery.is_due
    delivery.add(KinesisRecord(b"x", "another"))
    assert delivery.is_due


def test_bytes_of_one_key_make_a_request_due() -> None:
    """A hot key cannot fill the memory: 5 MiB waiting are sent, though only one record at once."""
    record = KinesisRecord(bytes(1_048_575), "k")
    delivery = delivery_of(*[record] * 4)
    assert not delivery.is_due
    delivery.add(record)
    assert delivery.is_due
    assert [record] == delivery.request()
    delivery.answered([None])
    assert not delivery.is_due


def test_ten_thousand_records_of_one_key_keep_their_order() -> None:
    """A hot key is delivered one by one."""
    records = [KinesisRecord(str(number).encode(), "hot") for number in range(10_000)]
    delivery = delivery_of(*records)
    offered = []
    while not delivery.is_empty:
        offered += delivery.request()
        assert delivery.answered([None]) == 1
    assert records == offered
