"""What a family's configuration class in transformers says by itself: defaults, and layers' kinds.

They stand in `assets/reference/family_defaults.json`, written from the classes of VERSION by a
helper of the tests, which compare the two: reading a config neither waits for transformers nor
needs it.
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
    """Kinds of layers for any number of them: `first`, then `cycle` again and again, then `last`.

    `from_end` counts the cycle from the last layer. `last` is "" where no rule sets it apart.
    """

    cycle: Sequence[str]
    first: Sequence[str] = ()
    last: str = ""
    from_end: bool = False

    def kinds(self, layers: int) -> list[str]:
        """One kind per layer."""
        rest = layers - len(self.first)
        shift = -rest % len(self.cycle) if self.from_end else 0
        cycled = [self.cycle[(i + shift) % len(self.cycle)] for i in range(max(rest, 0))]
        found = [*self.first, *cycled][:layers]
        return [*found[:-1], self.last] if self.last else found


@dataclass(frozen=True)
class CacheFamily:
    """A model type of transformers.

    `cache` says whether its models keep keys and values: "yes", "none" (no decoder), "other" (they
    generate without), or "if is_decoder". `text` is the model type of a wrapper's language model;
    `absent` holds the wrapper's defaults for it, where they differ from that type's own, in files
    without an object for it, and `inside` those for objects that leave fields out.
    `pattern` are the kinds that its class gives to layers, `computed` names fields that the class
    derives from others by rules of its own, `own` those that it has and that change nothing of
    what is cached, `names` those that it has of the facts' less common names, `arranges` those
    that it reads of ARRANGES. `classes` are the model classes that write text.
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
    classes: tuple[str, ...] = ()


@functools.cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    table: Mapping[str, Mapping[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return table


@functools.cache
def family(model_type: str) -> CacheFamily | None:
    """What transformers knows of a model type; None if nothing."""
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
    """The model type of one of transformers' classes; "" if it has no such class."""
    return _classes().get(architecture, "")
