"""What a family's configuration class in transformers says by itself: defaults, and layers' kinds.

Defaults that are the same for every size stand in `assets/reference/family_defaults.json`, written
from the classes by a test's helper and compared with them. What a class computes from other fields
is asked of the class itself, in a process of its own and only when a file leaves it out: importing
transformers takes seconds.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from model import ASSETS, ROOT
from model.analysis.kv_size import class_config

VERSION = "5.23.0"
REFERENCE = ASSETS / "reference" / "family_defaults.json"
SECONDS = 60.0


@dataclass(frozen=True)
class Family:
    """A model type of transformers.

    `cache` says whether its models keep keys and values: "yes", "none" (no decoder), "other" (they
    generate without), or "if is_decoder". `text` is the model type of a wrapper's language model,
    `computed` names fields that the class derives from others by rules of its own, `own` those
    that it has and that change nothing of what is cached.
    """

    cache: Literal["yes", "none", "other", "if is_decoder"] = "yes"
    text: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


@functools.cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    table: Mapping[str, Mapping[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return table


def family(model_type: str) -> Family | None:
    """What transformers knows of a model type; None if nothing."""
    entry = _table().get(model_type)
    return None if entry is None else Family(**entry)


def computed(model_type: str, fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The config of a class as a dict, made from these fields.

    None if transformers is not installed, or its class does not take the fields.
    """
    return _computed(json.dumps([model_type, dict(fields)], sort_keys=True))


@functools.lru_cache(256)
def _computed(request: str) -> Mapping[str, Any] | None:
    if "transformers" in sys.modules:  # tests and scripts that have paid for it
        return class_config.config(*json.loads(request))
    command = (sys.executable, "-m", "model.analysis.kv_size.class_config")
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, text=True, cwd=ROOT, timeout=SECONDS
        )
        found: Mapping[str, Any] | None = json.loads(done.stdout or "null")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return found
