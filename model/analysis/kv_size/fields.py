"""Strict reading of one JSON object: a wrong or absurd value raises ConfigError, never a guess."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from model.analysis.kv_size.families import family
from model.analysis.kv_size.names import FACTS, LAYOUT, MOST, OWN_FIELD, WORDS, by_words
from model.analysis.kv_size.show import SHOWN, listed, piece, shown
from model.errors import ReadableError

MAX_LAYERS = 10_000
MAX_HEADS = 100_000
MAX_SIZE = 10_000_000  # any width, window or vocabulary
OWNER = 120  # characters of a field's name with the family that it is a default of
#: Field names in the tables, which need not be interpreted by their words.
KNOWN = frozenset({name for names in FACTS.values() for name in names}.union(LAYOUT))
#: Facts that 0 and -1 switch off, as null does.
MAY_BE_OFF = {"kv_heads", "head_dim", "v_head_dim", "kv_lora_rank", "window", "chunk", "mtp"}

UNSET = (None, 0, -1)  # values of these facts that say no more than a missing field

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
        "disagree": "{names} mean the same thing but disagree: correct one or remove it.",
        "not_understood": "Not understood, and it can change what is cached: {names}. A size "
        "without it would be a guess: choose another model, or remove what does not matter.",
        "no_decoder": "{family} has no decoder and keeps no KV cache: choose a model that "
        "generates text.",
        "several": "{family} holds several models, each with its own cache: choose one of them.",
        "assistant": "{family} drafts for another model and reads that model's cache: choose the "
        "model that it drafts for.",
        "no_keys": "{family} generates without a KV cache: choose another model.",
        "not_json": "Not JSON at line {line}, column {column}: paste the whole file, from "
        "the first brace to the last.",
        "syntax": "Not JSON at line {line}, column {column}, which starts with {found}: correct "
        "it.",
        "comment": "Not JSON at line {line}, column {column}: JSON has no comments. Remove it.",
        "trailing_comma": "Not JSON at line {line}, column {column}: a comma without anything "
        "after it. Remove it.",
        "not_text": "This is not text in UTF-8, UTF-16 or UTF-32: choose a config.json.",
        "nothing": "The file is empty: choose a config.json.",
        "too_large": "Too large for a config.json: the file's size in bytes is {size}, the limit "
        "{limit}. Choose another file.",
        "too_deep": "The file is nested too deeply for a config.json: choose the model's own.",
        "too_many": "Too many fields for a config.json: the limit is {limit}. Choose the model's "
        "own.",
        "digits": "A number in the file has more than 4,300 digits: correct it.",
        "head_dim": "head_dim is missing, and hidden_size {hidden} is not a multiple of the number "
        "of heads, {heads}: add head_dim.",
        "half_latent": "kv_lora_rank is off, but {name} is {value}, which only MLA has: set "
        "kv_lora_rank, or switch both off.",
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
        "hybrid": f"According to {{name}}, layers are of several kinds, but layer_types is "
        f"missing: {WHOLE_FILE}.",
        "ratios": "compress_ratios has length {entries}, but the number of layers is {layers}: it "
        "needs one entry per layer.",
        "once": "full_attn_layers and kda_layers do not name every layer once: correct them.",
        "layer_numbers": "{name} must hold layer numbers from {first} to {last}: correct it.",
        "where": f"{{name}} is set but layer_types, which says where, is missing: {WHOLE_FILE}.",
    }
)


class ConfigError(ReadableError):
    """The cache size cannot be determined; the message names the fields and a remedy.

    `key` is one of ENGLISH's, or "" for a wrong precision or count, which is not the config's.
    """


def refusal(key: str, **values: str) -> ConfigError:
    """The error with one of ENGLISH's messages."""
    return ConfigError(ENGLISH[key].format(**values), key, values)


def whole_number(value: object, name: str, most: int, least: int = 1) -> int:
    """Return `value` if it is an int (not a bool, not 61.0) in least..most, else ConfigError."""
    if type(value) is int and least <= value <= most:
        return value
    limits = {"least": f"{least:,}", "most": f"{most:,}"}
    raise refusal("number", name=piece(name, OWNER), value=shown(value), **limits)


@dataclass
class Ledger:
    """Keeps track of how a config was read; shared by all its `Fields`.

    `owner` is the model type whose defaults apply: the family, or a wrapper with others for it.
    `read` has the paths of the fields read, `defaults` the family's defaults used, `off` the fields
    whose 0 or -1 was taken as "not set", `words` those interpreted by the words in their names,
    with the fact, `foreign` those that the family's class does not have, with the fact, `around`
    the fields of a multimodal file outside its text model, with the model type of each level,
    `unheard` those that arrange layers but that the family's class does not read, `wide` windows
    that are not shorter than the context, `own_code` whether the file brings its own class.
    """

    family: str = ""
    owner: str = ""
    read: set[str] = field(default_factory=set)
    defaults: dict[str, Any] = field(default_factory=dict)
    off: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    around: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    unheard: dict[str, Any] = field(default_factory=dict)
    wide: dict[str, int] = field(default_factory=dict)
    own_code: bool = False


class Fields:
    """A JSON object whose fields are checked as they are read. null counts as absent.

    `defaults` are the family's own and apply to fields that the file does not have. A field that is
    present but null is switched off.
    """

    def __init__(
        self,
        values: object,
        ledger: Ledger | None = None,
        defaults: Mapping[str, Any] | None = None,
        path: str = "",
    ) -> None:
        if not isinstance(values, Mapping):
            raise refusal("no_object", value=shown(values))
        self.values: Mapping[str, Any] = values
        self.ledger = Ledger() if ledger is None else ledger
        self.defaults: Mapping[str, Any] = {} if defaults is None else defaults
        self.path = path
        self._by_words: dict[str, list[str]] | None = None

    def get(self, name: str) -> Any:
        """A field's raw value, else the family's default, else None."""
        self.ledger.read.add(self.path + name)
        if name in self.values:
            return self.values[name]
        default = self.defaults.get(name)
        if default is not None:
            self.ledger.defaults[self.path + name] = default
        return default

    def owned(self, name: str) -> str:
        """The field's path, for messages; a default, which a file does not have, is called one."""
        if name in self.values or name not in self.defaults:
            return self.path + name
        return f"{name} (not in the file; the default of {self.ledger.owner})"

    def states(self, *names: str) -> bool:
        """Whether the file itself has one of these fields."""
        return any(self.values.get(name) is not None for name in names)

    def fact(
        self, fact: str, most: int = MAX_SIZE, least: int = 1, index: int | None = None
    ) -> int | None:
        """The value of one of FACTS, under any of its names; None if the file does not state it.

        A list has one entry per layer, of which the one at `index` is used; a list of windows
        repeats, as in the params.json of Mistral's models. Several names must agree.
        """
        names: Iterable[str] = self.names_of(fact)
        own = OWN_FIELD.get((self.ledger.family, fact))
        self.ledger.read |= {self.path + name for name in names}
        if own is not None:
            alias = fact in ("layers", "hidden") and self.states(*names)  # the class knows both
            if self.values.get(own) is not None or (own in self.defaults and not alias):
                names = (own,)
            self.ledger.read.add(self.path + own)
        found: dict[str, int] = {}
        for name in names:
            value = self.values.get(name)
            if index is not None and isinstance(value, list) and value:
                value = value[index % len(value)]
            if fact in MAY_BE_OFF and type(value) is int and value in (0, -1):
                if fact != "mtp":  # 0 is a plain statement here
                    self.ledger.off[self.path + name] = value
            elif value is not None:
                found[name] = whole_number(value, name, most, least)
        if len(set(found.values())) > 1:
            first = next(iter(found))
            other = next(name for name in found if found[name] != found[first])
            said = " and ".join(f"{piece(name)} {found[name]:,}" for name in (first, other))
            raise refusal("disagree", names=said)
        if found:
            self._note_foreign(fact, found)
            return next(iter(found.values()))
        if any(name in self.values for name in names):
            return None
        for name in names:
            if (default := self.defaults.get(name)) is not None:
                self.ledger.defaults[self.path + name] = default
                return whole_number(default, self.owned(name), most, least)
        return None

    def _note_foreign(self, fact: str, found: Iterable[str]) -> None:
        """Record a fact that the file states only under names of other families."""
        known = family(self.ledger.family)
        if known is None or self.path or fact in ("mtp", "chunk"):
            return
        own = {*known.names, OWN_FIELD.get((self.ledger.family, fact))}
        if all(name not in own and FACTS[fact].get(name) != MOST for name in found):
            self.ledger.foreign |= dict.fromkeys(found, fact)

    def names_of(self, fact: str) -> list[str]:
        """The names of a fact: those of the table, and those in this file that suggest it."""
        if fact not in WORDS or family(self.ledger.family) is not None:
            return list(FACTS[fact])
        found = self._stating().get(fact, ())
        if len(found) > SHOWN:
            raise refusal("not_understood", names=listed(found))
        self.ledger.words |= dict.fromkeys((self.path + name for name in found), fact)
        return [*FACTS[fact], *found]

    def _stating(self) -> dict[str, list[str]]:
        """This object's unknown names that suggest a fact, by fact; cached, as files are long."""
        if self._by_words is None:
            self._by_words = {}
            for name in self.values:
                if name not in KNOWN and (fact := by_words(name)):
                    self._by_words.setdefault(fact, []).append(name)
        return self._by_words

    def need_fact(
        self, fact: str, most: int = MAX_SIZE, least: int = 1, index: int | None = None
    ) -> int:
        """Like fact(), but a missing one is an error."""
        found = self.fact(fact, most, least, index)
        if found is None:
            raise refusal("lacks", names=next(iter(FACTS[fact])))
        return found

    def integer(self, name: str, most: int = MAX_SIZE, least: int = 1) -> int | None:
        """A whole number, or None, also for 0 and -1 where they make no sense as a number."""
        value = self.get(name)
        if value is None:
            return None
        if type(value) is int and value in (0, -1) and value < least:
            self.ledger.off[self.path + name] = value
            return None
        return whole_number(value, self.owned(name), most, least)

    def need(self, name: str, most: int = MAX_SIZE, least: int = 1) -> int:
        """Like integer(), but a missing field is an error."""
        found = self.integer(name, most, least)
        if found is not None:
            return found
        if self.get(name) is not None:
            return whole_number(self.get(name), self.owned(name), most, least)
        raise refusal("lacks", names=self.path + name)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        raise refusal("flag", name=self.path + name, value=shown(value))

    def need_flag(self, name: str) -> bool:
        if self.get(name) is None:
            raise refusal("lacks", names=name)
        return self.flag(name)

    def text(self, name: str) -> str:
        """A string field, "" when absent."""
        value = self.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise refusal("text", name=self.path + name, value=shown(value))

    def section(self, name: str) -> Fields | None:
        """A nested JSON object; an empty one counts as absent."""
        value = self.get(name)
        if value is None or value == {}:
            return None
        if not isinstance(value, Mapping):
            raise refusal("section", name=name, value=shown(value))
        return Fields(value, self.ledger, path=f"{self.path}{name}.")

    def rows(self, name: str) -> list[Any] | None:
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, list) and 0 < len(value) <= MAX_LAYERS:
            return value
        raise refusal("rows", name=piece(name), value=shown(value), most=f"{MAX_LAYERS:,}")

    def per_layer(self, name: str, layers: int) -> list[Any] | None:
        """A list with one entry per layer, without the entries for MTP layers at its end."""
        rows = self.rows(name)
        if rows is None:
            return None
        if len(rows) == layers:
            return rows
        if len(rows) != layers + (self.fact("mtp", most=MAX_LAYERS) or 0):
            raise refusal(
                "entries", name=piece(name), entries=f"{len(rows):,}", layers=f"{layers:,}"
            )
        return rows[:layers]

    def check_lists(self, layers: int) -> None:
        """Check that lists of facts have one entry per layer, or repeat evenly (windows)."""
        for fact in ("heads", "kv_heads", "head_dim", "v_head_dim", "window"):
            for name in self.names_of(fact):
                rows = self.values.get(name)
                repeats = isinstance(rows, list) and rows and not layers % len(rows)
                if isinstance(rows, list) and not (fact == "window" and repeats):
                    self.per_layer(name, layers)

    def window_field(self) -> str:
        """The name under which the file states a window; sliding_window if it states none."""
        set_ = (name for name in self.names_of("window") if self.values.get(name) not in UNSET)
        return self.path + next(set_, "sliding_window")

    def both_ways(self) -> bool:
        """Whether the model attends to later tokens, too."""
        return self.get("use_bidirectional_attention") in (True, "all") or (
            self.get("is_causal") is False
        )

    def overridden(self, changes: Mapping[str, Any]) -> Fields:
        if not changes:
            return self
        # a ChainMap instead of a copy, as there may be one per layer
        values = ChainMap(dict(changes), cast("MutableMapping[str, Any]", self.values))
        made = Fields(values, self.ledger, self.defaults, self.path)
        if KNOWN.issuperset(changes):
            made._by_words = self._stating()
        return made
