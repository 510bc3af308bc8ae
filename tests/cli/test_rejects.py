"""`rejects`: what could not be read is listed without its content, and read once it can be."""

from __future__ import annotations

import json
from typing import Any

from tests.support.folder import Folder, fragment, message
from tests.support.program import Ended
from tests.support.streams import Stream

SHALLOW = "--set=limits.depth=3"
"""With this, any fragment is too deep: an identity map has four levels."""

GOLD = fragment("c1", tier="gold", status="realized")


def said(ended: Ended) -> list[str]:
    """Give what a verb that went well said on stdout, by line."""
    assert 0 == ended.code, ended.err
    return ended.out.splitlines()


def listed(folder: Folder, *options: str) -> list[dict[str, Any]]:
    """Give what `rejects list --json` shows."""
    return [json.loads(line) for line in said(folder.run("rejects", "list", "--json", *options))]


def kept(folder: Folder) -> int:
    """Count the lines of the rejects files."""
    return sum(path.read_bytes().count(b"\n") for path in (folder.path / "rejects").glob("*.jsonl"))


def test_a_folder_without_rejects_lists_none(folder: Folder) -> None:
    """Nothing is shown, nothing is made, and a retry says that there is nothing."""
    assert [] == said(folder.run("rejects", "list"))
    ended = folder.run("rejects", "retry")
    assert (0, "", "nothing to put back\n") == ended
    assert not (folder.path / "rejects").exists()


def test_rejects_are_counted_and_shown_by_line(folder: Folder, stream: Stream) -> None:
    """Counts by input, file and reason; with --lines each with its place, and never the bytes."""
    batch = json.dumps({"messages": [json.loads(GOLD), {"canary": 1}]})
    folder.add("canary", GOLD, "canary", batch)
    said(folder.run("run", *stream.options))
    (text,) = said(folder.run("rejects", "list"))[:1]
    assert ["2", "not_json", "profiles", str(folder.input)] == text.split()
    common = {"input": "profiles", "origin": str(folder.input)}
    assert listed(folder) == [
        common | {"reason": "not_json", "count": 2, "retried": 0},
        common | {"reason": "no_key_identity", "count": 1, "retried": 0},
    ]
    shown = said(folder.run("rejects", "list", "--lines"))
    assert [f"{folder.input}:1", f"{folder.input}:3", f"{folder.input}:4[1]"] == [
        line.split()[0] for line in shown
    ]
    assert ["not_json", "not_json", "no_key_identity"] == [line.split()[1] for line in shown]
    lines = listed(folder, "--lines")
    assert [(1, 0), (3, 0), (4, 1)] == [(line["line"], line["index"]) for line in lines]
    assert {"detail", "truncated", "retried"} < lines[0].keys()
    assert "canary" not in f"{shown}{lines}"


def test_a_reject_whose_cause_is_mended_is_delivered(folder: Folder, stream: Stream) -> None:
    """It is read from where it was put, and inputs go on where they stood."""
    folder.add(GOLD)
    ended = folder.run("run", SHALLOW, *stream.options)
    assert "too_deep 1" in ended.err
    ended = folder.run("rejects", "retry")
    assert (0, "") == (ended.code, ended.out)
    assert "1 put back" in ended.err
    assert "`run` reads them next" in ended.err
    ended = folder.run("run", *stream.options)
    assert "received 1 = rejected 0 + unchanged 0 + filtered 0 + exported 1" in ended.err
    assert [message("c1", "gold")] == stream.messages()
    assert [1] == [group["retried"] for group in listed(folder)]
    assert "nothing to put back" in folder.run("rejects", "retry").err
    assert "received 0" in folder.run("run", *stream.options).err


def test_a_retried_line_that_is_rejected_again_is_one_more_reject(
    folder: Folder, stream: Stream
) -> None:
    """It is a reject of the input `retry`, kept once, and may be retried like any."""
    folder.add(GOLD)
    said(folder.run("run", SHALLOW, *stream.options))
    for times in (1, 2):
        said(folder.run("rejects", "retry"))
        for _ in range(2):
            said(folder.run("run", SHALLOW, *stream.options))
        assert 1 + times == kept(folder)
    groups = listed(folder)
    assert ["profiles", "retry", "retry"] == [group["input"] for group in groups]
    assert [1, 1, 0] == [group["retried"] for group in groups]
    said(folder.run("rejects", "retry"))
    said(folder.run("run", *stream.options))
    assert [message("c1", "gold")] == stream.messages()


def test_what_is_retried_can_be_chosen(folder: Folder, stream: Stream) -> None:
    """By reason and by input; one that was cut cannot be, and that is said."""
    (folder.path / "segments.jsonl").write_text(f"no JSON\n{GOLD}\n", encoding="utf-8")
    inputs = (
        "--set=inputs=[{name: profiles, jsonl: {path: profiles.jsonl}},"
        " {name: segments, jsonl: {path: segments.jsonl}}]"
    )
    folder.add("no JSON", GOLD, fragment("c2", tier="x" * 2000))
    limits = "--set=limits={line_bytes: 1000, depth: 3}"
    said(folder.run("run", inputs, limits, *stream.options))
    ended = folder.run("rejects", "retry", "--reason=not_json", "--input=segments")
    assert "1 put back" in ended.err
    ended = folder.run("rejects", "retry", "--reason=too_deep", "--reason=line_too_long")
    assert "1 cannot be put back" in ended.err
    assert "`limits.line_bytes`" in ended.err
    assert "2 put back" in ended.err
    assert {
        ("profiles", "not_json"): 0,
        ("profiles", "too_deep"): 1,
        ("profiles", "line_too_long"): 0,
        ("segments", "not_json"): 1,
        ("segments", "too_deep"): 1,
    } == {(group["input"], group["reason"]): group["retried"] for group in listed(folder)}


def test_an_unknown_reason_is_refused(folder: Folder) -> None:
    """A misspelt reason would choose nothing in silence."""
    ended = folder.run("rejects", "retry", "--reason=not_jason")
    assert 2 == ended.code
    assert "not_json" in ended.err


def test_what_looks_reads_what_was_put_back(folder: Folder, stream: Stream) -> None:
    """A dry run and explain read the inputs as the job does, retried rejects included."""
    folder.add(GOLD)
    said(folder.run("run", SHALLOW, *stream.options))
    said(folder.run("rejects", "retry"))
    folder.input.write_bytes(b"")
    assert [message("c1", "gold")] == said(folder.run("run", "--dry-run"))
    assert "export: membership" in folder.run("explain", "crmid:c1").out


def test_a_foreign_file_among_the_rejects_is_said_in_words(folder: Folder) -> None:
    """No traceback, and no line of it."""
    (folder.path / "rejects").mkdir()
    (folder.path / "rejects" / "x.jsonl").write_text("canary\n", encoding="utf-8")
    for verb in ("list", "retry"):
        ended = folder.run("rejects", verb)
        assert (1, "") == (ended.code, ended.out)
        assert "x.jsonl, line 1" in ended.err
        assert "canary" not in ended.err
        assert "Traceback" not in ended.err


def test_no_control_character_is_printed(folder: Folder, stream: Stream) -> None:
    """The name of a file and of a namespace go out escaped."""
    inputs = "--set=inputs=[{name: profiles, jsonl: {path: in/}}]"
    (folder.path / "in").mkdir()
    line = json.dumps({"identityMap": {"\x1b]0;x\x07\u009b2A": [{"id": "1"}]}})
    (folder.path / "in" / "\x1b[2A\u009b.jsonl").write_text(line, encoding="utf-8")
    said(folder.run("run", inputs, *stream.options))
    for options in ((), ("--lines",), ("--json", "--lines")):
        shown = folder.run("rejects", "list", *options)
        assert "no_key_identity" in shown.out
        assert [] == [c for c in shown.out if not c.isprintable() and c != "\n"]
