"""`kv`: the bytes that a model's key-value cache takes, by arithmetic."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from model.analysis.kv_size import cache_spec, published_configs
from model.commands.usage import UsageError
from model.nn import shipped


def run(args: argparse.Namespace) -> dict[str, Any]:
    spec = cache_spec(_kv_config(args.config))
    return {
        "attention": spec.attention,
        "bytes_per_token": spec.bytes_per_token(args.dtype),
        "bytes": spec.bytes(args.tokens, args.dtype, args.batch),
        "layers": [
            {
                "kind": layer.kind,
                "elements_per_token": layer.elements_per_token,
                "window": layer.window,
                "parts": dict(layer.parts),
            }
            for layer in spec.layers
        ],
        "notes": list(map(str, spec.notes)),
    }


def _kv_config(name: str) -> Any:
    """The config that a file, a shipped checkpoint or a row of the published table holds."""
    path = Path(name)
    if folder := shipped.folders().get(name):
        path = folder / "config.json"
    if path.suffix == ".json" or os.path.exists(path):  # noqa: PTH110 - for any name at all
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"cannot read {name}: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise UsageError(f"{name} is not JSON: give a model's config.json") from None
    rows = published_configs()
    found = [row for row in rows if row["name"] == name]
    found = found or [row for row in rows if name.lower() in row["name"].lower()]
    if len(found) != 1:
        which = ", ".join(repr(row["name"]) for row in found or rows)
        problem = "fits several models" if found else "is not a file, checkpoint or published model"
        raise UsageError(f"{name!r} {problem}; choose one of: {which}")
    return found[0]["config"]
