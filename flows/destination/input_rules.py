"""What must hold of the inputs of a destination."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from flows.destination import Account, Activation, Fields, Identities, Input, Stream
from flows.destination.problems import Path
from flows.destination.rule import Broken, clear_endpoint, repeated
from flows.profile.instant import parse_instant

_COMPARED_CHARS = 64  # of a path that may be misspelt; the time grows with its square
_OLDEST = {"kinesis": "trim_horizon", "kafka": "earliest"}


def names(inputs: tuple[Input, ...]) -> Iterator[Broken]:
    """There are inputs, each with a name of its own."""
    if not inputs:
        todo = "Add one, for example `- {name: profiles, jsonl: {path: profiles/}}`."
        yield Broken(("inputs",), "there is nothing to read", todo)
    given = [source.name for source in inputs]
    yield from repeated(("inputs",), given, "Give each input a name of its own.", "name")


def sources(inputs: tuple[Input, ...]) -> Iterator[Broken]:
    """Each input has one source, which can be read as it says."""
    for index, each in enumerate(inputs):
        path: Path = ("inputs", index)
        kinds = [kind for kind in ("jsonl", "kinesis", "kafka") if getattr(each, kind) is not None]
        if not kinds:
            todo = "Add `jsonl: {path: profiles/}`, `kinesis: {...}` or `kafka: {...}`."
            yield Broken(path, "does not say where to read", todo)
        for more in kinds[1:]:
            what = f"`{kinds[0]}` is given as well, and an input has one source"
            yield Broken((*path, more), what, "Make it an input of its own.")
        if each.jsonl is not None and each.jsonl.follow and each.jsonl.path == "-":
            what = "standard input ends when it is closed, and is read until then anyway"
            yield Broken((*path, "jsonl", "follow"), what, "Set it to false.")
        if each.kinesis is not None:
            yield from clear_endpoint((*path, "kinesis", "endpoint_url"), each.kinesis.endpoint_url)
        if each.kafka is not None:
            brokers = (*path, "kafka", "brokers")
            if not each.kafka.brokers:
                todo = "Name one or more, as host:port."
                yield Broken(brokers, "there is no broker to ask", todo)
            yield from repeated(brokers, each.kafka.brokers, "Remove one of the two.")
        for kind, oldest in _OLDEST.items():
            source = getattr(each, kind)
            if source is not None:
                yield from _start((*path, kind, "start"), source.start, oldest)


def _start(path: Path, start: str, oldest: str) -> Iterator[Broken]:
    if start in (oldest, "latest"):
        return
    todo = f"Write `{oldest}`, `latest`, or a time such as `2026-11-01T00:00:00Z`."
    if start in _OLDEST.values():
        yield Broken(path, f"`{start}` is not a word of {path[-2]}", todo)
        return
    try:
        parse_instant(start)
    except ValueError:
        yield Broken(path, f"`{start}` is no time", todo)


def own_stream(inputs: tuple[Input, ...], account: Account, stream: Stream) -> Iterator[Broken]:
    """The job does not read what it writes, as far as a name tells; an ARN is of any account."""
    for index, each in enumerate(inputs):
        source = each.kinesis
        if source is None or source.stream != stream.name:
            continue
        region, endpoint = account.region, account.endpoint_url
        if ((source.region or region), (source.endpoint_url or endpoint)) == (region, endpoint):
            what = "the job would read its own messages: it is the destination's stream"
            yield Broken(("inputs", index, "kinesis", "stream"), what, "Name another stream.")


def columns(
    inputs: tuple[Input, ...], identities: Identities, activation: Activation
) -> Iterator[Broken]:
    """What the columns of rows are mapped to is mapped to the destination, too."""
    for index, each in enumerate(inputs):
        if each.fields is not None:
            yield from _mapped(("inputs", index, "fields"), each.fields, identities, activation)


def _mapped(
    path: Path, fields: Fields, identities: Identities, activation: Activation
) -> Iterator[Broken]:
    key = identities.key
    sources_of_key = {key, *(source for source, to in identities.hash.items() if to == key)}
    if not sources_of_key & fields.identity.keys():
        needed = " or ".join(f"`{namespace}`" for namespace in sorted(sources_of_key))
        what = f"no column holds {needed}, so each row would be rejected for want of its key"
        yield Broken((*path, "identity"), what, f"Add the column, as in `{{{key}: user_id}}`.")
    for attribute in fields.attributes:
        if attribute not in activation.attributes:
            near = get_close_matches(attribute[:_COMPARED_CHARS], activation.attributes, n=1)
            guess = f"Did you mean `{near[0]}`? " if near else ""
            what = f"`{attribute}` is not a mapped attribute"
            todo = f"{guess}Name paths that stand in `activation.attributes`."
            yield Broken((*path, "attributes", attribute), what, todo)
    segment = fields.segment
    if segment is not None:
        for value in sorted(set(segment.realized) & set(segment.exited)):
            what = f"`{value}` would mean realized and exited"
            yield Broken((*path, "segment", "exited"), what, "Keep it in one of the two.")
