"""The stage: one idea per screen, readable from the last row; `?present=1`, with links `screen=`.

The browser turns pages and shows notes, overview and blank (`static/components/stage`); `speaker=1`
is the speaker's own window of the same talk (`static/components/speaker`). Figures are recorded
ones. A live run has `SECONDS` to finish; until then, and if it does not, the recorded one is shown
and labelled as such. Either is revealed token by token (`static/components/curtain`).
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from app.core.errors import in_words
from app.core.running import generation
from app.core.running.prompt_runs import PromptRun, PromptSlot
from app.core.texts import language, t
from app.export import figures
from app.export.exhibit import Exhibit, ShownRun
from app.stage import figures as stage_figures
from app.stage import screens
from app.stage.screens import Screen
from app.story.chapters import CHAPTERS
from app.ui import guide, sampling
from app.ui.chart import chart
from app.ui.components import component
from app.ui.legible import legible
from model.record.trace import Trace

SCREEN_KEY, SPEAKER_KEY = "screen", "speaker"
SECONDS = 10.0  # time limit of a live run
#: All sizes are for a screen of 1280 × 720 px; on a larger one they grow in proportion.
TYPE = 24  # px
HEIGHT = 530  # px of a chart below title and idea
IDEA = 38  # px that a chart gains without an idea
LARGEST = 6.0  # maximum scale
MOST_TOLD, LONGEST_TOLD = 5, 60  # invalid items of a list that are named, and characters of each
TOKENS = 26  # number of a run's tokens that fit in large type
CSS = Path(__file__).parent / "stage.css"
RUN = PromptSlot("stage")
_stage = component("stage")
_speaker = component("speaker")
_curtain = component("curtain")
BELOW_NUMBERS, BELOW_TOKENS = 40, 54  # px for the axis labels below a picture


def show() -> None:
    """Show the screen in the URL, and prepare the next one."""
    st.html(CSS)
    found, wrong = screens.listed(st.query_params.get(guide.SCREENS, ""))
    place = at(found)
    if st.query_params.get(SPEAKER_KEY) == "1":
        speak(found, place)
        return
    tell(wrong)
    screen = found[place]
    following = found[place + 1] if place + 1 < len(found) else None
    with st.container(key="stage"):
        st.title(screen.title, anchor=False)
        if screen.idea:
            st.markdown(screen.idea)
        with in_words():
            draw(screen)
    _stage(
        {
            "screens": [{"id": one.id, "title": one.title} for one in found],
            "place": place,
            "notes": screen.notes,
            "frame": screen.view,
            "nextFrame": following.view if following else None,
            "playing": guide.on_kiosk(),
        },
        key="stage_keys",
        on_turn_change=lambda: turn([one.id for one in found]),
        on_scale_change=lambda: None,
    )
    if following is not None:
        warm(following)


def speak(found: list[Screen], place: int) -> None:
    """Show the speaker's window; it follows the stage in the browser, without this page."""
    st.set_page_config(page_title=f"Inside R1 · {t('speaker.title')}")
    shown = [
        {"id": one.id, "title": one.title, "idea": one.idea, "notes": one.notes} for one in found
    ]
    _speaker({"screens": shown, "place": place}, key="speakers_window")


def tell(wrong: list[str]) -> None:
    """Tell the speaker once per session which items of the list are invalid; not on a kiosk."""
    if wrong and not guide.on_kiosk() and "stage_told" not in st.session_state:
        st.session_state.stage_told = True
        names = ", ".join(f"`{one[:LONGEST_TOLD].replace('`', '')}`" for one in wrong[:MOST_TOLD])
        st.toast(t("stage.not_understood", n=len(wrong), names=names), duration="infinite")


def at(found: list[Screen]) -> int:
    """The index of the screen in the URL; 0 if it is none of these."""
    wanted = st.query_params.get(SCREEN_KEY, "")
    return next((place for place, one in enumerate(found) if one.id == wanted), 0)


def turn(ids: list[str]) -> None:
    """Go to the screen that the browser requests, if it is valid; or start a live run."""
    asked_for = st.session_state.get("stage_keys", {}).get("turn")
    if asked_for == "live":
        start()
    elif asked_for in ids:
        st.query_params[SCREEN_KEY] = asked_for


def draw(screen: Screen) -> None:
    """Draw the figure of a screen; the browser draws views of the app."""
    if screen.id == screens.OPENING:
        st.markdown("\n".join(f"1. {chapter.title}" for chapter in CHAPTERS))
        st.caption(screen.notes)
    if screen.figure is None:
        return
    shown = figures.figure(screen.figure, language())
    key = f"stage_{screen.id}"
    height = HEIGHT if screen.idea else HEIGHT + IDEA
    if isinstance(shown.content, ShownRun):
        RUN.area(lambda: live(shown))
    elif isinstance(shown.content, go.Figure):
        large(shown.content, f"{shown.title}. {shown.takeaway}", key, height)
    else:
        large(shown.still, f"{shown.title}. {shown.takeaway}", key, height)
        run = "".join(trace.id for trace in shown.content.traces)
        longest = max(trace.fed - trace.n_prompt for trace in shown.content.traces)
        _curtain(
            {"chart": key, "run": run, "tokens": longest, "labels": scale() * BELOW_NUMBERS},
            key="stage_curtain",
        )


def large(figure: go.Figure, alt: str, key: str, height: int = HEIGHT) -> None:
    """Draw a chart that can be read from the last row."""
    times = scale()
    chart(legible(figure, round(times * height), times * TYPE), key=key, alt=alt)


def scale() -> float:
    """How many times larger than 1280 × 720 the screen is, as the browser reports; 1 until then."""
    said = st.session_state.get("stage_keys", {}).get("scale", 1)
    return min(max(1.0, float(said)), LARGEST) if isinstance(said, (int, float)) else 1.0


def warm(screen: Screen) -> None:
    """Draw the next screen's figure and load its model while this one is shown."""
    if screen.figure is None:
        return
    shown = figures.figure(screen.figure, language())
    if isinstance(shown.content, ShownRun):
        name = shown.content.trace.card.name
        threading.Thread(target=generation.load, args=(name,), daemon=True).start()


# --- A live run --------------------------------------------------------------------------------


def start() -> None:
    """Run the recorded prompt live, with a random seed."""
    shown = figures.figure("routing", language())
    assert isinstance(shown.content, ShownRun)
    info = shown.content.trace.info
    st.session_state.stage_until = time.monotonic() + SECONDS
    st.session_state.stage_late = False
    RUN.forget()
    RUN.run(
        [
            PromptRun(
                model=shown.content.trace.card.name,
                prompt=info.prompt,
                max_new_tokens=info.max_new_tokens,
                temperature=info.temperature,
                seed=sampling.drawn_seed(),
            )
        ]
    )


def took(trace: Trace) -> go.Figure:
    """A heatmap of the last layer's routing of the first generated tokens."""
    first, last = trace.n_prompt, min(trace.n_prompt + TOKENS, trace.fed)
    assert trace.expert_weights is not None, "a run of our own records its weights"
    return stage_figures.took(
        trace.expert_ids[first:last, -1],
        trace.expert_weights[first:last, -1].astype(float),
        trace.texts[first:last],
        trace.card.n_routed_experts,
        {
            "expert": t("stage.axis_expert", layer=trace.moe_layers[-1]),
            "token": t("stage.axis_token"),
            "share": t("stage.share"),
        },
    )


def live(shown: Exhibit) -> None:
    """Draw the live run if it has ended in time, else the recorded one, and say which it is."""
    assert isinstance(shown.content, ShownRun)
    state = st.session_state
    if RUN.running is not None and time.monotonic() > state.stage_until:
        state.stage_late = True
        RUN.stop()
        RUN.forget()
    traces = () if state.get("stage_late") else RUN.traces()
    trace = traces[0] if traces else shown.content.trace
    large(took(trace), shown.takeaway, "stage_run")
    written = min(TOKENS, trace.fed - trace.n_prompt)
    below = scale() * BELOW_TOKENS
    _curtain(
        {"chart": "stage_run", "run": trace.id, "tokens": written, "labels": below},
        key="stage_curtain",
    )
    with st.container(key="stage_foot", horizontal=True, vertical_alignment="center"):
        st.button(
            t("stage.live"), key="stage_live", on_click=start, disabled=RUN.running is not None
        )
        info = trace.info
        if RUN.running is not None:
            st.caption(t("stage.running"))
        elif traces:
            st.caption(t("common.run_live", model=trace.card.name, date=info.date, seed=info.seed))
        elif RUN.error() is not None or state.get("stage_late"):
            st.caption(t("stage.stands_in", seconds=round(SECONDS), date=info.date))
        else:
            st.caption(t("common.run_recorded", model=trace.card.name, date=info.date))
