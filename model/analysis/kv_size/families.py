"""Defaults and layer kinds of the configuration classes in transformers, by family.

They are in `assets/reference/family_defaults.json`, which a test helper writes from the classes of
VERSION, and which the tests compare with them: reading a config does not need transformers.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from model import ASSETS

VERSION = "5.23.0"
REFERENCE = ASSETS / "reference" / "family_defaults.json"


@dataclass(frozen=True)
class Pattern:
    """A pattern of layer kinds: `first`, then `cycle` repeated, then `last`.

    `from_end` aligns the cycle with the last layer. `last` is "" if that has no rule of its own.
    """

    cycle: Sequence[str]
    first: Sequence[str] = ()
    last: str = ""
    from_end: bool = False

    def kinds(self, layers: int) -> list[str]:
        """The kind of each of so many layers."""
        rest = layers - len(self.first)
        shift = -rest % len(self.cycle) if self.from_end else 0
        cycled = [self.cycle[(i + shift) % len(self.cycle)] for i in range(max(rest, 0))]
        found = [*self.first, *cycled][:layers]
        return [*found[:-1], self.last] if self.last else found


@dataclass(frozen=True)
class CacheFamily:
    """A model type of transformers.

    `cache` says whether its models have a KV cache: "yes", "none" (no decoder), "other" (they
    generate without one), or "if is_decoder". `text` is the model type of a wrapper's language
    model; `absent` has the wrapper's defaults for it, where they differ from that type's own, for
    files without an object for it, and `inside` those for objects that leave fields out.
    `pattern` has the layer kinds of its class, `computed` the fields that the class derives from
    others by rules of its own, `own` the fields of the class that do not affect the cache, `names`
    the less common names of facts that it uses, `arranges` the fields of ARRANGES that it reads,
    `ignores` the sizes that it computes whatever a file says, or never reads.
    `classes` are its model classes that generate text.
    """

    cache: Literal["yes", "none", "other", "if is_decoder"] = "yes"
    text: str = ""
    absent: Mapping[str, Any] = field(default_factory=dict)
    inside: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    pattern: Pattern | None = None
    computed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    arranges: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


@functools.cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    table: Mapping[str, Mapping[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return table


@functools.cache
def family(model_type: str) -> CacheFamily | None:
    """The entry of a model type; None if transformers does not have it."""
    entry = _table().get(model_type)
    if entry is None:
        return None
    pattern = entry.get("pattern")
    return CacheFamily(**{**entry, "pattern": None if pattern is None else Pattern(**pattern)})


@functools.cache
def _classes() -> Mapping[str, str]:
    found = ((name, kind) for kind, entry in _table().items() for name in entry.get("classes", ()))
    return dict(found)


def family_of(architecture: str) -> str:
    """The model type of a class of transformers; "" if there is no such class."""
    return _classes().get(architecture, "")
