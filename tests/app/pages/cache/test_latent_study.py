"""The latent study: its measurements and figures against plain numpy and real tensors."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import model.nn.attention
from app.core.assets import models, recorded_runs
from app.core.running import generation
from app.core.running.lab_runs import Outcome
from app.pages.cache.attention_kinds import figures as diagrams
from app.pages.cache.attention_weights import figures as looks
from app.pages.cache.decoding import figures as decoding_figures
from app.pages.cache.decoding import timing
from app.pages.cache.latent import figures
from app.pages.cache.latent import study as latents
from app.ui import style
from model.analysis import latent_codec, latent_study
from model.analysis.latent_study import LatentFit, Study
from model.nn import checkpoints
from model.nn.cache import Cache
from model.training import experiments
from model.training.experiments import Finding
from tests.app.reference import engine as engine_of
from tests.model.reference import latent
from tests.model.reference.attention_weights import attention_weights


@pytest.fixture(scope="module")
def studied() -> Iterator[tuple[Study, LatentFit]]:
    """A study on few rows, and the directions behind it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latent_study, "ROWS", 4)
        patch.setattr(latent_study, "FITTED_ROWS", 4)
        fit_runs = generation.scheduler().run(latents.fit_requests())
        fitted = latents.fit(fit_runs)
        runs = generation.scheduler().run(latents.cost_requests(fitted))
        assert latents.study(fitted, fit_runs, [*runs[:20], None, *runs[21:]]).rows == 3
        yield latents.study(fitted, fit_runs, runs), fitted


@pytest.fixture
def study(studied: tuple[Study, LatentFit]) -> Study:
    return studied[0]


def codec(fitted: LatentFit, name: str) -> latent.Codec:
    """The codec of a name, in torch."""
    if name.isdecimal():
        basis = torch.from_numpy(fitted.basis[:, :, : int(name)].copy())
        return latent.Directions(basis)
    if name == "bf16":
        return latent.BFloat16()
    return latent.Integers(latent_study.PRECISIONS[name])


@pytest.mark.slow
def test_every_codec_reads_the_same_rows_as_the_reference(studied: tuple[Study, LatentFit]) -> None:
    study, fitted = studied
    assert study.rows == 4
    assert all(len(nats) == 4 for nats in study.nats.values())
    network = checkpoints.load(models.folder(latents.model()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latent_study, "ROWS", 4)
        ids, learnt = map(torch.from_numpy, latents.rows(4, latent_study.SEED))
    assert study.learnt == learnt[:, 1:].sum(-1).tolist()
    for name in (latent_study.FULL, "8", "bf16"):
        coded = None if name == latent_study.FULL else codec(fitted, name)
        expected = latent.row_nats(network, ids, learnt, coded)
        assert study.nats[name] == pytest.approx(expected, rel=2e-3), name


@pytest.mark.slow
def test_all_directions_cost_nothing_and_fewer_lose_more(study: Study) -> None:
    by_rank = sorted(
        (name for name in latent_study.codecs(latents.full()) if name.isdecimal()), key=int
    )
    difference, (low, high) = study.cost(by_rank[-1])
    assert abs(difference) < 1e-3
    assert low <= difference <= high
    errors = [study.error[name] for name in by_rank]
    assert errors == sorted(errors, reverse=True)
    assert study.error["bf16"] < study.error["int8"] < study.error["int4"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["3", "bf16", "int8", "int4"])
def test_what_a_codec_loses_is_the_references(studied: tuple[Study, LatentFit], name: str) -> None:
    _, fitted = studied
    c_LTR = np.random.default_rng(1).normal(size=(5, 40, 64)).astype(np.float32)
    basis = fitted.basis[:, :, :3]
    seen = (
        c_LTR @ basis @ basis.swapaxes(1, 2)
        if name == "3"
        else latent_codec.rounded(c_LTR, latent_study.PRECISIONS[name])
    )
    c_LBTR = torch.from_numpy(c_LTR)[:, None]
    expected = latent.relative_error(codec(fitted, name), c_LBTR)
    assert latent_codec.lost(c_LTR, seen) == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
def test_bytes_follow_from_the_config(study: Study) -> None:
    config = models.config(latents.model())
    layers, rank = config["num_hidden_layers"], config["kv_lora_rank"]
    rotary = 4 * config["qk_rope_head_dim"]
    for name, size in study.per_token.items():
        latent = {
            latent_study.FULL: 4 * rank,
            "bf16": 2 * rank,
            "int8": rank + 2 * rank // 32,
            "int4": rank // 2 + 2 * rank // 32,
        }.get(name) or 4 * int(name)
        assert size == layers * (latent + rotary)


@pytest.mark.slow
def test_shares_of_energy_are_numpys(study: Study) -> None:
    share_LR = figures.shares(study.values)
    for values, share_R in zip(study.values, share_LR, strict=True):
        whole = sum(value**2 for value in values)
        assert share_R[4] == pytest.approx(sum(value**2 for value in values[:5]) / whole)
        assert share_R[-1] == pytest.approx(1)


def test_ranks_end_with_all() -> None:
    assert latent_study.ranks(64) == [1, 2, 4, 8, 12, 16, 24, 32, 48, 64]
    assert latent_study.ranks(20) == [1, 2, 4, 8, 12, 16, 20]


@pytest.mark.slow
def test_a_reading_is_what_the_models_keep_and_where_they_look() -> None:
    trace = recorded_runs.trace("cache-base-mla")
    runs = generation.scheduler().run(latents.twin_requests(trace))
    assert latents.twin_runs([*runs[:-1], None]) is None
    found = latents.twin_runs(runs)
    assert found is not None
    ids = trace.token_ids[: trace.fed].tolist()
    cache = Cache((network := checkpoints.load(models.folder(latents.model()))).config)
    with torch.inference_mode():
        network(torch.tensor([ids]), cache)
    for layer, held in enumerate(cache.layers):
        np.testing.assert_allclose(found.c_kv[layer], held["c_kv"][0], atol=1e-4)
        np.testing.assert_allclose(found.k_pe[layer], held["k_pe"][0], atol=1e-4)
    for name in models.twins():
        expected = attention_weights(checkpoints.load(models.folder(name)), ids)
        np.testing.assert_allclose(found.attention[name], expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", models.twins())
def test_the_diagrams_shapes_are_the_live_tensors(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, seen = engine_of(name), {}
    attend = model.nn.attention.attend

    def listening(q: Any, k: Any, v: Any, *rest: Any) -> Any:
        out = attend(q, k, v, *rest)
        seen.update(q=q, K=k, V=v, o=out.flatten(2)[0])
        return out

    monkeypatch.setattr(model.nn.attention, "attend", listening)
    cache = Cache(engine.config)
    with torch.inference_mode():
        engine.model(torch.ones(1, 6, dtype=torch.long), cache)
        engine.model(torch.ones(1, 1, dtype=torch.long), cache)
    drawn = {box.name: box for box in diagrams.boxes(models.card(name), 7)}
    for part in ("q", "K", "V"):
        assert drawn[part].shape == tuple(seen[part].shape[1:])
    assert drawn["o"].shape == tuple(seen["o"].shape)
    held = {part: tuple(tensor.shape[1:]) for part, tensor in cache.layers[0].items()}
    names = {"k": "K", "v": "V"}
    assert held == {
        part: drawn[names.get(part, part)].shape
        for part in held
        if drawn[names.get(part, part)].role == "cached"
    }
    assert len(held) == sum(box.role == "cached" for box in drawn.values())
    figure = diagrams.diagram(
        models.attention(name),
        list(drawn.values()),
        dict.fromkeys(drawn, "") | {"cached": "a", "again": "b", "new": "c"},
    )
    assert len(figure.layout.shapes) == len(drawn)


def test_heads_have_one_scale_and_their_kinds_colour() -> None:
    rng = np.random.default_rng(0)
    rows = [looks.HeadWeights(kind, rng.dirichlet(np.ones(9), 2)) for kind in style.KINDS]
    words = {"token": "t", "weight": "w", "hover": "h"}
    figure = looks.patterns(rows, ["0", "1"], words)
    assert [bar.marker.color for bar in figure.data] == [
        style.KIND_COLOUR[kind] for kind in style.KINDS for _ in range(2)
    ]
    ranges = {tuple(axis.range) for axis in figure.select_yaxes()}
    assert len(ranges) == 1


@pytest.mark.parametrize(
    ("tokens", "ticks"), [(1, (0,)), (10, (0, 9)), (48, (0, 45)), (267, (0, 250))]
)
def test_heads_tokens_are_numbered_once_below_the_first_head(
    tokens: int, ticks: tuple[int, ...]
) -> None:
    rows = [looks.HeadWeights(kind, np.ones((8, tokens))) for kind in style.KINDS]
    words = {"token": "t", "weight": "w", "hover": "h"}
    axes = [*looks.patterns(rows, [*"01234567"], words).select_xaxes()]
    assert {axis.tickvals for axis in axes} == {ticks}
    assert [axis.showticklabels for axis in axes] == [True, *[False] * 7]


def test_latents_are_drawn_as_they_are() -> None:
    rng = np.random.default_rng(1)
    c_kv, k_pe = rng.normal(size=(5, 7)), rng.normal(size=(5, 4))
    parts = figures.LatentParts(c_kv, k_pe, 2.0, 3.0)
    words = dict.fromkeys(("token", "layer", "c_kv", "k_pe", "hover"), "x")
    words |= {"bar_c_kv": "of c_kv", "bar_k_pe": "of k_pe"}
    upper, lower = figures.tokens(parts, 2, words).data
    np.testing.assert_allclose(upper.z, c_kv.T, rtol=1e-6)
    np.testing.assert_allclose(lower.z, k_pe.T, rtol=1e-6)
    assert (upper.zmin, upper.zmax, lower.zmin, lower.zmax) == (-2, 2, -3, 3)
    left, right = figures.one_token(parts, words).data
    np.testing.assert_allclose(left.z, c_kv, rtol=1e-6)
    np.testing.assert_allclose(right.z, k_pe, rtol=1e-6)
    for heat, name in ((upper, "c_kv"), (lower, "k_pe"), (left, "c_kv"), (right, "k_pe")):
        assert heat.colorbar.title.text == f"of {name}"


def test_times_are_those_that_were_found_so_far() -> None:
    found = tuple(
        Finding(share, "steps", {"path": path, "tokens": n, "seconds": [0.1, 0.2, 0.4]})
        for share, path, n in ((0.3, "naive", 8), (0.6, "absorbed", 8), (1.0, "naive", 8))
    )
    request = experiments.decoding_times({"absorbed": ("base", True), "naive": ("base", False)})
    growing, times = (timing.times_of(Outcome(request, found[:n])) for n in (1, 3))
    assert growing.contexts == [], "the other path was not timed yet"
    assert times.contexts == [8]
    assert len(times.seconds["naive", 8]) == 6
    low, middle, high = times.quartiles("absorbed", 8)
    assert low <= middle <= high


@pytest.mark.slow
def test_a_study_comes_back_from_json_as_it_was(study: Study) -> None:
    back = Study.from_json(json.loads(json.dumps(study.to_json())))
    assert (back.tokens, back.learnt, back.per_token) == (
        study.tokens,
        study.learnt,
        study.per_token,
    )
    np.testing.assert_allclose(back.values, study.values, atol=1e-4)
    assert back.cost("8")[0] == pytest.approx(study.cost("8")[0], abs=1e-5)


def test_directions_are_fitted_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def slow(of: str, runs: object, rank: int) -> SimpleNamespace:
        calls.append(of)
        time.sleep(0.1)
        return SimpleNamespace(id=of)

    monkeypatch.setattr(latents, "content", lambda: "another model")
    monkeypatch.setattr(latent_study, "fit", slow)
    with ThreadPoolExecutor(5) as pool:
        found = [*pool.map(latents.fit, [()] * 5)]
    assert calls == ["another model"]
    assert len({id(one) for one in found}) == 1


def test_decades_span_the_values() -> None:
    assert decoding_figures.decades([3.0, 500.0]) == [1.0, 10.0, 100.0, 1000.0]
    assert len(decoding_figures.decades([1.0, 1e12])) <= 6
