"""Fields that a field manager owns and wants no longer: the reconciler removes them, a dry run alone does not show it.

The reconciler creates objects by POST, and a server-side apply leaves alone what a POST of the same manager set; it
settles that before it writes. Pure: reads managedFields as the server keeps them.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from kubectl_prism.model.meta import Manifest

Value = Any
"""What JSON can say."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One value of the intent and of what the server fills in around it, and what other managers own there."""

    wanted: Value
    default: Value
    others: tuple[Manifest, ...]

    @property
    def is_let_go(self) -> bool:
        """Nobody but the manager speaks of what stands here, and the manager does so no longer."""
        return self.wanted is None and not self.others

    def field(self, step: str, name: str) -> _Place:
        return _Place(_get(self.wanted, name), _get(self.default, name), self._below(step))

    def item(self, step: str, key: Manifest) -> _Place:
        return _Place(_item(self.wanted, key), _item(self.default, key), self._below(step))

    def _below(self, step: str) -> tuple[Manifest, ...]:
        return tuple(fields[step] for fields in self.others if step in fields)


def dropped(after: Manifest, before: Manifest, wanted: Manifest, *, defaults: Manifest, manager: str) -> Manifest:
    """Return `after` without the fields that only `manager` owns in `before` and `wanted` does not speak of.

    What the server fills in again, as it stands in `defaults`, stays.
    """
    entries = [entry for entry in before["metadata"].get("managedFields") or [] if not entry.get("subresource")]
    others = tuple(entry.get("fieldsV1") or {} for entry in entries if entry.get("manager") != manager)
    result = copy.deepcopy(after)
    for entry in entries:
        if entry.get("manager") == manager:
            _drop(result, entry.get("fieldsV1") or {}, _Place(wanted, defaults, others))
    return result


def _drop(value: Value, owned: Manifest, place: _Place) -> None:
    for step, below in owned.items():
        match step.partition(":"):
            case "f", _, name if isinstance(value, dict) and name in value:
                _drop_field(value, name, below, place.field(step, name))
            case "k", _, text if isinstance(value, list):
                key = json.loads(text)
                _drop_item(value, _item(value, key), below, place.item(step, key))


def _drop_field(value: Manifest, name: str, below: Manifest, place: _Place) -> None:
    if not place.is_let_go:
        _drop(value[name], below, place)
    elif place.default is None:
        del value[name]
    else:
        value[name] = place.default


def _drop_item(value: list[Value], held: Value, below: Manifest, place: _Place) -> None:
    if held is None:
        return
    if place.is_let_go and place.default is None:
        value.remove(held)
    else:
        _drop(held, below, place)


def _get(value: Value, name: str) -> Value:
    return value.get(name) if isinstance(value, dict) else None


def _item(value: Value, key: Manifest) -> Value:
    """Return the item of a list that `key` means; a port without a protocol is one of TCP."""
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return next((item for item in items if _has(item, key)), None)


def _has(item: Manifest, key: Manifest) -> bool:
    return all({"protocol": "TCP", **item}.get(name) == value for name, value in key.items())
