"""Latent cache: naive and absorbed decoding: their multiplications, bytes read and time."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.core.errors import in_words
from app.core.texts import t
from app.pages.cache import state as session
from app.pages.cache.decoding import figures, timing
from app.ui import units
from app.ui.chart import chart
from app.ui.picture import drawn_once
from app.ui.plain import plain
from app.ui.table import folded_table
from model.analysis.decoding_cost import DECODING_PATHS, Shape
from model.analysis.parameter_count import PUBLISHED
from model.training import experiments

V3_CONTEXTS = (64, 256, 1_024, 4_096, 16_384, 65_536, 131_072)
V3 = "DeepSeek-V3"
BYTES = 4  # per element of our models; V3 is counted in bf16


def room() -> None:
    """Draw the times on this machine, then the arithmetic for our model and V3."""
    st.markdown(t("decoding.ways_lead"))
    st.markdown("\n".join(f"- {t(f'decoding.way_{way}')}" for way in DECODING_PATHS))
    timing.CLOCK.area(clock)
    st.fragment(in_words()(arithmetic))()


def clock() -> None:
    """Draw milliseconds per decoding step: recorded, or measured when the button is clicked."""
    st.header(t("decoding.clock_title"))
    times, date = timing.shown()
    own = date is None
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        key="unlinked_run" if own else None,  # Share says so: times are never the same again
    ):
        st.button(
            t("decoding.clock_start"),
            key="c_clock",
            type="primary",
            on_click=timing.measure,
        )
        if date is not None:
            st.caption(t("decoding.clock_recorded", date=date))
    timing.CLOCK.status(t("decoding.clock_wait"))
    rows = [row for way in times.models if (row := _timed(times, way)).tokens]
    high = [value for row in rows for value in row.high]
    low = [value for row in rows for value in row.low]
    said = _finding(times)
    st.markdown(f"**{said}**")
    chart(
        drawn_once(
            figures.lines,
            rows,
            {tick: f"{tick:g}" for tick in figures.decades([*low, *high])},
            {"tokens": t("decoding.axis_held"), "value": t("decoding.axis_ms")},
            legend=True,
        ),
        key="c_clock_chart",
        alt=f"{t('decoding.clock_title')}. {said}",
    )
    reading = [t("decoding.clock_reading", steps=times.steps, model=times.models["absorbed"])]
    if "expanded" in times.models:
        reading.append(t("decoding.clock_whole", model=times.models["expanded"]))
    st.caption(" ".join(reading))
    folded_table(
        lambda: [
            {
                t("decoding.column_way"): row.name,
                t("decoding.axis_held"): tokens,
                t("decoding.axis_ms"): round(value, 3),
                t("decoding.column_quarter"): round(low, 3),
                t("decoding.column_three_quarters"): round(high, 3),
            }
            for row in rows
            for tokens, value, low, high in zip(
                row.tokens, row.values, row.low, row.high, strict=True
            )
        ],
        "cache-decode-times",
        t("decoding.of_times"),
    )


def _timed(times: timing.Times, way: str) -> figures.DecodingLine:
    lengths = times.contexts
    quartiles = [[1000 * x for x in times.quartiles(way, tokens)] for tokens in lengths]
    name = t(f"decoding.name_{way}")
    return figures.DecodingLine(
        way,
        name,
        lengths,
        [middle for _, middle, _ in quartiles],
        [
            f"{name}: {tokens:,} · {middle:.2f} ms"
            for tokens, (_, middle, _) in zip(lengths, quartiles, strict=True)
        ],
        [low for low, _, _ in quartiles],
        [high for _, _, high in quartiles],
    )


def _finding(times: timing.Times) -> str:
    """The measured ratio of naive to absorbed at the shortest and longest length, in words."""
    first, *_, last = times.contexts
    ratio = {
        tokens: times.quartiles("naive", tokens)[1] / times.quartiles("absorbed", tokens)[1]
        for tokens in (first, last)
    }
    return t(
        "decoding.clock_sentence",
        first=first,
        last=last,
        at_first=units.times(ratio[first]),
        at_last=units.times(ratio[last]),
    )


def arithmetic() -> None:
    """Draw multiplications and bytes read for one token in one layer, ours or V3's."""
    st.header(t("decoding.ways_math_title"))
    ours, v3 = session.named("MLA"), V3
    chosen = st.segmented_control(
        t("cache.column_model"),
        [ours, v3],
        default=v3,
        required=True,
        key="c_ways_model",
        bind="query-params",
    )
    shape = Shape.of(PUBLISHED[V3]) if chosen == v3 else timing.shape()
    size = 2 if chosen == v3 else BYTES
    contexts = V3_CONTEXTS if chosen == v3 else experiments.CONTEXTS
    left, right = st.columns(2, gap="large")
    with left:
        counted = [
            _counted(
                way, contexts, [DECODING_PATHS[way].multiplications(shape, n) for n in contexts]
            )
            for way in DECODING_PATHS
        ]
        _chart(counted, "c_ways_mul", t("decoding.axis_mul"), scientific=True)
    with right:
        read = [
            _counted(way, contexts, [DECODING_PATHS[way].kept(shape) * n * size for n in contexts])
            for way in DECODING_PATHS
        ]
        _chart(read, "c_ways_bytes", t("decoding.axis_read"), scientific=False)
    at = contexts[-1] if chosen != v3 else 4_096
    values = {
        way: (DECODING_PATHS[way].multiplications(shape, at), DECODING_PATHS[way].kept(shape))
        for way in DECODING_PATHS
    }
    st.markdown(
        t(
            "decoding.ways_sentence",
            model=chosen,
            tokens=at,
            more=units.times(values["absorbed"][0] / values["expanded"][0]),
            fewer=units.times(values["expanded"][1] / values["absorbed"][1]),
            again=units.times(values["naive"][0] / values["absorbed"][0]),
        )
    )
    st.caption(t("decoding.ways_reading"))
    with st.expander(t("decoding.how_ways")):
        letters = {
            "H": shape.heads,
            "R": shape.rank,
            "n": shape.nope,
            "p": shape.rope,
            "v": shape.value,
        }
        plain(", ".join(f"{name} = {value:,}" for name, value in letters.items()), "c_letters")
        for way, each in DECODING_PATHS.items():
            st.text(t(f"decoding.name_{way}"))
            plain(
                t(
                    "decoding.ways_formula",
                    multiplications=each.formula,
                    kept=each.kept_formula,
                    size=size,
                ),
                f"c_way_{way}",
            )
    folded_table(
        lambda: [
            {
                t("decoding.column_way"): t(f"decoding.name_{way}"),
                t("decoding.axis_held"): tokens,
                t("decoding.column_mul"): DECODING_PATHS[way].multiplications(shape, tokens),
                t("decoding.column_read"): DECODING_PATHS[way].kept(shape) * tokens * size,
            }
            for way in DECODING_PATHS
            for tokens in contexts
        ],
        "cache-ways",
        t("decoding.of_ways"),
    )


def _counted(way: str, contexts: Sequence[int], values: Sequence[int]) -> figures.DecodingLine:
    name = t(f"decoding.name_{way}")
    hover = [
        f"{name}: {tokens:,} · {value:,}" for tokens, value in zip(contexts, values, strict=True)
    ]
    return figures.DecodingLine(way, name, contexts, [float(value) for value in values], hover)


def _chart(rows: Sequence[figures.DecodingLine], key: str, title: str, scientific: bool) -> None:
    last = "; ".join(f"{row.name} {row.values[-1]:,.0f}" for row in rows)
    decades = figures.decades([value for row in rows for value in row.values])
    ticks = {
        tick: f"10<sup>{len(f'{tick:.0f}') - 1}</sup>" if scientific else units.round_size(tick)
        for tick in decades
    }
    chart(
        drawn_once(
            figures.lines,
            rows,
            ticks,
            {"tokens": t("decoding.axis_held"), "value": title},
            legend=True,
        ),
        key=key,
        alt=t("decoding.ways_alt", axis=title, tokens=rows[0].tokens[-1], values=last),
    )
