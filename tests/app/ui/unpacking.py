"""A component's data as the browser reads it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def unpacked(sent: bytes) -> Any:
    """As in app/static/shared/packed.js."""
    start = 4 + int.from_bytes(sent[:4], "little")

    def array(value: dict[str, Any]) -> Any:
        if "$array" not in value:
            return value
        kind = {"u1": "<u1", "u2": "<u2"}[value["$array"]]
        return np.frombuffer(sent, kind, value["length"], start + value["from"])

    return json.loads(sent[4:start], object_hook=array)
