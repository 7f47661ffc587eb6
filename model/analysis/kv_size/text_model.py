"""Which object of a config.json is the model with the KV cache; models that have none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from model.analysis.kv_size.families import family as known_family
from model.analysis.kv_size.families import family_of
from model.analysis.kv_size.fields import UNSET, Fields, Ledger, refusal
from model.analysis.kv_size.hybrids import HYBRID_FAMILIES
from model.analysis.kv_size.layer import is_latent
from model.analysis.kv_size.names import ARRANGES, NESTED
from model.analysis.kv_size.show import piece, shown

ENCODERS = {
    "albert", "bert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "roberta",
    "xlm-roberta", "nomic_bert", "new", "clip",
}  # fmt: skip
#: Families outside of transformers with rules that are not supported.
RULES = {
    "yoco": "layers that share one cache",
    "hymba": "memory tokens, shared layers and values of their own width",
    "rwkv_hybrid": "layers of several kinds",
}
#: Families that cache hidden states of earlier tokens instead of keys and values.
MEMORIES = {"transfo-xl"}
#: Families that denoise a whole text at once and keep no keys and values (arXiv 2502.09992 and
#: 2508.15487).
DENOISE = {"llada", "Dream"}
#: Families that draft for another model and read its cache.
ASSISTANTS = {"gemma4_assistant", "gemma4_unified_assistant"}
SEVERAL = {"blt", "bark", "rag", "pi0"}
#: Encoder classes, for files whose model_type is not known.
ENCODES = re.compile(
    r"\w+ForMaskedLM$|(Albert|Bert|Camembert|Deberta|DebertaV2|DistilBert|Electra|ModernBert|"
    r"Roberta|XLMRoberta|NomicBert|CLIP|Siglip|ViT|Dinov2|Wav2Vec2)(\w*Model|For\w+)$"
)
GENERATES = re.compile(
    r"(CausalLM|ConditionalGeneration|LMHead\w*|ForGeneration|ForImageTextTo\w*)$"
)


def text_model(config: Mapping[str, Any]) -> Fields:
    """The fields of the model that has the KV cache, with its family's defaults."""
    fields = Fields(config)
    family = fields.text("model_type") or _of_architectures(fields)
    around: list[tuple[str, Mapping[str, Any]]] = []
    owner, own = "", dict[str, Any]()  # a wrapper's defaults for its text model
    while (inner := _nested(fields)) is not None:
        around.append((family, fields.values))
        if (known := known_family(family)) is not None and known.inside:
            owner, own = family, {**known.inside}
        fields = inner
        family = fields.text("model_type") or (known.text or family if known else "")
    known = known_family(family)
    if known is not None and known.text:  # the object for the text model is missing or empty
        empty = any(fields.values.get(name) == {} for name in NESTED)
        if changes := known.inside if empty else known.absent:
            owner, own = family, {**changes}
        family, known = known.text, known_family(known.text)
    ledger = Ledger(family, owner or family, read={"model_type"}, around=around)
    defaults = {**(known.defaults if known else {}), **own}
    defaults = {name: value for name, value in defaults.items() if value is not None}
    values = dict(fields.values)
    # Models with code of their own, and hybrids with their original names, use more fields.
    if known is not None and "auto_map" not in config and family not in HYBRID_FAMILIES:
        deaf = {*ARRANGES} - {*known.arranges}
        if not _own_class(fields):
            deaf |= {*known.ignores}
        ledger.unheard = {name: values.pop(name) for name in sorted(deaf & {*values})}
    ledger.own_code = "auto_map" in config and _own_class(fields)
    made = Fields(values, ledger, defaults)
    if made.defaults.get("kv_lora_rank") is not None and not is_latent(made):
        for name in ("qk_rope_head_dim", "qk_nope_head_dim"):
            if fields.values.get("use_mla") is not False and values.get(name) not in UNSET:
                raise refusal("half_latent", name=name, value=shown(values[name]))
        ledger.defaults.clear()  # the file switches off the MLA of its class's defaults
        made = Fields(values, ledger)
    return made


def _first_architecture(fields: Fields) -> str:
    named = fields.values.get("architectures")
    first = named[0] if isinstance(named, list) and named else None
    return first if isinstance(first, str) else ""


def _of_architectures(fields: Fields) -> str:
    """The model type by the first architecture in a file; "" if that is not known."""
    return family_of(_first_architecture(fields))


def _own_class(fields: Fields) -> bool:
    """Whether a file names a class that generates and that transformers does not have (Grok 2)."""
    first = _first_architecture(fields)
    return GENERATES.search(first) is not None and not family_of(first)


def _nested(fields: Fields) -> Fields | None:
    """The object for the text model, or None; a value of the wrong type is refused."""
    for name in NESTED:
        value = fields.values.get(name)
        if isinstance(value, Mapping) or (value is not None and name.endswith("_config")):
            section = fields.section(name)
            if section is not None:
                return Fields(section.values)
    return None


def refuse_without_cache(fields: Fields, whole: Fields) -> None:
    """Refuse models that keep no keys and values; `whole` is the file around the text model."""
    family = fields.ledger.family
    if (several := whole.text("model_type")) in SEVERAL:
        raise refusal("several", family=several)
    if family in RULES:
        raise refusal("unknown", name=family, what=RULES[family])
    # Two models are called glm: this one is of 2022 (arXiv 2103.10360).
    if family in MEMORIES | DENOISE or (
        family == "glm" and fields.states("block_position_encoding")
    ):
        raise refusal("no_keys", family=family)
    if several in ASSISTANTS:
        raise refusal("assistant", family=several)
    outer = known_family(whole.text("model_type"))
    known = known_family(family)
    decoder = fields.flag("is_decoder") or whole.flag("is_decoder")
    for one, name in ((outer, whole.text("model_type")), (known, family)):
        if one is not None and one.cache == "none":
            raise refusal("no_decoder", family=name)
        if one is not None and one.cache == "other":
            raise refusal("no_keys", family=name)
    if not decoder and (family in ENCODERS or (known is not None and known.cache != "yes")):
        raise refusal("encoder", family=family)
    drawn = whole.values.get("_class_name")
    if isinstance(drawn, str) and not family and not fields.ledger.around:
        raise refusal("no_decoder", family=piece(drawn))
    generates = whole.get("architectures")
    named = isinstance(generates, list)
    classes = [one for one in generates if isinstance(one, str)] if named else []
    encodes = named and not any(map(GENERATES.search, classes))
    if known is None and not decoder and encodes and any(map(ENCODES.match, classes)):
        raise refusal("encoder", family=piece(classes[0]))
    if classes and all(one.endswith("EncoderModel") for one in classes):  # half of a T5
        raise refusal("encoder", family=piece(classes[0]))
    if fields.both_ways() and generates and encodes:
        raise refusal("both_ways")
