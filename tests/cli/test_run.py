"""`run` on a store: it delivers once, goes on where it stood, and refuses another key's store."""

from __future__ import annotations

import re
import sys

from tests.support.folder import STANDARD_INPUT, Folder, fragment, message
from tests.support.program import ROOT, environment, run
from tests.support.streams import Stream


def test_a_run_sends_what_a_dry_run_prints(folder: Folder, stream: Stream) -> None:
    """The stream holds the lines of the dry run, byte for byte; a run itself prints no data."""
    folder.add(
        fragment("c1", tier="gold", status="realized"),
        fragment("c2", tier="gold"),
        fragment("c1", tier="silver"),
        fragment("c1", status="exited"),
    )
    dry = folder.run("run", "--dry-run")
    wet = folder.run("run", *stream.options)
    assert (0, 0, "") == (dry.code, wet.code, wet.out)
    assert [message("c1", "gold"), message("c1", "silver"), message("c1", "silver", "exited")] == (
        dry.out.splitlines()
    )
    assert dry.out.splitlines() == stream.messages()
    assert "received 4 = rejected 0 + unchanged 0 + filtered 1 + exported 3" in wet.err


def test_a_second_run_says_nothing_new_and_sends_nothing(folder: Folder, stream: Stream) -> None:
    """A run that finds its inputs as it left them says so, and how to read them again."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    first = folder.run("run", *stream.options)
    second = folder.run("run", *stream.options)
    assert (0, 0) == (first.code, second.code)
    assert "Nothing new" not in first.err
    assert "Nothing new" in second.err
    assert "run --fresh" in second.err
    assert 1 == len(stream.records())


def test_a_file_that_grew_is_continued(folder: Folder, stream: Stream) -> None:
    """The next run reads only what was added, and knows the profiles of the run before."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    folder.run("run", *stream.options)
    folder.add(fragment("c1", tier="silver"))
    ended = folder.run("run", *stream.options)
    assert 0 == ended.code
    assert "received 1 = rejected 0 + unchanged 0 + filtered 0 + exported 1" in ended.err
    assert [message("c1", "gold"), message("c1", "silver")] == stream.messages()


def test_what_was_not_delivered_comes_with_the_next_run(folder: Folder, stream: Stream) -> None:
    """A run that ended without a stream has lost nothing: the next one sends it all."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    assert 69 == folder.run("run", stream.options[0], "--set=stream.name=missing").code
    assert 0 == folder.run("run", *stream.options).code
    assert [message("c1", "gold")] == stream.messages()


def test_another_key_is_refused_until_the_store_is_moved_aside(
    folder: Folder, stream: Stream
) -> None:
    """A store of another key is refused with 78; --fresh keeps it aside and begins anew."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    folder.run("run", *stream.options)
    store = {
        n: b for n, b in folder.files().items() if n.startswith("work/state/current/recovery/")
    }
    assert store
    other_key = (*stream.options, "--set=identities.key=loyaltyid")

    refused = folder.run("run", *other_key)
    assert 78 == refused.code
    assert re.search("key was crmid, is loyaltyid.*run --fresh", refused.err)
    checked = folder.run("check", "--offline", "--set=identities.key=loyaltyid")
    assert 78 == checked.code
    assert "key was crmid, is loyaltyid" in checked.out

    fresh = folder.run("run", "--fresh", *other_key)
    assert 0 == fresh.code
    assert "received 1 = rejected 1" in fresh.err
    (aside,) = (folder.path / "state").glob("aside-*")
    kept = {
        f"work/state/current/recovery/{p.name}": p.read_bytes() for p in aside.glob("recovery/*")
    }
    assert store == kept


def test_fresh_sends_everything_again(folder: Folder, stream: Stream) -> None:
    """--fresh on the same configuration begins anew, as it does where there is no store yet."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    assert 0 == folder.run("run", "--fresh", *stream.options).code
    assert 0 == folder.run("run", "--fresh", *stream.options).code
    assert 2 * [message("c1", "gold")] == stream.messages()


def test_other_attributes_and_segments_keep_the_store(folder: Folder, stream: Stream) -> None:
    """What is mapped may change between runs; profiles and position stay."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    folder.run("run", *stream.options)
    folder.add(fragment("c1", person={"firstName": "Ann"}))
    ended = folder.run(
        "run", *stream.options, "--set=activation.attributes=[person.firstName, loyalty.tier]"
    )
    assert 0 == ended.code
    assert "received 1 " in ended.err
    assert stream.messages()[1].startswith('{"person":{"firstName":"Ann"},"loyalty":{"tier":"gold"')


def test_standard_input_is_read_to_its_end(folder: Folder, stream: Stream) -> None:
    """A lone dash reads what is piped in, its last line with or without a newline."""
    lines = [fragment("c1", tier="gold", status="realized"), fragment("c1", tier="silver")]
    ended = folder.run(
        "run", *stream.options, "--set", STANDARD_INPUT, stdin="\n".join(lines).encode()
    )
    assert 0 == ended.code
    assert [message("c1", "gold"), message("c1", "silver")] == stream.messages()


def test_the_dataflow_runs_under_bytewax_too(folder: Folder, stream: Stream) -> None:
    """`python -m bytewax.run` with get_flow of the file delivers the same messages."""
    folder.add(fragment("c1", tier="gold", status="realized"))
    variables = {
        "PROFILE_EXPORT_ACCOUNT__ENDPOINT_URL": stream.url,
        "PROFILE_EXPORT_STREAM__NAME": stream.name,
    }
    flow = f"flows.profile_export:get_flow({str(folder.config)!r})"
    ended = run(
        [sys.executable, "-m", "bytewax.run", flow],
        cwd=ROOT,
        env=environment(folder.home, **variables),
    )
    assert (0, "", "") == ended
    assert [message("c1", "gold")] == stream.messages()
