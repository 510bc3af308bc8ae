"""A folder as a user of the program has one: a destination, an input, and what runs leave in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.program import Ended, command, environment, run

DESTINATION = """\
name: trial
account: {region: us-east-1}
stream: {name: leads}
identities: {key: crmid, hash: {email: email_lc_sha256}}
activation:
  segments: [{id: s1, namespace: ups}]
  attributes: [loyalty.tier]
inputs: [{name: profiles, jsonl: {path: profiles.jsonl}}]
delivery: {give_up_s: 1}
"""
STANDARD_INPUT = 'inputs=[{name: profiles, jsonl: {path: "-"}}]'


def fragment(id_: str, *, tier: str = "", status: str = "", **more: Any) -> str:
    """Give one line: a CRM id, a loyalty tier and a status in the mapped segment, if not empty."""
    entity: dict[str, Any] = {"identityMap": {"CRMID": [{"id": id_}]}}
    if tier:
        entity["loyalty"] = {"tier": tier}
    if status:
        membership = {"lastQualificationTime": "2022-01-10T10:00:00Z", "status": status}
        entity["segmentMembership"] = {"ups": {"s1": membership}}
    return json.dumps(entity | more)


def message(id_: str, tier: str, status: str = "realized") -> str:
    """Give the message that shows such a profile, by sections 5 and 6 of the XDM mapping."""
    return (
        f'{{"loyalty":{{"tier":"{tier}"}},"segmentMembership":{{"ups":{{"s1":'
        f'{{"lastQualificationTime":"2022-01-10T10:00:00Z","status":"{status}"}}}}}},'
        f'"identityMap":{{"crmid":[{{"id":"{id_}"}}]}}}}'
    )


class Folder:
    """The folder, and the program run in it."""

    def __init__(self, path: Path) -> None:
        """Write the destination and an empty input; the home of its user is beside it."""
        self.path = path / "work"
        self.home = path / "home"
        self.path.mkdir()
        self.home.mkdir()
        self.config = self.path / "destination.yaml"
        self.input = self.path / "profiles.jsonl"
        self.config.write_text(DESTINATION, encoding="utf-8")
        self.input.touch()

    def add(self, *lines: str) -> None:
        """Append lines to the input."""
        with self.input.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def run(
        self, *arguments: str, stdin: bytes = b"", umask: int = 0o022, **variables: str
    ) -> Ended:
        """Run the program in the folder to its end."""
        env = environment(self.home, **variables)
        return run(command(*arguments), cwd=self.path, env=env, stdin=stdin, umask=umask)

    def files(self) -> dict[str, bytes]:
        """Give every file in the folder and in the home of its user, by name."""
        top = self.path.parent
        return {
            str(path.relative_to(top)): path.read_bytes()
            for path in sorted(top.rglob("*"))
            if path.is_file()
        }
