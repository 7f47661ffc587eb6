"""Records what the Latent cache page opens with: runs, the latent study, and decoding times.

The twins continue one prompt in each language of the page. Nothing is selected by its outcome.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.analysis import decoding_cost, latent_study
from model.analysis.decoding_cost import Shape
from model.data import korean
from model.data.held_out import mixture_rows
from model.nn import shipped, tokenizer
from model.nn.config import ModelConfig, read_config
from model.nn.files import write_json
from model.nn.shipped import without_seed
from model.nn.workspace import KernelModel
from model.runtime.recording import recorded
from model.runtime.sampler import Sampler
from model.runtime.scheduler import Scheduler
from model.training import experiments, recorded_training

PROMPTS = {"en": "And the LORD said unto Moses, "}
# without the newline after it, which ends a document in the training text
PROMPTS["ko"] = korean.document(random.Random(0), "heldout", 3).splitlines()[0] + " "
NEW_TOKENS, TEMPERATURE, SEED = 220, 0.7, 0


def record(folder: Path) -> list[str]:
    """Write all recordings to a folder; returns their names."""
    contents: dict[str, Any] = {}
    for name in twins():
        for language, prompt in PROMPTS.items():
            sample = f"cache-{name}" if language == "en" else f"cache-{name}-{language}"
            model = Sampler.load(shipped.FOLDER / name)
            contents[sample] = recorded(model, prompt, NEW_TOKENS, TEMPERATURE, SEED).to_json()
    mla, mha = widest("MLA"), widest("MHA")
    contents["latent-study"] = study(mla)
    contents["decoding-times"] = decoding_times(mla, mha)
    for sample, content in contents.items():
        write_json(folder / f"{sample}.json", content)
    return list(contents)


def twins() -> dict[str, ModelConfig]:
    """The configs of the models that differ in attention only, with the first seed."""
    return {
        name: read_config(folder)
        for name, folder in shipped.folders().items()
        if shipped.about(folder).family == "twin" and without_seed(name)[1] == 0
    }


def widest(kind: str) -> str:
    """The twin of an attention kind with the largest cache."""
    configs = {name: config for name, config in twins().items() if config.attention == kind}
    return max(configs, key=lambda name: configs[name].kv_lora_rank or 0)


@dataclass(frozen=True)
class LatentCodecEngine:
    """The scheduler's engine key for a model with a latent codec."""

    fit: str
    name: str


def study(name: str) -> dict[str, Any]:
    """Statistics of a model's latents, and the cost of compressing them."""
    folder = shipped.FOLDER / name
    words, config = tokenizer.load(folder), read_config(folder)
    rank, context = config.kv_lora_rank, config.max_position_embeddings
    assert rank is not None
    whole = KernelModel.load(folder)
    derived: dict[Hashable, Callable[[KernelModel], KernelModel]] = {}
    scheduler = Scheduler(lambda engine: derived[engine](whole) if engine in derived else whole)
    digests = [hashlib.sha256((folder / f).read_bytes()).hexdigest() for f in latent_study.FILES]
    of = latent_study.content(digests)

    ids, _ = mixture_rows(words, context - 1, latent_study.FITTED_ROWS, latent_study.FITTED_SEED)
    fit_runs = scheduler.run(latent_study.fit_requests(name, ids))
    fitted = latent_study.fit(of, fit_runs, rank)
    codecs = latent_study.codecs(rank)
    derived |= {LatentCodecEngine(of, codec): fitted.derive(codec) for codec in codecs}

    ids, learnt = mixture_rows(words, context - 1, latent_study.ROWS, latent_study.SEED)
    engines = [name, *(LatentCodecEngine(of, codec) for codec in codecs)]
    runs = scheduler.run(latent_study.cost_requests(engines, ids))
    found = latent_study.study(fitted, fit_runs, runs, learnt)
    date = datetime.date.today().isoformat()
    return {"date": date, "of": of, "study": found.to_json()}


def decoding_times(mla: str, mha: str) -> dict[str, Any]:
    """Time decoding steps on this machine."""
    raw = {name: (shipped.FOLDER / name / "config.json").read_bytes() for name in (mla, mha)}
    configs = {name: json.loads(text) for name, text in raw.items()}
    paths = decoding_cost.timed_paths(mla, Shape.of(configs[mla]), mha, configs[mha])
    return recorded_training.experiment(experiments.decoding_times(paths))
