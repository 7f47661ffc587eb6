"""One model over held-out text of every domain: which experts each kind of text goes to.

The text is given, not generated (teacher forcing), so that all models read the same.
"""

from __future__ import annotations

import functools
import random
import time
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.services import jobs, models
from app.services.prompts import InputError
from model.tasks import TASKS, problems
from model.training import texts
from model.training.corpus import problem_document

DOMAINS = (*TASKS, *texts.DOMAINS)
TEXTS = 6  # of each domain
CHARACTERS = 300  # of each text, at most: it must fit every model's context


@dataclass(frozen=True)
class Load:
    """Counts of D domains, in the order of `DOMAINS`."""

    tokens: NDArray[np.int64]  # [D]
    load: NDArray[np.int64]  # [D, L, E]: of these, the tokens that took an expert


def _texts(domain: str) -> list[str]:
    rng = random.Random(domain)
    if domain not in TASKS:
        return [texts.document(rng, domain, "heldout")[:CHARACTERS] for _ in range(TEXTS)]
    posed = problems(domain, 2, 0, "heldout")
    styles = list(TASKS[domain].STYLES)
    return [
        problem_document(rng, next(posed), rng.choice(styles)).text[:CHARACTERS]
        for _ in range(TEXTS)
    ]


@functools.cache
def documents() -> dict[str, list[str]]:
    """Domain → the beginnings of held-out texts; problems come with a written answer."""
    return {domain: _texts(domain) for domain in DOMAINS}


@st.cache_data(max_entries=16, show_spinner=False)
def load(model: str) -> Load:
    """Let a model read all documents, in turn with what others generate. `<bos>` is not counted.

    Raises:
        InputError: if the model could not run; the reason is the engine's.
    """
    job = jobs.worker().submit(
        [jobs.Request(model, text, 0) for domain in DOMAINS for text in documents()[domain]]
    )
    while job.look() in ("waiting", "running"):
        time.sleep(0.02)
    if job.error is not None:
        raise InputError(job.error)
    runs = [trace.expert_ids[1:] for trace in job.traces() if trace is not None]
    experts = int(models.config(model)["n_routed_experts"])
    layers = range(runs[0].shape[1])
    counts = np.array(
        [[np.bincount(ids[:, at].ravel(), minlength=experts) for at in layers] for ids in runs]
    )
    tokens = np.array([len(ids) for ids in runs])
    shape = (len(DOMAINS), TEXTS)
    return Load(tokens.reshape(shape).sum(1), counts.reshape(*shape, *counts.shape[1:]).sum(1))
