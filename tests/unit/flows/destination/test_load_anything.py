"""Whatever is read as a `destination.yaml`, the answer is a destination or a list of problems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.destination import Destination
from flows.destination.load import ConfigurationError, load
from tests.support.minimal import MINIMAL

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

KEYS = sorted(
    {"name", "description", "account", "stream", "identities", "activation", "triggers", "message"}
    | {"inputs", "limits", "delivery", "rejects", "dead_letters", "state", "key", "hash", "fields"}
    | {"export", "segments", "attributes", "path", "jsonl", "id", "partition_key", "depth"}
    | {"endpoint_url", "epoch_s", "namespace", "created_at", "id_chars", "secret", "stream.name"}
    | {"oversize", "drop", "supersede", "max_in_flight", "linger_ms"}
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["all", "hashed", "identity", "crmid", "email", "-", "profiles/", "a.b"])
    | st.dates()
)
DOCUMENTS = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=30,
)


def check_outcome(text: str, overrides: Sequence[str], folder: Path) -> None:
    """Load a text, and check that what comes out is well formed, whichever it is."""
    path = folder / "destination.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        destination = load(path, environment={}, overrides=overrides)
    except ConfigurationError as error:
        problems, lines = error.problems, str(error).split("\n")
    else:
        assert destination == msgspec.convert(msgspec.to_builtins(destination), Destination)
        return
    assert problems
    assert len(problems) == len(lines)
    assert all(line.isprintable() and line.endswith(".") for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all examples; each overwrites the file of the one before."""
    return tmp_path_factory.mktemp("anything")


@UNHURRIED
@given(text=st.text() | st.text(alphabet="abc:-[]{}#&*!|>'\"%@`?,\\ \n\t0.~<=u"))
@example(text='a: "\\U00110000"')
@example(text="%YAML 1.99999999999999999999\n---\na")
@example(text="=: <<")
@example(text="? [a]\n: b")
@example(text="a: 0b_\nb: 0x_\nc: 2020-99-99\nd: !!binary x")
def test_no_text_raises_anything_else(folder: Path, text: str) -> None:
    """Whatever the file holds, it is a destination or a list of problems."""
    check_outcome(text, [], folder)


@UNHURRIED
@given(document=DOCUMENTS)
def test_no_document_raises_anything_else(folder: Path, document: Any) -> None:
    """Whatever plain data the file holds, it is a destination or a list of problems."""
    check_outcome(yaml.safe_dump(document, allow_unicode=True), [], folder)


@UNHURRIED
@given(
    key=st.lists(st.sampled_from(KEYS) | st.text(max_size=5), min_size=1, max_size=4),
    value=DOCUMENTS,
)
def test_no_override_raises_anything_else(folder: Path, key: list[str], value: Any) -> None:
    """One arbitrary value in a sound file gives a destination or a list of problems."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n")
    check_outcome(MINIMAL, [f"{'.'.join(key)}={text}"], folder)


@UNHURRIED
@given(overrides=st.lists(st.text(max_size=20), max_size=3))
def test_no_argument_raises_anything_else(folder: Path, overrides: list[str]) -> None:
    """Whatever stands on the command line gives a destination or a list of problems."""
    check_outcome(MINIMAL, overrides, folder)
