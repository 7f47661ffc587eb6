"""`kv`: the size of a model's KV cache, calculated from its config."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from model.analysis.kv_size import (
    MAX_BYTES,
    CacheSpec,
    ConfigError,
    cache_spec,
    published_configs,
    read_config,
)
from model.errors import UsageError
from model.nn import shipped

FILES = ("config.json", "params.json")  # of Hugging Face's folders, and of Meta's and Mistral's


def run(args: argparse.Namespace) -> dict[str, Any]:
    spec = _spec(args.config)
    return {
        "attention": spec.attention,
        "bytes_per_token": spec.bytes_per_token(args.dtype),
        "bytes_per_token_beyond_windows": spec.growth_per_token(args.dtype),
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


def _spec(name: str) -> CacheSpec:
    """The cache of a config file, model folder, shipped checkpoint, or published model.

    Raises UsageError if it is none of these, ConfigError if its cache size cannot be determined.
    """
    path = shipped.folders().get(name, Path(name))
    if name and os.path.isdir(path):  # noqa: PTH112 - for any name at all
        found = next((path / one for one in FILES if (path / one).is_file()), None)
        if found is None:
            raise UsageError(f"{name} has no {' or '.join(FILES)}: give a model's folder or file")
        path = found
    if path.suffix == ".json" or os.path.exists(path):  # noqa: PTH110
        try:
            with path.open("rb") as file:
                return read_config(file.read(MAX_BYTES + 1))[1]
        except (OSError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            reason = error.strerror if isinstance(error, OSError) else "it is no path"
            raise UsageError(f"cannot read {name}: {reason}") from None
    rows = published_configs()
    chosen = [row for row in rows if row["name"] == name]
    chosen = chosen or [row for row in rows if name.lower() in row["name"].lower()]
    if len(chosen) != 1:
        which = ", ".join(repr(row["name"]) for row in chosen or rows)
        problem = (
            "fits several models" if chosen else "is not a file, checkpoint or published model"
        )
        raise UsageError(f"{name!r} {problem}; choose one of: {which}")
    return cache_spec(chosen[0]["config"])
