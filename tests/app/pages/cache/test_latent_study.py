"""Inside the latent: what is read, measured and drawn, against plain numpy and real tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import model.nn.attention
from app.core import jobs, models, store
from app.pages.cache.attention_kinds import figures as diagrams
from app.pages.cache.attention_weights import figures as looks
from app.pages.cache.decoding import figures as ways_figures
from app.pages.cache.decoding import timing
from app.pages.cache.latent import figures
from app.pages.cache.latent import study as study_module
from app.ui import style
from model.nn.cache import Cache
from model.training.pretrain import masked_loss


def through(job: jobs.Job) -> None:
    """Carry a job out as the worker does."""
    parts = job.parts(models.engine)
    while parts:
        parts[:] = [part for part in parts if next(part, "end") != "end"]


@pytest.fixture(scope="module")
def study() -> Iterator[study_module.Study]:
    """A study on few rows, measured by two viewers' jobs in turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study_module, "ROWS", 4)
        patch.setattr(study_module, "FITTED_ROWS", 4)
        patch.setattr(study_module, "CHUNK", 2)
        made = study_module.Study("test", study_module.MODEL)
        both = [study_module.StudyJob(made), study_module.StudyJob(made)]
        parts = [part for job in both for part in job.parts(models.engine)]
        while parts:
            parts[:] = [part for part in parts if next(part, "end") != "end"]
        yield made


def test_every_codec_reads_the_same_rows_once(study: study_module.Study) -> None:
    assert study.rows == 4
    assert all(len(nats) == 4 for nats in study.nats.values())
    engine = models.engine(study_module.MODEL)
    from model.data.held_out import mixture_rows

    context = engine.config.max_position_embeddings
    rows = mixture_rows(engine.tokenizer, context, 4, study_module.SEED)
    ids, learnt = map(torch.from_numpy, rows)
    with torch.inference_mode():
        total, count = masked_loss(engine.model, ids, learnt)
    assert sum(study.nats[study_module.FULL]) == pytest.approx(float(total), rel=1e-4)
    assert sum(study.learnt) == count
    assert study.loss() == pytest.approx(float(total) / count, rel=1e-4)


def test_all_directions_cost_nothing_and_fewer_lose_more(study: study_module.Study) -> None:
    by_rank = sorted((name for name in study.codecs if name.isdecimal()), key=int)
    difference, (low, high) = study.cost(by_rank[-1])
    assert abs(difference) < 1e-3
    assert low <= difference <= high
    errors = [study.error[name] for name in by_rank]
    assert errors == sorted(errors, reverse=True)
    assert study.error["bf16"] < study.error["int8"] < study.error["int4"]


def test_bytes_follow_from_the_config(study: study_module.Study) -> None:
    config = models.config(study_module.MODEL)
    layers, rank = config["num_hidden_layers"], config["kv_lora_rank"]
    rotary = 4 * config["qk_rope_head_dim"]
    for name, size in study.per_token.items():
        latent = {
            "bf16": 2 * rank,
            "int8": rank + 2 * rank // 32,
            "int4": rank // 2 + 2 * rank // 32,
        }.get(name) or 4 * int(name)
        assert size == layers * (latent + rotary)


def test_shares_of_energy_are_numpys(study: study_module.Study) -> None:
    assert study.values is not None
    share_LR = figures.shares(study.values)
    for values, share_R in zip(study.values, share_LR, strict=True):
        whole = sum(value**2 for value in values)
        assert share_R[4] == pytest.approx(sum(value**2 for value in values[:5]) / whole)
        assert share_R[-1] == pytest.approx(1)


def test_ranks_end_with_all() -> None:
    assert study_module.ranks(64) == [1, 2, 4, 8, 12, 16, 24, 32, 48, 64]
    assert study_module.ranks(20) == [1, 2, 4, 8, 12, 16, 20]


def test_a_reading_is_what_the_models_keep_and_where_they_look() -> None:
    trace = store.sample("cache-base")
    through(study_module.ReadingJob(trace))
    reading = study_module.readings().get(trace.id)
    assert reading is not None
    engine = models.engine(study_module.MODEL)
    cache = Cache(engine.config)
    with torch.inference_mode():
        engine.model(torch.tensor([trace.token_ids[: trace.fed].tolist()]), cache)
    for layer, held in enumerate(cache.layers):
        np.testing.assert_allclose(reading.c_kv[layer], held["c_kv"][0], atol=0.02, rtol=2e-3)
        np.testing.assert_allclose(reading.k_pe[layer], held["k_pe"][0], atol=0.02, rtol=2e-3)
    for name in models.TWINS:
        sums = reading.attention[name].astype(np.float32).sum(-1)
        np.testing.assert_allclose(sums, 1, atol=5e-3)


def test_a_pair_has_one_prompt_and_two_caches() -> None:
    request = jobs.Request(study_module.MODEL, "The king said", 8)
    made = study_module.Study("pair", study_module.MODEL)
    job = study_module.PairJob(request, made, "1")
    through(job)
    pair = job.pair()
    assert pair is not None
    config = models.config(study_module.MODEL)
    layers, rotary = config["num_hidden_layers"], config["qk_rope_head_dim"]
    for run, width in ((pair.plain, config["kv_lora_rank"]), (pair.coded, 1)):
        assert run.cache_bytes[run.fed - 1] == run.fed * layers * (width + rotary) * 4
    same = pair.plain.token_ids[pair.plain.n_prompt :][: pair.alike]
    assert (same == pair.coded.token_ids[pair.coded.n_prompt :][: pair.alike]).all()


@pytest.mark.parametrize("name", models.TWINS)
def test_the_diagrams_shapes_are_the_live_tensors(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, seen = models.engine(name), {}
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
        if drawn[names.get(part, part)].role == "kept"
    }
    assert len(held) == sum(box.role == "kept" for box in drawn.values())
    figure = diagrams.diagram(
        models.attention(name),
        list(drawn.values()),
        dict.fromkeys(drawn, "") | {"kept": "a", "again": "b", "new": "c"},
    )
    assert len(figure.layout.shapes) == len(drawn)


def test_heads_have_one_scale_and_their_kinds_colour() -> None:
    rng = np.random.default_rng(0)
    rows = [looks.Looks(kind, rng.dirichlet(np.ones(9), 2)) for kind in style.KINDS]
    words = {"token": "t", "weight": "w", "hover": "h"}
    figure = looks.patterns(rows, ["0", "1"], words)
    assert [bar.marker.color for bar in figure.data] == [
        style.KIND_COLOUR[kind] for kind in style.KINDS for _ in range(2)
    ]
    ranges = {tuple(axis.range) for axis in figure.select_yaxes()}
    assert len(ranges) == 1


def test_latents_are_drawn_as_they_are() -> None:
    rng = np.random.default_rng(1)
    c_kv, k_pe = rng.normal(size=(5, 7)), rng.normal(size=(5, 4))
    parts = figures.Parts(c_kv, k_pe, 2.0, 3.0)
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


def test_times_cover_all_ways_and_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "CONTEXTS", (8, 16))
    monkeypatch.setattr(timing, "ROUNDS", 2)
    job = timing.TimesJob()
    through(job)
    assert job.times.complete
    assert set(job.times.seconds) == {(way, n) for way in timing.measured() for n in (8, 16)}
    assert all(len(found) == 2 * timing.REPEATS for found in job.times.seconds.values())
    low, middle, high = job.times.quartiles("absorbed", 8)
    assert low <= middle <= high
    timing.last().clear()


def test_decades_span_the_values() -> None:
    assert ways_figures.decades([3.0, 500.0]) == [1.0, 10.0, 100.0, 1000.0]
    assert len(ways_figures.decades([1.0, 1e12])) <= 6
