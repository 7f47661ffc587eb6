"""Differences of loss between models that read the same rows: drawn, read out, and in a table."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.texts import t
from app.pages.experts import figures
from app.ui.chart import chart
from app.ui.drawn_once import drawn_once


def draw(names: Sequence[str], gaps: Sequence[figures.Estimate], key: str, alt: str) -> None:
    """A row for each difference, in nats per token, with its interval."""
    labels = {"gap": t("experts.gap"), "hover": t("experts.gap_hover")}
    chart(drawn_once(figures.gaps, names, gaps, labels), key=key, alt=alt)


def listed(names: Sequence[str], gaps: Sequence[figures.Estimate]) -> str:
    """Differences as one reads them out: "Korean +0.012, code +0.030"."""
    return ", ".join(f"{name} {mean:+z.3f}" for name, (mean, _) in zip(names, gaps, strict=True))


def cells(gap: figures.Estimate) -> dict[str, object]:
    """A difference and its interval, for a row of a table."""
    mean, (low, high) = gap
    return {
        t("experts.gap"): round(mean, 4),
        t("experts.interval_from"): round(low, 4),
        t("experts.interval_to"): round(high, 4),
    }
