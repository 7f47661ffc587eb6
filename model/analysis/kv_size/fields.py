"""Strict reading of one JSON object: a wrong or absurd value raises ConfigError, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from model.errors import ReadableError

MAX_LAYERS = 10_000
MAX_HEADS = 100_000
MAX_SIZE = 10_000_000  # any width, window or vocabulary

WHOLE_FILE = (
    "paste the whole config.json, or what to_dict() of the loaded config prints if the file "
    "leaves fields at their defaults"
)


#: Refusals by a stable key, for translations.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "lacks": f"The config lacks {{names}}: {WHOLE_FILE}.",
        "number": "{name} is {value}, but must be a whole number from {least} to {most}: "
        "correct it.",
        "no_object": "The config is {value}, not a JSON object: paste a whole config.json.",
        "flag": "{name} is {value}, but must be true or false: correct it.",
        "text": "{name} is {value}, but must be text: correct it.",
        "section": "{name} is {value}, but must be an object: correct it.",
        "rows": "{name} is {value}, but must be a list of 1 to {most}: correct it.",
        "entries": "{name} has length {entries}, but the number of layers is {layers}: make them "
        "agree.",
        "sparse": "Layers of a sparse attention that is neither DeepSeek-V3.2's nor V4's are not "
        "known here: choose another model.",
        "head_dim": "head_dim is missing, and hidden_size {hidden} is not a multiple of the number "
        "of heads, {heads}: add head_dim.",
        "divide": "The number of KV heads, {kv_heads}, does not divide the number of attention "
        "heads, {heads}: correct num_key_value_heads.",
        "group": "n_heads_in_group {group} does not divide the number of heads, {heads}: "
        "correct it.",
        "unknown": "{name} ({what}) is not known here: choose another model.",
        "indexer_types": 'indexer_types may hold "full" and "shared" only: correct it.',
        "window": "Some layers slide, but sliding_window is missing or off: set it.",
        "v4_layer": "A {kind} layer is not known in deepseek_v4: correct layer_types.",
        "encoder": "{family} is an encoder and keeps no KV cache: choose a decoder.",
        "both_ways": "The model attends in both directions and keeps no KV cache: choose a "
        "decoder.",
        "entry": "{name} has the entry {value}, which is none of {known}: this kind of layer is "
        "not known here.",
        "hybrid": f"By {{name}}, layers are of several kinds, but layer_types is missing: "
        f"{WHOLE_FILE}.",
        "ratios": "compress_ratios has length {entries}, but the number of layers is {layers}: it "
        "needs one entry per layer.",
        "once": "full_attn_layers and kda_layers do not name every layer once: correct them.",
        "layer_numbers": "{name} must hold layer numbers from {first} to {last}: correct it.",
        "where": f"sliding_window is set but layer_types, which says where, is missing: "
        f"{WHOLE_FILE}.",
    }
)


class ConfigError(ReadableError):
    """The config cannot be judged; the message is one sentence that names fields and a remedy.

    `key` is one of ENGLISH's, or "" for a wrong precision or count, which no config has.
    """


def refusal(key: str, **values: str) -> ConfigError:
    """The error of one of ENGLISH's sentences."""
    return ConfigError(ENGLISH[key].format(**values), key, values)


def shown(value: object) -> str:
    """A JSON value in a few words, safe for any size and nesting."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else "a number of more than 15 digits"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return repr(value[:40])
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def whole_number(value: object, name: str, most: int, least: int = 1) -> int:
    """`value` if it is an int (not a bool, not 61.0) in least..most; ConfigError otherwise."""
    if type(value) is int and least <= value <= most:
        return value
    raise refusal("number", name=name, value=shown(value), least=f"{least:,}", most=f"{most:,}")


class Fields:
    """A JSON object whose fields are checked as they are read. null counts as absent."""

    def __init__(self, values: object) -> None:
        if not isinstance(values, Mapping):
            raise refusal("no_object", value=shown(values))
        self.values: Mapping[str, Any] = values

    def integer(self, *names: str, most: int = MAX_SIZE, least: int = 1) -> int | None:
        """The first of the alternative `names` that is there, or None."""
        for name in names:
            value = self.values.get(name)
            if value is not None:
                return whole_number(value, name, most, least)
        return None

    def need(self, *names: str, most: int = MAX_SIZE, least: int = 1) -> int:
        """As integer(), but a missing field is an error."""
        found = self.integer(*names, most=most, least=least)
        if found is None:
            raise refusal("lacks", names=names[0])
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise refusal("flag", name=name, value=shown(value))

    def need_flag(self, name: str) -> bool:
        if self.values.get(name) is None:
            raise refusal("lacks", names=name)
        return self.flag(name)

    def text(self, name: str) -> str:
        """A string field, "" when absent."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise refusal("text", name=name, value=shown(value))

    def section(self, name: str) -> Fields | None:
        """A nested JSON object; an empty one says nothing and counts as absent."""
        value = self.values.get(name)
        if value is None or value == {}:
            return None
        if not isinstance(value, Mapping):
            raise refusal("section", name=name, value=shown(value))
        return Fields(value)

    def rows(self, name: str) -> list[Any] | None:
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, list) and 0 < len(value) <= MAX_LAYERS:
            return value
        raise refusal("rows", name=name, value=shown(value), most=f"{MAX_LAYERS:,}")

    def per_layer(self, name: str, layers: int) -> list[Any] | None:
        """A list with one entry per layer."""
        rows = self.rows(name)
        if rows is not None and len(rows) != layers:
            raise refusal("entries", name=name, entries=f"{len(rows):,}", layers=f"{layers:,}")
        return rows

    def overridden(self, changes: Mapping[str, Any]) -> Fields:
        return Fields({**self.values, **changes}) if changes else self
