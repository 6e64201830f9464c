"""Fields that a field manager owns and wants no longer: the reconciler removes them, a dry run alone does not show it.

The reconciler creates objects by POST, and a server-side apply leaves alone what a POST of the same manager set; it
settles that before it writes. Pure: reads managedFields as the server keeps them.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from kubectl_prism.model.meta import Manifest


def dropped(after: Manifest, before: Manifest, wanted: Manifest, manager: str) -> Manifest:
    """Return `after` without the fields that only `manager` owns in `before` and `wanted` does not speak of."""
    entries = [entry for entry in before["metadata"].get("managedFields") or [] if not entry.get("subresource")]
    others = [entry.get("fieldsV1") or {} for entry in entries if entry.get("manager") != manager]
    result = copy.deepcopy(after)
    for entry in entries:
        if entry.get("manager") == manager:
            _drop(result, entry.get("fieldsV1") or {}, wanted, others)
    return result


def _drop(value: Any, owned: Manifest, wanted: Any, others: list[Manifest]) -> None:  # noqa: ANN401 (JSON)
    for field, below in owned.items():
        theirs = [fields[field] for fields in others if field in fields]
        match field.partition(":"):
            case "f", _, name if isinstance(value, dict) and name in value:
                _drop_field(value, name, below, wanted, theirs)
            case "k", _, text if isinstance(value, list):
                _drop_item(value, json.loads(text), below, wanted, theirs)


def _drop_field(value: Manifest, name: str, below: Manifest, wanted: Any, theirs: list[Manifest]) -> None:  # noqa: ANN401
    is_wanted = isinstance(wanted, dict) and name in wanted
    if not is_wanted and not theirs:
        del value[name]
    elif below:
        _drop(value[name], below, wanted[name] if is_wanted else None, theirs)


def _drop_item(value: list[Any], key: Manifest, below: Manifest, wanted: Any, theirs: list[Manifest]) -> None:  # noqa: ANN401
    held = next((item for item in value if _has(item, key)), None)
    match = next((item for item in wanted if _has(item, key)), None) if isinstance(wanted, list) else None
    if held is None:
        return
    if match is None and not theirs:
        value.remove(held)
    else:
        _drop(held, below, match, theirs)


def _has(item: Any, key: Manifest) -> bool:  # noqa: ANN401
    defaults = {"protocol": "TCP"}
    return isinstance(item, dict) and all(item.get(name, defaults.get(name)) == part for name, part in key.items())
