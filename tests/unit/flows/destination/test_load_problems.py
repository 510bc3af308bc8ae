"""What is said about a wrong `destination.yaml`, word for word.

The wrong files and the text about each stand in `tests/data/configs`.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from flows.destination.load import ConfigurationError, Problem, load
from tests.support.minimal import MINIMAL

CONFIGS = Path(__file__).parents[3] / "data" / "configs"


def problems(
    path: Path, environment: Mapping[str, str] | None = None, overrides: Sequence[str] = ()
) -> str:
    """Load what cannot be loaded, and return what is said about it."""
    with pytest.raises(ConfigurationError) as caught:
        load(path, environment=environment or {}, overrides=overrides)
    return str(caught.value)


@pytest.mark.parametrize("config", sorted(path.name for path in CONFIGS.glob("*.yaml")))
def test_a_wrong_file_gets_exactly_this_text(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wrong configuration is answered word for word as written beside it."""
    monkeypatch.chdir(CONFIGS)

    assert Path(config).with_suffix(".txt").read_text("utf-8") == problems(Path(config)) + "\n"


def test_every_wrong_file_has_its_text() -> None:
    """No text is left without its file, and there are enough of them to mean something."""
    files = {path.stem for path in CONFIGS.glob("*.yaml")}

    assert {path.stem for path in CONFIGS.glob("*.txt")} == files
    assert len(files) >= 30


def test_problems_are_values_that_survive_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error carries its problems as values, in the order of the lines, and can be pickled."""
    monkeypatch.chdir(CONFIGS)
    with pytest.raises(ConfigurationError) as caught:
        load(Path("01-misspelt-key.yaml"), environment={})
    expected = [
        Problem(
            file="01-misspelt-key.yaml",
            line=3,
            path="stream.nmae",
            what="unknown key",
            todo="Did you mean `name`? Valid keys: name, partition_key.",
        )
    ]

    assert expected == caught.value.problems
    assert expected == pickle.loads(pickle.dumps(caught.value)).problems  # noqa: S301 - our own


def test_no_secret_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the value of a secret key nor the password of a URL shows in the text."""
    monkeypatch.chdir(CONFIGS)
    text = problems(Path("12-secrets.yaml")) + problems(Path("15-password-in-url.yaml"))

    assert [] == [secret for secret in ("AKIA", "wJal", "canary") if secret in text]


def test_a_missing_file_says_how_to_start_one(tmp_path: Path) -> None:
    """A file that is not there is named as it was given."""
    path = tmp_path / "destination.yaml"
    expected = (
        f"{path}: there is no such file. Check the path, or start one: `profile-export init` "
        "writes an example."
    )

    assert expected == problems(path)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    """A folder is answered with the file to name."""
    expected = f"{tmp_path}: this is a folder. Name the file in it, such as `destination.yaml`."

    assert expected == problems(tmp_path)


def test_a_file_behind_a_file_cannot_be_read(file: Path) -> None:
    """What the operating system refuses is passed on in its words."""
    path = file / "destination.yaml"
    expected = (
        f"{path}: cannot be read (Not a directory). Make it readable for this user, or name "
        "another file."
    )

    assert expected == problems(path)


def test_a_file_that_is_far_too_large_is_not_read(file: Path) -> None:
    """A mistaken path to a data file costs nothing."""
    file.write_text(MINIMAL + "#" * 1_048_576, encoding="utf-8")

    assert f"{file}: larger than 1048576 bytes. Check that this is the right file." == problems(
        file
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: a\x07b", "1: not YAML: the control character 0x07 stands here. Remove it."),
        ('a: 1\nname: "\\ud800"', "half of a surrogate pair"),
        ('a: 1\nname: "\\UFFFFFFFF"', "2: not YAML: an escape or number is out of range."),
        ('"\\ud800": 1', "1: half of a surrogate pair, which is no character."),
        ("[" * 1_000_000, "1: nested deeper than 20 levels. Check the brackets"),
        ("a: " + "9" * 10_000, "1: a: unknown key."),
        ("[1]: 2", "1: a list or mapping stands where a key should."),
        ("name: 'leads", "1: not YAML: found unexpected end of stream."),
        ("%YAML 2.0\n---\nname: leads", "not YAML: found incompatible YAML document"),
        ("name: @leads", "1: not YAML: found character '@' that cannot start any token."),
        ('name: "\\e[31mred"', "got the text `\\x1b[31mred`."),
        ('"a\\nb": 1', "1: a\\nb: unknown key."),
    ],
)
def test_hostile_text_is_answered_calmly(file: Path, text: str, expected: str) -> None:
    """Escapes, depth and size are no way to another error, nor to the reader's terminal."""
    file.write_text(text, encoding="utf-8")
    found = problems(file)

    assert expected in found
    assert all(line.isprintable() for line in found.split("\n"))


@pytest.mark.parametrize(
    "url",
    [
        "http://128.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://0.0.0.0:4567",
        "http://[::2]:4567",
        "http://[::ffff:10.0.0.1]",
        "http://2130706433",
    ],
)
def test_plain_http_to_anywhere_else_is_refused(file: Path, url: str) -> None:
    """A host that only looks like loopback is none."""
    found = problems(file, overrides=[f"account.endpoint_url={url}"])

    assert found.startswith("--set account.endpoint_url: plain http would send profiles in clear")


def test_a_clear_partition_key_without_room_has_one_way_out(file: Path) -> None:
    """Where the namespace alone fills the partition key, no limit is suggested."""
    overrides = ["stream.partition_key=identity", f"identities.key={'n' * 255}"]

    assert problems(file, overrides=overrides).endswith(
        "Shorten the key, or use `partition_key: hashed`."
    )


def test_a_wrong_section_does_not_hide_the_rules_of_others(file: Path) -> None:
    """Rules are checked between sound sections only, and unknown keys do not make one unsound."""
    file.write_text(
        MINIMAL.replace("attributes: []", "attributes: [a, a], extra: 1")
        + "message: {segment_names: perhaps}\n",
        encoding="utf-8",
    )
    found = problems(file)

    assert 3 == len(found.splitlines())
    assert "activation.extra: unknown key" in found
    assert "activation.attributes[1]: `a` is given twice" in found
    assert "message.segment_names: expected true or false" in found


def test_a_field_of_an_identity_lies_within_the_limit_of_depth(file: Path) -> None:
    """A path deeper than any line may be would never be found, so it is refused."""
    overrides = ["identities.fields={crmid: a.b.c}", "limits.depth=2"]
    expected = (
        "--set identities.fields: identities.fields.crmid: 3 levels deep, but `limits.depth` is 2. "
        "Raise `limits.depth`, or correct the path."
    )

    assert expected == problems(file, overrides=overrides)


@pytest.mark.parametrize(
    ("environment", "overrides", "expected"),
    [
        (
            {},
            ["stream.nmae=leads"],
            "--set stream.nmae: unknown key. Did you mean `name`? Valid keys: name, partition_key.",
        ),
        (
            {},
            ["stream={nmae: leads}"],
            (
                "--set stream: stream.nmae: unknown key. Did you mean `name`? "
                "Valid keys: name, partition_key."
            ),
        ),
        (
            {"PROFILE_EXPORT_STREAM__NMAE": "leads"},
            [],
            (
                "PROFILE_EXPORT_STREAM__NMAE: stream.nmae: unknown key. Did you mean `name`? "
                "Valid keys: name, partition_key."
            ),
        ),
        (
            {"PROFILE_EXPORT_ACCOUNT__SECRET_KEY": "canary"},
            ["account.session_token=canary"],
            (
                "PROFILE_EXPORT_ACCOUNT__SECRET_KEY: account.secret_key: credentials do not belong "
                "in the configuration. Remove it: they come from AWS's own chain (environment, "
                "profile, role); `account.profile` chooses a profile.\n"
                "--set account.session_token: credentials do not belong in the configuration. "
                "Remove it: they come from AWS's own chain (environment, profile, role); "
                "`account.profile` chooses a profile."
            ),
        ),
        (
            {},
            ["limits.depth=deep"],
            (
                "--set limits.depth: expected a whole number from 1 to 200, got the text `deep`. "
                "Write for example `depth: 32`."
            ),
        ),
        (
            {},
            ["name.first=leads"],
            (
                "--set name.first: `name` is not a mapping, so nothing inside it can be set. "
                "Set `name` as a whole."
            ),
        ),
        (
            {"PROFILE_EXPORT_INPUTS__0__NAME": "x"},
            [],
            (
                "PROFILE_EXPORT_INPUTS__0__NAME: inputs.0.name: `inputs` is not a mapping, so "
                "nothing inside it can be set. Set `inputs` as a whole."
            ),
        ),
        (
            {"PROFILE_EXPORT_": "x"},
            ["stream.name", "=x", "stream..name=x"],
            "\n".join(
                f"{place}: this names no key. Name a key, as in `PROFILE_EXPORT_STREAM__NAME` or "
                "`--set stream.name=leads`."
                for place in (
                    "PROFILE_EXPORT_",
                    "--set stream.name",
                    "--set ",
                    "--set stream..name",
                )
            ),
        ),
        (
            {},
            ["description=a: b: c"],
            (
                "--set description: not YAML: mapping values are not allowed here. "
                "Check the indentation; put text that holds `: ` in quotes."
            ),
        ),
        (
            {},
            ["stream={name: a, name: b}"],
            "--set stream: stream.name: given twice. Keep one of the two.",
        ),
    ],
)
def test_a_wrong_override_is_named_as_its_own_place(
    file: Path, environment: dict[str, str], overrides: list[str], expected: str
) -> None:
    """A problem outside the file is placed at its variable or option, not at a line."""
    assert expected == problems(file, environment, overrides)


def test_problems_of_the_file_come_before_those_of_overrides(file: Path) -> None:
    """All sources are judged at once, the file first and in the order of its lines."""
    file.write_text(MINIMAL + "b: 1\na: 1\n", encoding="utf-8")
    found = problems(file, {"PROFILE_EXPORT_C": "1"}, ["d=1"]).splitlines()

    assert [f"{file}:7: b", f"{file}:8: a", "PROFILE_EXPORT_C: c", "--set d"] == [
        line.partition(": unknown key")[0] for line in found
    ]
