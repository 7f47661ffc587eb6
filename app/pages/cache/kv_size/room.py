"""The calculator of the Latent cache page: published models, and any config.json."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from app.core.assets import sources
from app.core.errors import InputError, in_words
from app.core.texts import t
from app.pages.cache import figures
from app.pages.cache.kv_size import capacity, configs, words
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.number_field import NumberField
from app.ui.plain import plain
from app.ui.table import folded_table, table, whose
from app.ui.url_choice import url_choices
from model.analysis import parameter_count

DEFAULT = (
    "DeepSeek-V3 / R1 (671B)",
    "DeepSeek-V3 as plain MHA, d_h 128 (hypothetical)",
    "Llama-3.1-405B",
    "Qwen2.5-72B",
    "Gemma-3-27B",
    "Llama-3.1-8B / R1-Distill-Llama-8B",
)
MAX_OWN = 8
STOPS = (*(2**power for power in range(24)), configs.MAX_TOKENS)  # of the slider
GIB = 2**30
BATCH = NumberField("kv_size.batch", 1, configs.MAX_BATCH)
CONTEXT = NumberField("kv_size.context", 1, configs.MAX_TOKENS)
COUNTED = "DeepSeek-V3"
#: URL keys of this room's inputs.
URL_KEYS = (
    *("c_models", "c_context", "c_batch", "c_dtype", "c_log"),
    *("c_gpu", "c_gpus", "c_weights", "c_replace"),
)

# Session: "c_own": the viewer's own models by name; "c_own_errors": messages about those
# added last, shown until others are added.


def add() -> None:
    """Add what was pasted and uploaded; an invalid config is reported and changes nothing."""
    state = st.session_state
    pasted = [(state.c_paste, "")] if (state.c_paste or "").strip() else []
    uploaded = [(file.getvalue(), file.name) for file in state.c_files or []]
    problems: list[tuple[str, str]] = []
    if not pasted and not uploaded:
        problems.append(("", t("kv_size.config_empty")))
    for raw, file_name in (*pasted, *uploaded):
        try:
            if len(state.c_own) >= MAX_OWN:
                raise InputError(t("kv_size.own_full", n=MAX_OWN))
            _keep(configs.sized(raw, file_name))
        except InputError as error:
            problems.append((file_name, str(error)))
    state.c_own_errors = problems


def _keep(model: configs.SizedModel) -> None:
    state = st.session_state
    known = {**configs.published(), **state.c_own}
    name, n = model.name, 1
    while name in known:
        if known[name].spec == model.spec and name in state.c_own:
            return  # the same config again
        n += 1
        name = f"{model.name} ({n})"
    state.c_own[name] = model.named(name)
    state.c_own_chosen = [*state.get("c_own_chosen", []), name]


def choose() -> list[configs.SizedModel]:
    """Draw the selection and return its models: published ones (in the URL) and the viewer's."""
    published = configs.published()
    names = url_choices(
        t("kv_size.models"),
        list(published),
        "c_models",
        words.row_name,
        default=DEFAULT,
        placeholder=t("common.choose_models"),
    )
    own = st.session_state.setdefault("c_own", {})
    mine = []
    if own:
        with st.container(key="unlinked_own"):  # Share says so
            mine = st.multiselect(
                t("kv_size.own"),
                list(own),
                key="c_own_chosen",
                placeholder=t("common.choose_models"),
            )
    return [published[name].named(words.row_name(name)) for name in names] + [
        own[name] for name in mine
    ]


def bring() -> None:
    """Draw the form for the viewer's own configs."""
    with st.form("c_add", border=True):
        st.text_area(
            t("kv_size.paste"),
            key="c_paste",
            height=120,
            placeholder='{"num_hidden_layers": 61, "kv_lora_rank": 512, "qk_rope_head_dim": 64}',
        )
        st.file_uploader(
            t("kv_size.upload"),
            type="json",
            accept_multiple_files=True,
            max_upload_size=5,
            key="c_files",
        )
        st.form_submit_button(t("kv_size.add"), on_click=add, width="stretch")
    for file_name, message in st.session_state.get("c_own_errors", []):
        st.error(t("kv_size.config_refused"))
        st.text(f"{file_name}: {message}" if file_name else message)
    for model in st.session_state.get("c_own", {}).values():
        if said := words.assumptions(model.spec):
            st.text(f"{model.name}: {said}")


def room() -> None:
    """Draw the calculator, the paper's 93.3 %, and V3's parameters."""
    st.fragment(in_words()(calculator))()
    capacity.paper()
    parameters()


def calculator() -> None:
    """Draw published and own models at any length, batch and precision."""
    st.markdown(t("kv_size.lead"))
    with st.container(key="c_calculator"):
        left, right = st.columns([1, 2], gap="large")
    with left:
        models = choose()
        tokens = _context()
        BATCH.draw("c_batch", 1)
        batch = BATCH.told("c_batch", 1)
        dtype = st.segmented_control(
            t("kv_size.dtype"),
            configs.DTYPES,
            default="bf16",
            required=True,
            key="c_dtype",
            bind="query-params",
        )
        log = st.toggle(t("kv_size.log"), value=False, key="c_log", bind="query-params")
        with st.expander(t("kv_size.bring"), key="c_bring"):
            bring()
    with right:
        if not models:
            st.info(t("kv_size.none"))
            return
        _answer(models, tokens, batch, dtype, log)
    capacity.users(models, tokens, dtype)
    capacity.replacements(models, tokens, batch, dtype)


def _context() -> int:
    """Draw the context length as a number field, and as a slider over powers of two."""
    CONTEXT.draw("c_context", 131_072)
    tokens = CONTEXT.told("c_context", 131_072)
    nearest = min(STOPS, key=lambda stop: abs(math.log(stop / tokens)))
    st.session_state.c_context_slider = nearest
    st.select_slider(
        t("kv_size.context"),
        STOPS,
        nearest,
        format_func=lambda stop: f"{stop:,}",
        key="c_context_slider",
        on_change=_take_slider,
        label_visibility="collapsed",
    )
    return tokens


def _take_slider() -> None:
    st.session_state.c_context = st.session_state.c_context_slider


def _answer(
    models: Sequence[configs.SizedModel],
    tokens: int,
    batch: int,
    dtype: str,
    log: bool,
) -> None:
    """Draw the bars, the sentence, the formulas and the table."""
    held = {model.name: model.spec.bytes(tokens, dtype, batch) for model in models}
    ranked = sorted(models, key=lambda model: -held[model.name])
    large, small = held[ranked[0].name], held[ranked[-1].name]
    sentence = t(
        "kv_size.sentence" if small < large and small else "kv_size.sentence_one",
        tokens=tokens,
        batch=f"{batch:,}",
        dtype=dtype,
        large=ranked[0].name,
        large_size=units.size(large),
        small=ranked[-1].name,
        small_size=units.size(small),
        times=units.times(large / max(small, 1)),
    )
    chart(
        drawn_once(
            figures.bars,
            [figures.Bar(m.name, m.spec.attention, held[m.name], m.hypothetical) for m in ranked],
            log,
            {"bytes": t("kv_size.axis"), "bytes_log": t("kv_size.axis_log")},
        ),
        key="c_bars",
        alt=sentence,
    )
    st.text(sentence)
    reading = [t("kv_size.reading")]
    if log:
        reading.append(t("kv_size.reading_log"))
    if any(model.hypothetical for model in models):
        reading.append(t("kv_size.reading_hatched"))
    st.caption(" ".join(reading))
    with st.expander(t("kv_size.formulas")):
        _formulas(ranked, dtype)
    folded_table(
        lambda: [_row(model, held[model.name], dtype) for model in ranked],
        "cache-models",
        t("kv_size.of_models"),
        whose(tokens, "tokens", "batch", batch, dtype),
    )


def _formulas(models: Sequence[configs.SizedModel], dtype: str) -> None:
    """How each model's cache is calculated, what it leaves out, and where its config is from."""
    for place, model in enumerate(models):
        st.text(model.name)
        plain(words.formula(model.spec, dtype), f"c_formula_{place}")
        own = [said] if (said := words.row_note(model.row)) else []
        st.text("\n".join(f"- {note}" for note in (*own, *map(words.note, model.spec.notes))))
        st.text(t("cache.source", source=sources.translated(model.source)))


def _row(model: configs.SizedModel, held: int, dtype: str) -> dict[str, object]:
    """A model in the table; `held` are the bytes of its cache."""
    return {
        t("cache.column_model"): model.name,
        t("cache.column_kind"): model.spec.attention,
        t("kv_size.column_hypothetical"): model.hypothetical,
        t("kv_size.column_layers"): len(model.spec.layers),
        t("cache.column_per_token"): model.spec.bytes_per_token(dtype),
        t("kv_size.column_beyond"): model.spec.growth_per_token(dtype),
        t("cache.column_bytes"): held,
        t("kv_size.column_size"): units.size(held),
        "GiB": round(held / GIB, 3),
    }


def parameters() -> None:
    """Draw DeepSeek-V3's total and active parameters by component."""
    count = parameter_count.count(parameter_count.PUBLISHED[COUNTED])
    with st.expander(t("kv_size.params_title", billions=f"{count.total / 1e9:.0f}")):
        st.markdown(
            t(
                "kv_size.params_lead",
                total=f"{count.total:,}",
                billions=f"{count.total / 1e9:.0f}",
                head=f"{count.active_head_only:,}",
                head_billions=f"{count.active_head_only / 1e9:.0f}",
                both=f"{count.active_both:,}",
                neither=f"{count.active_neither:,}",
                mtp=f"{count.mtp_total:,}",
            )
        )
        rows: list[dict[str, object]] = [
            {
                t("kv_size.column_component"): part.name,
                t("kv_size.column_formula"): part.formula,
                t("kv_size.column_each"): part.each,
                t("kv_size.column_copies"): part.copies,
                t("kv_size.column_total"): part.total,
                t("kv_size.column_active"): part.each * part.active,
            }
            for part in count.components
        ]
        rows.append(
            dict.fromkeys(rows[0])
            | {
                t("kv_size.column_component"): t("kv_size.row_total"),
                t("kv_size.column_total"): count.total,
                t("kv_size.column_active"): count.active_both,
            }
        )
        table(rows, "deepseek-v3-parameters")
