"""Every causal family of transformers: the sizes agree with the real cache of a tiny model.

Then each field of each config is left out: the answer must be that of the family's class, with a
note on the defaults used, or a refusal. Another answer without a note is a fault.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from model.analysis.kv_size import CacheSpec, ConfigError, cache_spec
from model.analysis.kv_size.families import REFERENCE, family
from model.analysis.kv_size.names import FACTS, LAYOUT
from tests.model.analysis.kv_size import families, tiny

WINDOW = 5
SHORT, LONG = WINDOW - 2, 2 * WINDOW + 2  # contexts below and beyond the window
STATES = {"mamba", "mamba2", "falcon_mamba", "rwkv"}
WITHOUT = {"openai-gpt", "xlm", "xlnet"}
FIELDS = sorted({name for names in FACTS.values() for name in names} | set(LAYOUT))
LETTERS = ("ab", "c", "de", "f", "g", "hijk", "l", "m", "no", "pq", "rstuvwxyz")

pytestmark = pytest.mark.sweep


def faults_of(name: str) -> list[str]:
    """The lengths at which a family's real cache and the arithmetic differ."""
    made = tiny.config(name)
    if name in WITHOUT:
        with pytest.raises(ConfigError, match="without a KV cache"):
            cache_spec(made.to_dict())
        return [] if tiny.filled(made, LONG) is None else [f"{name} has a cache"]
    spec = cache_spec(made.to_dict())
    said = {note.key for note in spec.notes} & {"not_read", "may_matter", "new_family", "foreign"}
    faults = [f"{name}: {key}" for key in said]
    for tokens in (SHORT, LONG):
        cache = tiny.filled(made, tokens)
        if cache is None:  # a state, or a cache that the model keeps to itself
            if spec.elements(tokens) and name != "recurrent_gemma":
                faults.append(f"{name} keeps no cache")
            continue
        kept = tokens + (made.prompt_length if name == "cpmant" else 0)
        real, counted = tiny.elements(cache, name), tiny.expected(spec, kept)
        if real != counted:
            faults.append(f"{name} at {tokens} tokens: {real} elements, counted {counted}")
    return faults


@pytest.mark.parametrize("letters", LETTERS)
def test_a_tiny_models_cache(letters: str) -> None:
    names = [name for name in tiny.causal() if name[0] in letters]
    assert names
    assert [fault for name in names for fault in faults_of(name)] == []


def test_the_sweep_leaves_out_what_it_says() -> None:
    assert sum(len([n for n in tiny.causal() if n[0] in letters]) for letters in LETTERS) == len(
        tiny.causal()
    )
    assert len(tiny.causal()) > 150


def answer(config: dict[str, Any]) -> CacheSpec | None:
    try:
        return cache_spec(config)
    except ConfigError:
        return None


def silent(name: str, field: str, spec: CacheSpec) -> bool:
    """Whether a class's own default was used without a note; general rules need none."""
    known = family(name)
    owns = known is not None and known.defaults.get(field) is not None
    return owns and not any(note.key == "defaults" for note in spec.notes)


@pytest.mark.parametrize("letters", LETTERS)
def test_each_field_left_out(letters: str) -> None:
    faults, compared = [], 0
    table = json.loads(REFERENCE.read_text(encoding="utf-8"))
    for name in tiny.causal():
        if name[0] not in letters or "cache" in table[name]:
            continue
        whole = json.loads(json.dumps(tiny.config(name).to_dict(), default=str))
        for field in FIELDS:
            if field not in whole:
                continue
            rest = {key: value for key, value in whole.items() if key != field}
            found = answer(rest)
            made = families.made(name, **rest)
            if found is None or made is None:
                continue
            right = answer(json.loads(json.dumps(made.to_dict(), default=str)))
            compared += 1
            if right is None or found.layers != right.layers:
                faults.append(f"{name} without {field}")
            elif found.layers != cache_spec(whole).layers and silent(name, field, found):
                faults.append(f"{name} without {field}: in silence")
    assert faults == []
    assert compared > 20


WRAPPERS = (
    "aya_vision", "gemma3", "gemma4", "glm4v", "idefics3", "internvl", "kimi_k25", "llama4",
    "llava", "mistral3", "mllama", "paligemma", "qwen2_5_vl", "qwen3_5", "qwen3_vl", "smolvlm",
)  # fmt: skip


@pytest.mark.parametrize("name", WRAPPERS)
def test_vision_wrappers(name: str) -> None:
    """The size is that of the text model's cache, whatever is around it."""
    from transformers import CONFIG_MAPPING, DynamicCache

    config = CONFIG_MAPPING[name]()
    spec = cache_spec(config.to_dict())
    text = config.get_text_config(decoder=True)
    assert spec.layers == cache_spec(text.to_dict()).layers
    kinds = [type(layer).__name__ for layer in DynamicCache(config=config).layers]
    assert len(kinds) == len(spec.layers)
    for layer, kind in zip(spec.layers, kinds, strict=True):
        assert (layer.window is not None) == ("Sliding" in kind)
    # A text_config without its own model_type is that of the wrapper's text model.
    bare = json.loads(json.dumps(config.to_dict(), default=str))
    if isinstance(bare.get("text_config"), dict):
        del bare["text_config"]["model_type"]
        assert cache_spec(bare).layers == spec.layers


@pytest.mark.parametrize("part", [None, {}, {"num_hidden_layers": 3}, {"num_key_value_heads": 1}])
def test_a_wrapper_without_its_text_model_or_with_a_part_of_it(part: dict[str, Any] | None) -> None:
    faults, compared = [], 0
    table = json.loads(REFERENCE.read_text(encoding="utf-8"))
    for name in (name for name, entry in table.items() if "text" in entry and "cache" not in entry):
        wrapper = families.made(name)
        key = "text_config" if "text_config" in wrapper.sub_configs else "decoder_config"
        made = wrapper if part is None else families.made(name, **{key: dict(part)})
        found = answer({"model_type": name} | ({} if part is None else {key: part}))
        if made is None or found is None or key not in wrapper.sub_configs:
            continue
        compared += 1
        text = json.loads(json.dumps(made.get_text_config(decoder=True).to_dict(), default=str))
        right = answer(text)
        # Mllama's default layers for images may be beyond the last, which its class lets pass.
        if name != "mllama" and (right is None or right.layers != found.layers):
            faults.append(name)
    assert faults == []
    assert compared > 40


def test_the_reference_file_is_what_the_classes_say() -> None:
    assert json.loads(json.dumps(families.table())) == json.loads(
        REFERENCE.read_text(encoding="utf-8")
    )
