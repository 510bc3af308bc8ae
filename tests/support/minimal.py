"""The shortest destination that loads."""

from __future__ import annotations

MINIMAL = """\
name: leads
stream: {name: leads}
identities: {key: crmid}
activation: {segments: all, attributes: []}
inputs:
  - {name: profiles, jsonl: {path: profiles/}}
"""
