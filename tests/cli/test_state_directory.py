"""The state directory: one process at a time, its owner alone, and nothing where none is due."""

from __future__ import annotations

import contextlib
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.folder import STANDARD_INPUT, Folder, fragment, message
from tests.support.program import TIMEOUT_S, command, environment, start
from tests.support.streams import Stream

MORE_THAN_A_PIPE_HOLDS = b" " * (1 << 18) + b"\n"
"""A blank line carries nothing. Once it is written the reader has read, so it holds its store."""


@contextlib.contextmanager
def running(folder: Folder, stream: Stream) -> Iterator[subprocess.Popen[bytes]]:
    """A run that holds the state directory and waits for more of its standard input."""
    line = command("run", *stream.options, "--set", STANDARD_INPUT)
    with start(line, cwd=folder.path, env=environment(folder.home)) as process:
        assert process.stdin is not None
        try:
            process.stdin.write(MORE_THAN_A_PIPE_HOLDS)
            process.stdin.flush()
            yield process
        finally:
            process.kill()


def test_one_process_at_a_time(folder: Folder, stream: Stream) -> None:
    """A second run on the directory is refused and names it; the first one is not disturbed."""
    with running(folder, stream) as first:
        second = folder.run("run", *stream.options, "--set", STANDARD_INPUT)
        assert (1, "") == (second.code, second.out)
        assert f"{folder.path}/state: another process runs" in second.err
        assert "Traceback" not in second.err
        line = fragment("c1", tier="gold", status="realized")
        _, talk = first.communicate(line.encode(), timeout=TIMEOUT_S)
        assert 0 == first.returncode
        assert b"received 1 = rejected 0 + unchanged 0 + filtered 0 + exported 1" in talk
    assert [message("c1", "gold")] == stream.messages()


def test_what_only_looks_needs_no_lock(folder: Folder, stream: Stream) -> None:
    """While a run holds the directory, a dry run, explain and check go on."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    with running(folder, stream):
        assert 0 == folder.run("run", "--dry-run").code
        assert 0 == folder.run("explain", "crmid:c1").code
        assert 0 == folder.run("check", "--offline").code


def test_the_lock_dies_with_its_process(folder: Folder, stream: Stream) -> None:
    """After a kill the next run goes on without anybody clearing up."""
    with running(folder, stream) as first:
        first.kill()
        first.wait(TIMEOUT_S)
        assert 0 == folder.run("run", *stream.options, "--set", STANDARD_INPUT).code


def test_an_interrupted_run_ends_in_words_and_the_next_goes_on(
    folder: Folder, stream: Stream
) -> None:
    """Ctrl-C is no accident: it ends well, and what was not read comes with the next run."""
    line = fragment("c1", tier="gold", status="realized").encode()
    with running(folder, stream) as first:
        first.send_signal(signal.SIGINT)
        _, talk = first.communicate(timeout=TIMEOUT_S)
    assert 0 == first.returncode
    assert b"received 0 = " in talk
    assert b"Traceback" not in talk
    assert b"panicked" not in talk
    assert 0 == folder.run("run", *stream.options, "--set", STANDARD_INPUT, stdin=line).code
    assert [message("c1", "gold")] == stream.messages()


def modes(folder: Path) -> dict[str, str]:
    """Give the permissions of a folder and of everything in it, by name."""
    found = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder.parent)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in found
    }


@pytest.mark.parametrize("made_before", [False, True], ids=["new", "made-before"])
def test_what_is_kept_is_for_its_owner_alone(
    folder: Folder, stream: Stream, *, made_before: bool
) -> None:
    """State, rejects and dead letters are 0700, their files 0600, however lax the umask is."""
    if made_before:
        (folder.path / "state").mkdir(mode=0o755)
    folder.add("no JSON", fragment("c1", tier="x" * (1 << 20), status="realized"))
    ended = folder.run("run", *stream.options, "--set=limits.line_bytes=2000000", umask=0)
    assert 0 == ended.code
    assert "acknowledged 0, dead-lettered 1" in ended.err
    for name in ("state", "rejects", "dead-letters"):
        found = modes(folder.path / name)
        expected = {n: "0o600" if (folder.path / n).is_file() else "0o700" for n in found}
        assert len(found) > 1
        assert expected == found


@pytest.mark.parametrize("verb", ["run --dry-run", "explain crmid:c1", "check --offline"])
def test_looking_leaves_nothing_behind(folder: Folder, verb: str) -> None:
    """A dry run, explain and check make no file and change none, rejects or not."""
    folder.add("no JSON", fragment("c1", tier="gold", status="realized"))
    before = folder.files()
    assert 0 == folder.run(*verb.split()).code
    assert before == folder.files()
    assert ["destination.yaml", "profiles.jsonl"] == sorted(p.name for p in folder.path.iterdir())


def test_a_state_path_that_is_a_file_is_said_in_words(folder: Folder) -> None:
    """Where no directory can be made, run and check say which path and end without a traceback."""
    (folder.path / "plain").touch()
    for verb in ("run", "check --offline"):
        ended = folder.run(*verb.split(), "--set=state.path=plain")
        assert ended.code in {1, 78}
        assert "Traceback" not in ended.err
        assert f"{folder.path}/plain" in ended.out + ended.err
