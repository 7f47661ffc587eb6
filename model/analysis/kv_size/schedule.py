"""The kind of each layer, from the lists, patterns and periods in a config.json.

The rules are those of the configuration classes of transformers 5.23 (models/*/configuration_*.py)
and, for the raw names they replace, of the files on the model hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from model.analysis.kv_size import families
from model.analysis.kv_size.fields import MAX_LAYERS, UNSET, Fields, refusal, whole_number
from model.analysis.kv_size.harmless import ELSEWHERE
from model.analysis.kv_size.hybrids import HYBRID_FAMILIES, periodic
from model.analysis.kv_size.kinds import KINDS, indices, translate
from model.analysis.kv_size.names import FACTS, KINDS_OF_LAYERS, STATE_SIZES, STATE_WIDTHS
from model.analysis.kv_size.show import piece, shown

LAYER_LISTS = ("layer_types", "layers_block_type", "attn_type_list", "block_configs", "mixer_types")

#: MiniCPM-SALA's and other files' "mixer_types".
MIXERS = {
    **KINDS, "minicpm4": "full", "attn": "full", "full": "full", "softmax": "full",
    "lightning": "linear", "lightning-attn": "linear", "lightning_attn": "linear",
    "linear": "linear", "kda": "linear", "gdn": "linear", "mamba2": "mamba",
}  # fmt: skip
#: Kinds under which two lists may name the same layer: "linear_attention" is also said of Mamba.
SAME = {"mamba": "linear"}
NEMOTRON_LETTERS = {"*": "full", "M": "mamba", "-": "none", "E": "none"}
NEMOTRON = "hybrid_override_pattern"
V4_RATIOS = {0: "sliding", 4: "CSA", 128: "HCA"}  # a DeepSeek-V4 config.json's compress_ratios

# families whose Mamba layers transformers writes as "linear_attention"
MAMBA_FAMILIES = {
    "bamba", "falcon_h1", "granitemoehybrid", "jamba", "nemotron_h", "zamba", "zamba2",
}  # fmt: skip
# families in which every layer slides if sliding_window is set
ALL_SLIDING = {
    "ministral3", "mistral", "mixtral", "moshi", "phi3", "phi4_multimodal", "phimoe", "qwen3_moe",
    "starcoder2",
}  # fmt: skip
#: Families whose layers attend to a window but cache everything.
KEEP_ALL = {"gpt_neo"}
# every n-th layer is full, the others slide: the default of the family's configuration class
FULL_EVERY = {
    "gemma2": 2, "gpt_oss": 2, "cohere2": 4, "exaone4": 4, "olmo3": 4, "gemma3n_text": 5,
    "gemma3": 6, "gemma3_text": 6, "gemma4_text": 6,
}  # fmt: skip
#: Families whose layers slide starting at max_window_layers.
FROM_A_LAYER_ON = {
    "dots1", "qwen2", "qwen2_5_omni_talker", "qwen2_5_omni_text", "qwen2_5_vl_text",
    "qwen2_vl_text", "qwen3",
}  # fmt: skip
#: Families whose layer kinds follow from known fields, without a list.
OWN_RULES = {
    *FULL_EVERY, *ALL_SLIDING, *KEEP_ALL, *FROM_A_LAYER_ON, "llama4_text", "qwen2_moe",
    "deepseek_v32", "mimo_v2_flash", "afmoe",
}  # fmt: skip


def layer_count(fields: Fields) -> int | None:
    """The number of layers that may have a cache; None if the file has neither count nor list."""
    if fields.ledger.family == "hrm_text" and not fields.states("num_hidden_layers"):
        raise refusal("lacks", names="num_hidden_layers")
    if fields.ledger.family == "hrm_text":
        fields.ledger.read |= {"H_cycles", "L_cycles"}
    if fields.ledger.family == "hrm_text" and fields.get("num_layers_per_stack") is None:
        stack = fields.need_fact("layers", most=MAX_LAYERS)  # it is run several times
        low, high = fields.need("L_cycles", most=100), fields.need("H_cycles", most=100)
        return whole_number(stack * high * (low + 1), "num_hidden_layers", most=MAX_LAYERS)
    if fields.ledger.family == "huginn_raven":  # its middle block is run several times
        ends = fields.need("n_layers_in_prelude") + fields.need("n_layers_in_coda")
        block, passes = fields.need("n_layers_in_recurrent_block"), fields.need("mean_recurrence")
        fields.fact("layers")  # read but ignored
        return whole_number(ends + block * passes, "mean_recurrence", most=MAX_LAYERS)
    if fields.ledger.family.startswith("longcat_flash"):
        blocks = fields.integer("num_layers", most=MAX_LAYERS // 2)
        total = fields.integer("num_hidden_layers", most=MAX_LAYERS)
        return total if blocks is None else 2 * blocks
    decoder = fields.fact("decoder_layers", most=MAX_LAYERS)
    if decoder is not None:
        fields.ledger.read |= {fields.path + name for name in FACTS["layers"]}
        return decoder
    number = fields.fact("layers", most=MAX_LAYERS)
    if number is not None:
        return number
    listed = next((rows for name in LAYER_LISTS if (rows := fields.rows(name))), None)
    return len(listed or _letters(fields)) or None


def passes(fields: Fields) -> int:
    """How often the layers are gone through, each time with a cache of their own (Ouro)."""
    return fields.need("total_ut_steps", most=100) if fields.ledger.family == "ouro" else 1


def _letters(fields: Fields) -> Sequence[Any]:
    """Nemotron-H's pattern, a text or a list of its letters; empty if the file has none."""
    if isinstance(fields.get(NEMOTRON), list):
        return fields.rows(NEMOTRON) or []
    return fields.text(NEMOTRON)


def active_window(fields: Fields, index: int | None = None) -> int | None:
    """The number of tokens a sliding layer caches; None if the file switches the window off."""
    family = fields.ledger.family
    known = families.family(family)
    # The classes that have this switch leave it off by default, except that of dots.note.
    switch = family.startswith("qwen") if known is None else "use_sliding_window" in known.arranges
    if not fields.flag("use_sliding_window", default=not switch or family == "dots3_note_text"):
        off = (*FACTS["window"], "max_window_layers", "sliding_window_pattern")
        fields.ledger.read |= {fields.path + name for name in off}
        return None
    if family.startswith("mimo_v2") and not fields.states("sliding_window"):
        # The hub's file counts the earlier tokens only; transformers adds the query itself.
        earlier = fields.integer("sliding_window_size")
        if earlier is not None:
            return earlier + 1
    window = fields.fact("window", index=index)
    if family == "modernbert-decoder" and not fields.states("sliding_window"):
        both_sides = fields.integer("local_attention")
        window = None if both_sides is None else both_sides // 2
    both_ways = fields.get("use_bidirectional_attention") in (True, "all")
    if window is not None and both_ways and "gemma" in family:
        return window // 2 + 1  # the other half looks ahead (transformers' Gemma3TextConfig)
    return window


def layer_kinds(fields: Fields, layers: int) -> list[str]:
    """The kind of each layer, by a list, a period or a pattern in the file, in this order.

    Raises ConfigError if the model is a hybrid and the file does not say which layers attend.
    """
    kinds = _listed(fields, layers)
    if kinds is not None:
        told = (*KINDS_OF_LAYERS, *FACTS["chunk"])
        fields.ledger.read |= {fields.path + name for name in told}
    kinds = kinds or periodic(fields, layers)
    family = fields.ledger.family
    if kinds is None and family not in OWN_RULES:
        kinds = _of_class(fields, layers)
    if kinds is None:
        clues = [name for name in STATE_SIZES if fields.get(name) is not None]
        clues += [family] if family in HYBRID_FAMILIES else []
        if families.family(family) is None and family not in ELSEWHERE:
            clues += [name for name in STATE_WIDTHS if fields.states(name)]
        if clues:
            raise refusal("hybrid", name=clues[0])
        kinds = _sliding(fields, layers)
    # the sizes of states no longer matter, as the kinds tell which layers have one
    fields.ledger.read |= {fields.path + name for name in STATE_SIZES}
    if family in MAMBA_FAMILIES:
        kinds = ["mamba" if kind == "linear" else kind for kind in kinds]
    crossed = _crossed(fields, layers)
    return ["cross" if index in crossed else kind for index, kind in enumerate(kinds)]


def _of_class(fields: Fields, layers: int) -> list[str] | None:
    """The layer kinds of the family's class, which apply if the file does not determine them."""
    known = families.family(fields.ledger.family)
    if known is None or known.pattern is None:
        return None
    idle = _idle_switches(fields, known)
    for name in KINDS_OF_LAYERS:
        said = fields.values.get(name)
        if said is not None and said != known.defaults.get(name) and name not in idle:
            return None  # the file has a rule of its own
        fields.ledger.read.add(fields.path + name)
    kinds = known.pattern.kinds(layers)
    fields.ledger.defaults["layer_types"] = kinds
    return [translate(kind, KINDS, "layer_types") for kind in kinds]


def _idle_switches(fields: Fields, known: families.CacheFamily) -> set[str]:
    """Window switches without effect: the class does not have them, or no sliding layers."""
    slides = known.pattern is not None and any("sliding" in kind for kind in known.pattern.cycle)
    idle = {"max_window_layers"} - set(known.defaults)
    return idle if slides or fields.flag("use_sliding_window") else {*idle, "use_sliding_window"}


def _crossed(fields: Fields, layers: int) -> set[int]:
    """The layers that attend to an image only (Llama-3.2 Vision)."""
    if fields.get("cross_attention_layers") is None:
        return set()
    if fields.defaults.get("cross_attention_layers") and not fields.states(
        "cross_attention_layers"
    ):
        return {index for index in fields.get("cross_attention_layers") if index < layers}
    return indices(fields, "cross_attention_layers", 0, layers - 1)


def _listed(fields: Fields, layers: int) -> list[str] | None:
    """The layer kinds by a list of all layers, which takes precedence over patterns.

    Several lists must agree.
    """
    found: dict[str, list[str]] = {}
    letters = _letters(fields)
    if letters:
        if len(letters) != layers:
            entries = f"{len(letters):,}"
            raise refusal("entries", name=NEMOTRON, entries=entries, layers=f"{layers:,}")
        found[NEMOTRON] = [translate(row, NEMOTRON_LETTERS, NEMOTRON) for row in letters]
    lists: dict[str, dict[Any, str]] = {
        "layer_types": KINDS,
        "layers_block_type": KINDS,
        "mixer_types": MIXERS,
        "attn_type_list": {0: "linear", 1: "full"},  # MiniMax
        "hybrid_layer_pattern": {0: "full", 1: "sliding"},  # MiMo
        "sliding_window_layout": {0: "full", 1: "sliding"},  # SmallThinker
    }
    for name, names in lists.items():
        rows = fields.per_layer(name, layers)
        if rows is not None:
            found[name] = [translate(row, names, name) for row in rows]
    if found:
        first, *others = found
        plain = [SAME.get(kind, kind) for kind in found[first]]
        for name in others:
            if [SAME.get(kind, kind) for kind in found[name]] != plain:
                raise refusal("disagree", names=f"{first} and {name}")
        return found[first]
    ratios = fields.rows("compress_ratios")
    if ratios is not None:
        # The list continues with the MTP layers, which transformers cuts off.
        if len(ratios) < layers:
            raise refusal("ratios", entries=f"{len(ratios):,}", layers=f"{layers:,}")
        return [translate(row, V4_RATIOS, "compress_ratios") for row in ratios[:layers]]
    return _by_windows(fields, layers)


def _by_windows(fields: Fields, layers: int) -> list[str] | None:
    """The layer kinds by a list of windows, one per layer or repeated (Ministral); null is full."""
    if fields.ledger.family == "phi4flash":  # here null may also mean Mamba
        return None
    for name in fields.names_of("window"):
        rows = fields.values.get(name)
        if not isinstance(rows, list):
            continue
        fields.ledger.read.add(fields.path + name)
        windows = [rows[index % len(rows)] for index in range(layers)]
        return ["full" if window in UNSET else "sliding" for window in windows]
    return None


def _sliding(fields: Fields, layers: int) -> list[str]:
    """The layer kinds of a model with attention in every layer: full, sliding, or a pattern."""
    family = fields.ledger.family
    if family in ("llama4", "llama4_text"):
        return _llama4(fields, layers)
    known = families.family(family)
    # In transformers' DynamicCache, all layers of a class without a list of kinds slide by its
    # window or, if it has none, by its chunk.
    everywhere = known is not None and "layer_types" not in known.computed
    if family in KEEP_ALL or active_window(fields) is None:
        fields.ledger.read |= {"max_window_layers", "sliding_window_pattern"}
        if known is not None and (not everywhere or family in KEEP_ALL):
            return ["full"] * layers
        chunk = fields.fact("chunk")
        if chunk is not None and known is None:
            raise refusal("where", name="attention_chunk_size")
        return ["full" if chunk is None else "chunked"] * layers
    if family.startswith("mimo_v2"):
        full = {i for i in range(layers) if i == 0 or (i + 1) % 6 == 0}
        return ["full" if i in full else "sliding" for i in range(layers)]
    if family == "modernbert-decoder":  # the first layer of every group is full
        size = fields.integer("global_attn_every_n_layers", most=MAX_LAYERS) or 3
        return ["sliding" if i % size else "full" for i in range(layers)]
    letters = fields.get("sliding_window_pattern")
    if isinstance(
        letters, str
    ):  # Exaone 4: local and global as in "LLLG"; the last layer is global
        if not letters or not set(letters) <= {"L", "G"}:
            raise refusal(
                "entry", name="sliding_window_pattern", value=shown(letters), known="L, G"
            )
        cycle = ["sliding" if letter == "L" else "full" for letter in letters]
        return [*(cycle[i % len(cycle)] for i in range(layers - 1)), "full"]
    every = next(
        (
            number
            for name in (
                "sliding_window_pattern",
                *(["_sliding_window_pattern"] if not family.startswith("gemma3") else []),
                *(["global_attn_every_n_layers"] if family == "afmoe" else []),
            )
            if (number := fields.integer(name, most=MAX_LAYERS)) is not None
        ),
        FULL_EVERY.get(family),
    )  # fmt: skip
    if every is not None:
        kinds = ["sliding" if (i + 1) % every else "full" for i in range(layers)]
        # Gemma-4's class makes the last layer full whatever the pattern says.
        return [*kinds[:-1], "full"] if family == "gemma4_text" else kinds
    if family in FROM_A_LAYER_ON:
        first = fields.need("max_window_layers", most=MAX_LAYERS, least=0)
        return ["sliding" if i >= first else "full" for i in range(layers)]
    if family == "qwen2_moe":
        below = fields.need("max_window_layers", most=MAX_LAYERS, least=0)
        return ["sliding" if i % 2 == 0 and i < below else "full" for i in range(layers)]
    if family in ALL_SLIDING or everywhere:
        return ["sliding"] * layers
    if _within_window(fields):
        return ["full"] * layers
    raise refusal("where", name=piece(fields.window_field()))


def _within_window(fields: Fields) -> bool:
    """Whether the context is no longer than the window, which then matters in no layer."""
    window, context = active_window(fields), fields.get("max_position_embeddings")
    if window is None or type(context) is not int or not 0 < context <= window:
        return False
    fields.ledger.wide[fields.window_field()] = window
    return True


def _llama4(fields: Fields, layers: int) -> list[str]:
    """Llama 4: layers with RoPE attend to a chunk, those without to everything."""
    if fields.fact("chunk") is None:
        return ["full"] * layers
    listed = None if fields.get("no_rope_layers") == [] else fields.per_layer(
        "no_rope_layers", layers
    )  # fmt: skip
    if listed is not None:
        names = {0: "full", 1: "chunked"}
        return [translate(row, names, "no_rope_layers") for row in listed]
    every = fields.integer("no_rope_layer_interval", most=MAX_LAYERS) or 4
    return ["chunked" if (i + 1) % every else "full" for i in range(layers)]
