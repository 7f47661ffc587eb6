"""Packs a component's data into bytes: JSON, followed by the arrays that it refers to.

Streamlit sends a component either JSON or bytes. As JSON, an array of small integers takes several
times its size. `app/static/shared/packed.js` is the inverse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

KINDS = {np.dtype(np.uint8): "u1", np.dtype(np.uint16): "u2"}


def packed(data: Mapping[str, Any]) -> bytes:
    """Pack plain data with arrays of uint8 or uint16 at any depth, which are flattened.

    The first four bytes are the length of the JSON; everything is little-endian. In the JSON an
    array is {"$array": kind, "from": its first byte after the JSON, "length": numbers}.

    Raises:
        TypeError: for anything that is neither JSON nor such an array.
        ValueError: for numbers that JSON does not allow.
    """
    arrays: list[bytes] = []
    size = 0

    def stand_in(value: Any) -> dict[str, Any]:
        nonlocal size
        if not isinstance(value, np.ndarray) or value.dtype not in KINDS:
            raise TypeError(f"neither JSON nor an array of small numbers: {type(value).__name__}")
        content = value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
        arrays.append(content)
        start, size = size, size + len(content)
        return {"$array": KINDS[value.dtype], "from": start, "length": value.size}

    text = json.dumps(data, ensure_ascii=False, allow_nan=False, default=stand_in).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *arrays])
