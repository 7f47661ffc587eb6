"""Latent cache: naive or absorbed, two paths of decoding: what they multiply, read and take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from app.core.errors import in_words
from app.core.texts import t
from app.pages.cache import state as session
from app.pages.cache.decoding import figures, timing
from app.ui import units
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once
from app.ui.plain import plain
from app.ui.table import folded_table, whose
from model.analysis.decoding_cost import DECODING_PATHS, Shape
from model.analysis.parameter_count import PUBLISHED
from model.training import experiments

V3_CONTEXTS = (64, 256, 1_024, 4_096, 16_384, 65_536, 131_072)
V3_COMPARED = 4_096  # tokens held, of those
V3 = "DeepSeek-V3"
BYTES, V3_BYTES = 4, 2  # of an element of our models; V3's are counted in bf16


def room() -> None:
    """Draw the times on this machine, then the arithmetic for our model and V3."""
    st.markdown(t("decoding.paths_lead"))
    st.markdown("\n".join(f"- {t(f'decoding.path_{path}')}" for path in DECODING_PATHS))
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
    rows = [row for path in times.models if (row := _timed(times, path)).tokens]
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
                t("decoding.column_path"): row.name,
                t("cache.column_tokens"): tokens,
                t("decoding.column_ms"): round(value, 3),
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
        whose(times.models["absorbed"], date),
    )


def _timed(times: timing.Times, path: str) -> figures.DecodingLine:
    lengths = times.contexts
    quartiles = [[1000 * x for x in times.quartiles(path, tokens)] for tokens in lengths]
    name = t(f"decoding.name_{path}")
    return figures.DecodingLine(
        path,
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


@dataclass(frozen=True)
class CountedModel:
    """A model whose multiplications and bytes are counted, at the lengths that are drawn."""

    name: str
    shape: Shape
    element_bytes: int  # of the cache
    contexts: Sequence[int]  # tokens held

    def multiplications(self, path: str, tokens: int) -> int:
        """Of one layer for one new token, with `tokens` held."""
        return DECODING_PATHS[path].multiplications(self.shape, tokens)

    def bytes_read(self, path: str, tokens: int) -> int:
        """Of one layer's cache for one new token, with `tokens` held."""
        return DECODING_PATHS[path].cached(self.shape) * tokens * self.element_bytes


def arithmetic() -> None:
    """Draw multiplications and bytes read for one token in one layer, ours or V3's."""
    st.header(t("decoding.paths_math_title"))
    model = _choice()
    left, right = st.columns(2, gap="large")
    with left:
        counted = [_counted(path, model.contexts, model.multiplications) for path in DECODING_PATHS]
        _chart(counted, "c_paths_mul", t("decoding.axis_mul"), scientific=True)
    with right:
        read = [_counted(path, model.contexts, model.bytes_read) for path in DECODING_PATHS]
        _chart(read, "c_paths_bytes", t("decoding.axis_read"), scientific=False)
    st.markdown(_sentence(model))
    st.caption(t("decoding.paths_reading"))
    with st.expander(t("decoding.how_paths")):
        _formulas(model)
    folded_table(
        lambda: [
            {
                t("decoding.column_path"): t(f"decoding.name_{path}"),
                t("cache.column_tokens"): tokens,
                t("decoding.column_mul"): model.multiplications(path, tokens),
                t("decoding.column_read"): model.bytes_read(path, tokens),
            }
            for path in DECODING_PATHS
            for tokens in model.contexts
        ],
        "cache-paths",
        t("decoding.of_paths"),
        model.name,
    )


def _choice() -> CountedModel:
    """Ours or V3, as the viewer has chosen."""
    ours = session.named("MLA")
    chosen = st.segmented_control(
        t("cache.column_model"),
        [ours, V3],
        default=V3,
        required=True,
        key="c_paths_model",
        bind="query-params",
    )
    if chosen == V3:
        return CountedModel(V3, Shape.of(PUBLISHED[V3]), V3_BYTES, V3_CONTEXTS)
    return CountedModel(chosen, timing.shape(), BYTES, experiments.CONTEXTS)


def _sentence(model: CountedModel) -> str:
    """How the paths' counts compare at one length."""
    tokens = V3_COMPARED if model.name == V3 else model.contexts[-1]
    multiplications = {path: model.multiplications(path, tokens) for path in DECODING_PATHS}
    read = {path: model.bytes_read(path, tokens) for path in DECODING_PATHS}
    return t(
        "decoding.paths_sentence",
        model=model.name,
        tokens=tokens,
        more=units.times(multiplications["absorbed"] / multiplications["expanded"]),
        fewer=units.times(read["expanded"] / read["absorbed"]),
        again=units.times(multiplications["naive"] / multiplications["absorbed"]),
    )


def _formulas(model: CountedModel) -> None:
    """The model's widths by their letters, and each path's formulas in them."""
    shape = model.shape
    letters = {
        "H": shape.heads,
        "R": shape.rank,
        "n": shape.nope,
        "p": shape.rope,
        "v": shape.value,
    }
    plain(", ".join(f"{name} = {value:,}" for name, value in letters.items()), "c_letters")
    for path, each in DECODING_PATHS.items():
        st.text(t(f"decoding.name_{path}"))
        plain(
            t(
                "decoding.paths_formula",
                multiplications=each.formula,
                cached=each.cached_formula,
                size=model.element_bytes,
            ),
            f"c_way_{path}",
        )


def _counted(
    path: str, contexts: Sequence[int], count: Callable[[str, int], int]
) -> figures.DecodingLine:
    """A path's line of what `count` gives for it at each number of tokens held."""
    name = t(f"decoding.name_{path}")
    values = [count(path, tokens) for tokens in contexts]
    hover = [
        f"{name}: {tokens:,} · {value:,}" for tokens, value in zip(contexts, values, strict=True)
    ]
    return figures.DecodingLine(path, name, contexts, [float(value) for value in values], hover)


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
        alt=t("decoding.paths_alt", axis=title, tokens=rows[0].tokens[-1], values=last),
    )
