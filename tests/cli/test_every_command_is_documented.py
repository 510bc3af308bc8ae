"""Every verb and option is in the documentation, and says on the command line what it does."""

from __future__ import annotations

import re
from functools import cache

import click
import pytest

from flows.cli import main
from tests.support.program import ROOT
from tests.support.verbs import verbs


@cache
def documentation() -> str:
    """Return what a user reads: README.md and the pages of docs."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def options(command: click.Command) -> list[click.Option]:
    """Return the options that a command has of its own."""
    return [each for each in command.params if isinstance(each, click.Option)]


each_verb = pytest.mark.parametrize("verb", sorted(verbs()))


def test_the_verbs_are_those_that_are_promised() -> None:
    """All verbs are known here, so that the tests below are known to look at each."""
    assert {"backfill", "check", "demo", "emulator", "explain", "init", "run"} <= verbs().keys()
    assert {"rejects list", "rejects retry"} <= verbs().keys()
    assert {f"dead-letters {verb}" for verb in ("list", "show", "replay")} <= verbs().keys()


@each_verb
def test_a_verb_is_documented(verb: str) -> None:
    """Documentation shows the verb as it is typed, or alone as code."""
    assert re.search(rf"(profile-export |`){verb}\b", documentation())


@each_verb
def test_every_option_is_documented(verb: str) -> None:
    """Documentation names each option by its long name."""
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", documentation()))
    wanted = {max(option.opts, key=len) for option in options(verbs()[verb])}
    assert set() == wanted - named


@each_verb
def test_a_verb_and_its_options_have_help(verb: str) -> None:
    """Each says what it does, the verb in one sentence that starts its help."""
    command = verbs()[verb]
    assert re.match(r"[A-Z][^.]+\.", command.help or "")
    assert [] == [option.name for option in options(command) if not option.help]


def test_every_exit_code_is_in_the_help() -> None:
    """The group's help lists the exit codes, as a script's author needs them."""
    named = re.findall(r"\b(\d+) [A-Za-z]", re.sub(r"\s+", " ", main.help or ""))
    assert ["0", "1", "2", "65", "69", "75", "77", "78", "130"] == named
