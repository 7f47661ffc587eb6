"""More from the calculator: how many users fit, other kinds of attention, the paper's 93.3 %."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.core.texts import t
from app.pages.cache import figures as bars
from app.pages.cache.kv_size import capacity_figures as figures
from app.pages.cache.kv_size import configs, words
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.number_field import NumberField
from app.ui.plain import plain
from app.ui.table import folded_table, whose
from app.ui.url_choice import url_choice

GPUS = (24, 80, 141)  # GB of memory
NUMBER = NumberField("capacity.gpus", 1, 64)  # number of GPUs
WEIGHT_BYTES = {"bf16": 2.0, "fp8": 1.0, "int4": 0.5}
GIGA = 10**9
V2, V2_BASELINE = "DeepSeek-V2 (236B)", "DeepSeek-67B"
V2_BITS = 6  # per element, on average, of the deployed cache (arXiv 2405.04434, section 3.2.3)


@dataclass(frozen=True)
class Server:
    """Where models are to run: so many GPUs of `gpu` GB each, and what an element of weights is."""

    gpu: int
    number: int
    precision: str

    @property
    def memory(self) -> int:
        """Bytes of all GPUs."""
        return self.gpu * GIGA * self.number

    @property
    def weight_bytes(self) -> float:
        """Of a parameter."""
        return WEIGHT_BYTES[self.precision]

    @property
    def words(self) -> tuple[str, str]:
        """What it is, for the name of a file."""
        return f"{self.number}x{self.gpu}GB", f"{self.precision}-weights"


def users(models: Sequence[configs.SizedModel], tokens: int, dtype: str) -> None:
    """Draw how many users with `tokens` tokens each fit in memory next to the weights."""
    st.header(t("capacity.title"))
    server = _server()
    parameters = {
        model.name: model.parameters
        for model in models
        if model.parameters is not None and not model.hypothetical
    }
    rows = [
        figures.Capacity(
            model.name,
            model.spec.attention,
            int(parameters[model.name] * server.weight_bytes),
            model.spec.bytes(tokens, dtype),
            server.memory,
        )
        for model in models
        if model.name in parameters
    ]
    if rows:
        _fit(rows, parameters, server, whose(tokens, "tokens", dtype, *server.words))
    st.caption(t("capacity.reading", tokens=tokens, dtype=dtype))
    if unknown := [model.name for model in models if model.parameters is None]:
        st.text(t("capacity.unknown", names=", ".join(unknown)))


def _server() -> Server:
    """GPUs and precision as the viewer has chosen them."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        gpu = st.segmented_control(
            t("capacity.gpu"),
            GPUS,
            default=141,
            required=True,
            key="c_gpu",
            bind="query-params",
        )
        NUMBER.draw("c_gpus", 8, width=140)
        precision = st.segmented_control(
            t("capacity.weights"),
            list(WEIGHT_BYTES),
            default="fp8",
            required=True,
            key="c_weights",
            bind="query-params",
        )
    return Server(gpu, NUMBER.told("c_gpus", 8), precision)


def _fit(
    rows: Sequence[figures.Capacity], parameters: Mapping[str, int], server: Server, of: str
) -> None:
    """What takes the memory, model by model: the bars, how they come about, and the table.

    `of` tells in the table's file what was asked.
    """
    said = [_told(row) for row in rows]
    labels = {
        "bytes": t("capacity.axis", number=server.number, gpu=server.gpu),
        "weights": t("capacity.weights_word"),
        "caches": t("capacity.caches_word"),
    }
    chart(drawn_once(figures.memory, rows, said, labels), key="c_fit", alt=" ".join(said))
    with st.expander(t("capacity.how")):
        for place, row in enumerate(rows):
            plain(
                t(
                    "capacity.formula",
                    name=row.name,
                    parameters=parameters[row.name],
                    size=f"{server.weight_bytes:g}",
                    weights=f"{row.weights:,}",
                    memory=f"{row.memory:,}",
                    each=f"{row.per_user:,}",
                    users=row.users,
                ),
                f"c_fit_{place}",
            )
    folded_table(
        lambda: [
            {
                t("cache.column_model"): row.name,
                t("capacity.column_parameters"): parameters[row.name],
                t("capacity.column_weights"): row.weights,
                t("capacity.column_left"): row.memory - row.weights,
                t("capacity.column_per_user"): row.per_user,
                t("capacity.column_users"): row.users,
            }
            for row in rows
        ],
        "cache-users",
        t("kv_size.of_users"),
        of,
    )


def _told(row: figures.Capacity) -> str:
    weights, each = units.size(row.weights), units.size(row.per_user)
    if not row.loads:
        return t("capacity.too_large", name=row.name, weights=weights)
    return t("capacity.users", name=row.name, users=row.users, weights=weights, each=each)


def replacements(models: Sequence[configs.SizedModel], tokens: int, batch: int, dtype: str) -> None:
    """Draw the cache of one of the chosen models with MHA, GQA-8, MQA and MLA."""
    known = {
        model.row or model.name: model
        for model in models
        if model.replaced and not model.hypothetical
    }
    if not known:
        return
    st.header(t("capacity.replace_title"))
    row = url_choice(
        t("capacity.replace_model"),
        list(known),
        "c_replace",
        lambda row: known[row].name,
        drawn="list",
    )
    model, name = known[row], known[row].name
    per_token = model.spec.elements_per_token()
    held = {kind: spec.bytes(tokens, dtype, batch) for kind, spec in model.replaced.items()}
    chart(
        drawn_once(
            bars.bars,
            [
                bars.Bar(name, kind, held[kind], spec.elements_per_token() != per_token)
                for kind, spec in model.replaced.items()
            ],
            False,
            {"bytes": t("kv_size.axis"), "bytes_log": t("kv_size.axis_log")},
        ),
        key="c_replaced",
        alt=f"{t('capacity.replace_title')} {name}: "
        + ", ".join(f"{kind} {units.size(size)}" for kind, size in held.items()),
    )
    own = model.spec.bytes(tokens, dtype, batch)
    reading = [t("capacity.replace_reading", own=units.size(own), kind=model.spec.attention)]
    if model.spec.attention.startswith("MLA"):
        reading.append(t("capacity.replace_mha"))
    st.caption(" ".join(reading))
    folded_table(
        lambda: [
            {
                t("cache.column_model"): name,
                t("cache.column_kind"): kind,
                t("cache.column_per_token"): spec.bytes_per_token(dtype),
                t("cache.column_bytes"): held[kind],
            }
            for kind, spec in model.replaced.items()
        ],
        "cache-replaced",
        t("kv_size.of_replaced"),
        whose(tokens, "tokens", "batch", batch, dtype),
    )
    with st.expander(t("capacity.replace_formulas")):
        for kind, spec in model.replaced.items():
            st.text(kind)
            plain(words.formula(spec, dtype), f"c_replaced_{kind}")


def paper() -> None:
    """Derive the V2 paper's 93.3 % step by step."""
    st.header(t("capacity.paper_title"))
    v2, other = configs.published()[V2].spec, configs.published()[V2_BASELINE].spec
    ours, baseline = v2.bytes_per_token("bf16"), other.bytes_per_token("bf16")
    quantised = v2.elements_per_token() * V2_BITS / 8
    st.markdown(t("capacity.paper_lead"))
    for key, name, spec in (("mha", V2_BASELINE, other), ("mla", V2, v2)):
        plain(f"{name}: {words.formula(spec, 'bf16')}", f"c_paper_{key}")
    st.markdown(
        t(
            "capacity.paper_equal",
            ours=f"{ours:,}",
            baseline=f"{baseline:,}",
            saved=f"{1 - ours / baseline:.1%}",
        )
    )
    st.markdown(
        t(
            "capacity.paper_bits",
            bits=V2_BITS,
            elements=f"{v2.elements_per_token():,}",
            quantised=f"{quantised:,.0f}",
            baseline=f"{baseline:,}",
            saved=f"{1 - quantised / baseline:.1%}",
        )
    )
    st.caption(t("capacity.paper_reading"))
