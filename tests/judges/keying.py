"""Whose fragment it is: the identities of an entity, hashed where configured, and the key.

Promises every fault found on the way, by its reason. Leaves out which of them is named. Imports
nothing of the project.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.judges.plan import Pair, Plan
from tests.judges.values import absent, hashed

Entity = Mapping[str, object]

IDENTITY_REASONS = (
    "bad_value",
    "too_many_identities",
    "id_too_long",
    "phone_not_e164",
    "no_key_identity",
    "ambiguous_key",
)


def at_path(entity: Entity, path: str, faults: list[str]) -> object:
    """The value at a dot path, None if absent; on the way there must be objects."""
    value: object = entity
    for name in path.split("."):
        if value is None:
            return None
        if not isinstance(value, dict):
            faults.append("bad_value")
            return None
        value = value.get(name)
    return None if absent(value) else value


def object_of(value: object, faults: list[str]) -> dict[str, object]:
    """An object that is read, empty if absent."""
    if absent(value):
        return {}
    if not isinstance(value, dict):
        faults.append("bad_value")
        return {}
    return value


def _given(plan: Plan, entity: Entity, faults: list[str]) -> list[tuple[str, str, bool]]:
    """(namespace, id, primary) of every identity, as given."""
    given: list[tuple[str, str, bool]] = []
    for namespace, items in object_of(entity.get("identityMap"), faults).items():
        if not absent(items) and not isinstance(items, list):
            faults.append("bad_value")
        for item in items if isinstance(items, list) else ():
            name, primary = _item(item, faults)
            if name:
                given.append((namespace.lower(), name, primary))
    if len(given) > plan.limits["identities"]:
        faults.append("too_many_identities")
    for namespace, path in plan.fields:
        value = at_path(entity, path, faults)
        if isinstance(value, bool) or not isinstance(value, (str, int, type(None))):
            faults.append("bad_value")
        elif value is not None:
            given.append((namespace, str(value), False))
    return given


def _item(item: object, faults: list[str]) -> tuple[str, bool]:
    """The id of an identity item ("" if it has none) and whether it is marked primary."""
    entry = object_of(item, faults)
    name, primary = entry.get("id"), entry.get("primary")
    if not isinstance(name, str) and not absent(name):
        faults.append("bad_value")
    if primary is not None and not isinstance(primary, bool):
        faults.append("bad_value")
    return name if isinstance(name, str) else "", primary is True


def key_and_identities(
    plan: Plan, entity: Entity, faults: list[str]
) -> tuple[str, frozenset[Pair]]:
    """The key id, and every identity kept (the key's among them); unused beside a fault."""
    kept: list[tuple[str, str, bool]] = []
    for namespace, name, primary in _given(plan, entity, faults):
        if len(name) > plan.limits["id_chars"]:
            faults.append("id_too_long")
        target = plan.hash.get(namespace)
        if target is None or plan.exports(namespace):
            kept.append((namespace, name, primary))
        if target is not None and name.strip():
            digest = hashed(target, name)
            if digest is None:
                faults.append("phone_not_e164")
            else:
                kept.append((target, digest, primary))
    keys = {name for namespace, name, _ in kept if namespace == plan.key}
    chosen = {name for namespace, name, primary in kept if namespace == plan.key and primary}
    if not keys:
        faults.append("no_key_identity")
    elif len(keys) > 1 and len(chosen) != 1:
        faults.append("ambiguous_key")
    key = next(iter(keys if len(keys) == 1 else chosen), "")
    return key, frozenset((namespace, name) for namespace, name, _ in kept)
