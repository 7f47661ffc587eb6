"""Writes the defaults of transformers' configuration classes: `family_defaults.json`.

    python -m tests.model.analysis.kv_size.families     # writes the file; a test compares it

A default belongs to the family if the class has it for any model size: values that follow from
other fields (a head's width from the hidden size, kinds from the number of layers) are listed as
computed if the general rule would not give the same.
"""

from __future__ import annotations

import ast
import collections
import inspect
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from model.analysis.kv_size.families import REFERENCE, VERSION, Pattern
from model.analysis.kv_size.names import (
    ARRANGES,
    FACTS,
    LAYOUT,
    MOST,
    NESTED,
    OTHER_MODELS,
    OWN_FIELD,
)
from model.analysis.kv_size.unread import harmless

GENERATE = (
    "CAUSAL_LM", "SEQ_TO_SEQ_CAUSAL_LM", "IMAGE_TEXT_TO_TEXT", "MULTIMODAL_LM",
    "SPEECH_SEQ_2_SEQ", "TEXT_TO_WAVEFORM",
)  # fmt: skip
#: They have `use_cache` from the class they were copied from, and never generate.
ENCODERS = {
    "bridgetower_text_model", "deepseek_ocr2_encoder", "embedding_gemma2",
    "embedding_gemma2_text", "esm", "eurobert", "fastspeech2_conformer",
    "fastspeech2_conformer_with_hifigan", "jina_embeddings_v3", "layoutlm", "markuplm", "neomme",
    "openai_privacy_filter", "t5gemma2_encoder", "t5gemma2_text", "ultrabert", "ultravbert",
    "vits",
}  # fmt: skip
#: They generate without keys and values of earlier tokens: recomputed, hashed or by "mems".
WITHOUT = {"openai-gpt", "xlm", "xlnet", "reformer", "flaubert"}
#: Lists whose length is the number of layers, where a class refuses other numbers.
KINDS = ("layer_types", "layers_block_type")
#: Names of facts that only some families have.
RARE = {name for names in FACTS.values() for name, who in names.items() if who != MOST}
SIZES = {name for names in FACTS.values() for name in names} | {*OWN_FIELD.values()}
FIELDS = SIZES | {*LAYOUT, *NESTED, *OTHER_MODELS}
#: Fields from whose values a class may compute others.
CHANGED = {
    "hidden_size", "n_embd", "d_model", "num_attention_heads", "n_head", "num_heads", "n_heads",
    "decoder_num_attention_heads", "num_hidden_layers", "n_layer", "num_layers",
}  # fmt: skip


def table() -> dict[str, Any]:
    """Model type -> what is known of it; see `model.analysis.kv_size.families.Family`."""
    import transformers
    from transformers import CONFIG_MAPPING
    from transformers.models.auto import modeling_auto as auto

    transformers.logging.set_verbosity_error()
    assert transformers.__version__ == VERSION
    writers: dict[str, set[str]] = {}  # model type -> its classes that write
    for name in GENERATE:
        for kind, classes in getattr(auto, f"MODEL_FOR_{name}_MAPPING_NAMES").items():
            writers.setdefault(kind, set()).update(
                [classes] if isinstance(classes, str) else classes
            )
    shared = collections.Counter(itertools.chain.from_iterable(writers.values()))
    masked = set(auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES) | {"bert-generation"}
    configs = {name: config for name in CONFIG_MAPPING if (config := made(name)) is not None}
    texts = {
        name: text.model_type
        for name, config in configs.items()
        if (text := config.get_text_config(decoder=True)) is not config
        and getattr(text, "model_type", name) != name
    }
    decoders = {
        name
        for name, config in configs.items()
        if name in writers or "use_cache" in config.to_dict()
    }
    decoders |= {texts[name] for name in decoders if name in texts}
    families: dict[str, Any] = {}
    for name, config in configs.items():
        entry: dict[str, Any] = {}
        if name not in decoders or name in ENCODERS:
            entry["cache"] = "none"
        elif name in WITHOUT:
            entry["cache"] = "other"
        elif name in masked and not config.to_dict().get("is_encoder_decoder"):
            entry["cache"] = "if is_decoder"
        if name in texts:
            entry["text"] = texts[name]
            entry |= given_to_text(name, config)
        if entry.get("cache") != "none":
            constant, computed = defaults(name, config)
            if constant:
                entry["defaults"] = constant
            pattern = next((fit(name, one) for one in KINDS if one in computed), None)
            if pattern is not None:
                entry["pattern"] = pattern
            if computed:
                entry["computed"] = computed
            own = [field for field in config.to_dict() if not (field in FIELDS or harmless(field))]
            if own:
                entry["own"] = sorted(own)
            aliases = config.attribute_map
            names = RARE.intersection((*config.to_dict(), *aliases, *aliases.values()))
            if names:
                entry["names"] = sorted(names)
            called = (
                f"{name.replace('_', '')}for"  # of several, the one that the class is called by
            )
            if classes := sorted(
                one
                for one in writers.get(name, ())
                if shared[one] == 1 or one.lower().startswith(called)
            ):
                entry["classes"] = classes
            if arranges := arranged_by(config):
                entry["arranges"] = arranges
            if "kv_lora_rank" not in config.to_dict():
                ignored = sorted({*computed_anyway(name, config), *never_read(config)})
                if ignored:
                    entry["ignores"] = ignored
        families[name] = entry
    return families


def arranged_by(config: Any) -> list[str]:
    """The fields of ARRANGES that a class reads: those it has, and older names that it accepts."""
    classes = [cls for cls in type(config).__mro__ if cls.__module__.startswith("transformers.mod")]
    code = "".join(inspect.getsource(cls) for cls in classes)
    there = {*config.to_dict(), *config.attribute_map, *config.attribute_map.values()}
    return sorted(
        name
        for name in ARRANGES
        if name in there or re.search(rf"[\"'.]{name}\b", code) is not None
    )


def computed_anyway(name: str, config: Any) -> list[str]:
    """The sizes that a class computes whatever a file says; windows may just be switched off."""
    plain = config.to_dict()
    said = {
        field: value * 2
        for field, value in plain.items()
        if field in SIZES - {*FACTS["window"]} and type(value) is int and value > 0
    }
    variants = {field: made(name, **{field: value}) for field, value in said.items()}
    return sorted(
        field
        for field, variant in variants.items()
        if variant is not None and variant.to_dict()[field] == plain[field]
    )


def never_read(config: Any) -> list[str]:
    """The usual names of a head's width and of KV heads, where no code of the family has them.

    Rotary embeddings do not count: in StableLM and others only they read a head's width.
    """
    there = {*config.to_dict(), *config.attribute_map, *config.attribute_map.values()}
    folder = Path(inspect.getfile(type(config))).parent
    code = "".join(map(_without_rotary, folder.glob("modeling_*.py")))
    return [
        name
        for name in ("head_dim", "num_key_value_heads")
        if name not in there and not re.search(rf"config(\.|, [\"']){name}\b", code)
    ]


def _without_rotary(path: Path) -> str:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and "Rotary" in node.name:
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(lines)


def given_to_text(name: str, config: Any) -> dict[str, dict[str, Any]]:
    """A wrapper's own defaults for its text model, for files without all or part of its object."""
    text = config.get_text_config(decoder=True)
    key = next((key for key in config.sub_configs if getattr(config, key, None) is text), "")
    part = made(name, **{key: {"use_cache": True}}) if key else None
    found = {"absent": text, "inside": part and part.get_text_config(decoder=True)}
    changes = {
        how: beyond(one.to_dict(), text.model_type)
        for how, one in found.items()
        if one is not None and one.model_type == text.model_type
    }
    return {how: fields for how, fields in changes.items() if fields}


def beyond(own: dict[str, Any], model_type: str) -> dict[str, Any]:
    """The fields that make a class give this config, without those that follow from them."""
    fields: dict[str, Any] = {}
    for _ in range(2):  # a width that the class would now compute from the others
        plain = made(model_type, **fields).to_dict()
        fields |= {
            field: value
            for field, value in sorted(own.items())
            if field in FIELDS - {*FACTS["mtp"], *KINDS}
            and not isinstance(value, dict)
            and value != plain.get(field)
        }
    return fields


def made(name: str, **fields: Any) -> Any:
    """A config of a class with these fields; None if the class refuses them."""
    from transformers import CONFIG_MAPPING

    try:
        config = CONFIG_MAPPING[name](**fields)
        config.to_dict()
    except Exception:  # each class has its own ways to refuse
        return None
    return config


def defaults(name: str, config: Any) -> tuple[dict[str, Any], list[str]]:
    """The fields that are the same for every size, and those that no general rule gives."""
    own = config.to_dict()
    switched = made(name, use_sliding_window=True) if "use_sliding_window" in own else None
    if switched is not None and not own.get("sliding_window"):
        own["sliding_window"] = switched.to_dict()["sliding_window"]
    found = {
        field: value
        for field, value in own.items()
        if field in FIELDS - set(FACTS["mtp"])
        and value is not None
        and value is not False
        and value != []
    }
    switch = {} if switched is None else {"use_sliding_window": True}
    variants = [variant.to_dict() for variant in varied(name, own, switch)]
    constant = {
        field: value
        for field, value in found.items()
        if not isinstance(value, dict)
        and field not in KINDS
        and all(variant.get(field) in (value, other(field, value)) for variant in variants)
    }
    general = {"head_dim", "num_key_value_heads", "num_hidden_layers", *general_only(name)}
    computed = sorted(set(found) - set(constant) - general)
    return dict(sorted(constant.items())), computed


def general_only(name: str) -> set[str]:
    """The fields that follow from others by rules that the reader implements itself."""
    return {"qk_head_dim", "num_layers", "n_layer"} if name == "longcat_flash" else {"qk_head_dim"}


def fit(name: str, field: str) -> dict[str, Any] | None:
    """The pattern that gives the class's layer kinds for every number of layers."""
    found = {
        layers: list(kinds)
        for layers in (*range(6, 41), 48, 61, 64, 78)
        if (made_one := made(name, num_hidden_layers=layers)) is not None
        and len(kinds := made_one.to_dict()[field] or []) == layers
    }
    longest = found.get(40, [])
    for first, size, last, end in itertools.product(range(4), range(1, 9), (0, 1), (False, True)):
        if not longest or (first and end):
            continue
        cycle = longest[-size:] if end else longest[first : first + size]
        one = Pattern(cycle, longest[:first], longest[-1] if last else "", end)
        if all(one.kinds(layers) == kinds for layers, kinds in found.items()):
            given = {"first": one.first, "last": one.last, "from_end": end}
            return {"cycle": cycle} | {key: value for key, value in given.items() if value}
    return None


def varied(name: str, own: dict[str, Any], switch: dict[str, Any]) -> Iterator[Any]:
    """The class with other sizes: fields that change with them are not constants."""
    for field, factor in (*((field, 2) for field in sorted(CHANGED)), ("num_hidden_layers", 3)):
        value = own.get(field)
        if isinstance(value, int) and value:
            variant = made(name, **{field: value * factor}, **switch)
            if variant is not None:
                yield variant


def other(field: str, value: Any) -> Any:
    """The value of the field that was varied itself."""
    return _Any() if field in CHANGED else value


class _Any:
    """Equal to every number."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int)

    def __hash__(self) -> int:
        return 0


def write() -> None:
    """Write the reference file, one family per line."""
    rows = [f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in table().items()]
    REFERENCE.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write()
