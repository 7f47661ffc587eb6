"""The pre-training corpus: one command, one seed, the same rows on every machine.

About four fifths of the tokens are verifiable problems with traces (`model.tasks`) and lookup
records (`model.data.lookup`), the rest is text of four domains (`model.data.texts`). Besides whole
problems there are sheets of single operations, so that steps are practised more often than
questions are read. Documents are packed into rows without being cut, except for text, which fills
the rest of a row. The loss covers completions and text, but neither questions nor errors that were
put into a trace on purpose (see `Piece.learn`).
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from tokenizers import Tokenizer

from model.data import lookup, texts
from model.nn.tokenizer import BOS, EOS, PAD, encode, train
from model.tasks import TASKS, chain
from model.tasks.problem import WORDS, Language, Piece, Problem, Split, Voice

TASK_SHARE = {"chain": 0.5, "pick": 0.5}
TEMPLATED = 0.5  # share of problems stated in the template; the rest is a bare question
TAGGED = 0.72  # share of completions with tags
MIXED = 0.15  # share of traces whose words come from both languages
FOREIGN = 0.05  # share of traces in the other language than the question
SHEETS = 0.12  # share of sheets among non-text documents
LOOKUPS = 0.04  # share of lookup records among them

Verdicts = Literal["digits", "word"]


@dataclass(frozen=True)
class CorpusConfig:
    """The settings of a corpus: `rows` rows of `context` + 1 tokens.

    With a `task`, it contains that task's problems only. With `verdicts` "digits", traces compare
    two numbers digit by digit before "ok" or "no"; with "word" they write the word alone.
    """

    seed: int
    rows: int
    context: int
    vocab_size: int
    text_rows: float = 0.06  # share of text-only rows; row tails bring text to a fifth
    long_rows: int = 0  # rows of twice the context
    task: str | None = None
    verdicts: Verdicts = "digits"


@dataclass(frozen=True)
class Document:
    """Pieces of text; `domain` is its kind, e.g. "chain/verify" or "prose"."""

    domain: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def voice(rng: random.Random, language: Language, verdicts: Verdicts = "digits") -> Voice:
    """A random voice for a trace: mostly in `language`, rarely in the other or in both."""
    kind = rng.random()
    other: Language = "ko" if language == "en" else "en"
    spoken = other if MIXED <= kind < MIXED + FOREIGN else language
    return Voice(rng, spoken, mixed=kind < MIXED, written=verdicts == "digits")


def problem_document(
    rng: random.Random, problem: Problem, style: str, verdicts: Verdicts = "digits"
) -> Document:
    """A problem with an answer in one style, as a training document."""
    said = voice(rng, problem.language, verdicts)
    trace, answer = TASKS[problem.task].write_trace(rng, problem, style, said)
    question = problem.prompt if rng.random() < TEMPLATED else f"{problem.question} "
    if rng.random() < TAGGED:
        opening, closing = Piece("<think>"), Piece(f"</think><answer>{answer}</answer>")
    else:
        opening = Piece("")
        closing = Piece((" " + said("answer") if trace else "") + answer)
    return Document(
        f"{problem.task}/{style}", (Piece(question, learn=False), opening, *trace, closing)
    )


def random_language(rng: random.Random) -> Language:
    return "en" if rng.random() < 0.55 else "ko"


def random_problem_document(
    rng: random.Random, split: Split, task: str | None = None, verdicts: Verdicts = "digits"
) -> Document:
    """A random problem of any level, and of any task unless given; styles by their shares."""
    task = task or rng.choices(list(TASK_SHARE), list(TASK_SHARE.values()))[0]
    family = TASKS[task]
    while True:
        problem = family.generate(rng, rng.choice(family.LEVELS), random_language(rng))
        if problem.split == split:
            break
    shares = family.styles(problem.level)
    style = rng.choices(list(shares), list(shares.values()))[0]
    return problem_document(rng, problem, style, verdicts)


def exercise_document(rng: random.Random, split: Split, verdicts: Verdicts = "digits") -> Document:
    """A non-text document: a problem or, now and then, a sheet of exercises or lookup records."""
    kind = rng.random()
    if kind < SHEETS:
        said = voice(rng, random_language(rng), verdicts)
        return Document("sheet", tuple(chain.sheet(rng, said)))
    if kind < SHEETS + LOOKUPS:
        return Document(lookup.DOMAIN, lookup.document(rng, split))
    return random_problem_document(rng, split, verdicts=verdicts)


def text_document(rng: random.Random, split: Split, domain: str | None = None) -> Document:
    """A text of a domain, which is drawn uniformly unless given."""
    domain = domain or rng.choice(texts.DOMAINS)
    return Document(domain, (Piece(texts.document(rng, domain, split)),))


def tokenise(tokenizer: Tokenizer, document: Document) -> tuple[list[int], list[bool]]:
    """Token ids from `<bos>` to `<eos>`, and the loss mask: whether each is learnt."""
    ids, learnt = [BOS], [False]
    for piece in document.pieces:
        new = encode(tokenizer, piece.text) if piece.text else []
        ids += new
        learnt += [piece.learn] * len(new)
    return [*ids, EOS], [*learnt, True]


def tokenizer_texts(seed: int) -> Iterator[str]:
    """The texts that the tokenizer is trained on: the corpus's own mixture, and its words."""
    rng = random.Random(f"tokenizer/{seed}")
    for said in WORDS.values():
        for word in said.values():
            yield from [word] * 2000
    for words in lookup.WORDS.values():
        for word in words:
            yield from [word] * 500
    for _ in range(6000):
        yield exercise_document(rng, "train").text
    for domain in texts.DOMAINS:
        for _ in range(300):
            yield text_document(rng, "train", domain).text


def pack(
    tokenizer: Tokenizer, config: CorpusConfig, rng: random.Random, split: Split
) -> Iterator[tuple[list[int], list[bool], list[tuple[str, int]]]]:
    """Rows of `context` + 1 ids with their loss masks and their (domain, tokens) parts.

    A document that no longer fits waits for a later row, but never opens one: long ones wait more
    often, which would bias the first document of a row. That is always newly drawn.
    """
    size = config.context + 1
    waiting: list[tuple[str, list[int], list[bool]]] = []

    def draw() -> Document:
        if config.task:
            return random_problem_document(rng, split, config.task, config.verdicts)
        return exercise_document(rng, split, config.verdicts)

    while True:
        ids: list[int] = []
        learnt: list[bool] = []
        parts: list[tuple[str, int]] = []

        def add(domain: str, new: list[int], flags: list[bool]) -> None:
            ids.extend(new[: size - len(ids)])  # noqa: B023
            learnt.extend(flags[: size - len(learnt)])  # noqa: B023
            parts.append((domain, min(len(new), size - sum(n for _, n in parts))))  # noqa: B023

        if config.task or rng.random() >= config.text_rows:
            while True:
                fits = [i for i, d in enumerate(waiting) if ids and len(ids) + len(d[1]) <= size]
                if fits:
                    add(*waiting.pop(fits[0]))
                    continue
                document = draw()
                drawn = (document.domain, *tokenise(tokenizer, document))
                if len(drawn[1]) > size:  # longer than a whole row: unlearnable, skip it
                    continue
                if len(ids) + len(drawn[1]) > size:
                    waiting.append(drawn)
                    break
                add(*drawn)
        while len(ids) < size:
            if config.task:
                add("rest", [PAD] * (size - len(ids)), [False] * (size - len(ids)))
                break
            document = text_document(rng, split)
            add(document.domain, *tokenise(tokenizer, document))
        yield ids, learnt, parts


def build(config: CorpusConfig, folder: Path, tokenizer: Tokenizer | None = None) -> dict:
    """Write tokenizer.json, train.npz, long.npz and manifest.json; returns the manifest.

    long.npz has `long_rows` rows of twice the length; documents that do not fit into a row of
    train.npz occur only there.
    """
    started = time.time()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer or train(tokenizer_texts(config.seed), config.vocab_size)
    tokenizer.save(str(folder / "tokenizer.json"))
    long = replace(config, rows=config.long_rows, context=2 * config.context)
    manifest = {
        "config": asdict(config),
        "train": write_rows(tokenizer, config, folder / "train.npz", f"corpus/{config.seed}"),
        "long": write_rows(tokenizer, long, folder / "long.npz", f"corpus/{config.seed}/long"),
        "seconds": round(time.time() - started, 1),
        "sources": {
            "chain, pick, sheet, lookup": "made by model.tasks, model.data.lookup (CC0)",
            "prose": "King James Version, public domain; text of Debian's bible-kjv-text",
            "code": "Python 3.11.7 standard library, PSF licence version 2",
            "korean": "made by model.data.korean from the seed (CC0)",
            "tables": "made by model.data.tables from the seed (CC0)",
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return manifest


def write_rows(tokenizer: Tokenizer, config: CorpusConfig, file: Path, seed: str) -> dict:
    """Write the rows of a configuration, drawn from a seed; returns their statistics."""
    started = time.time()
    rows = pack(tokenizer, config, random.Random(seed), "train")
    ids = np.full((config.rows, config.context + 1), PAD, dtype=np.uint16)
    learnt = np.zeros(ids.shape, dtype=bool)
    tokens: Counter[str] = Counter()
    documents: Counter[str] = Counter()
    for i in range(config.rows):
        ids[i], learnt[i], parts = next(rows)
        for domain, n in parts:
            tokens[domain] += n
            documents[domain] += 1
        if i % 5000 == 0:
            print(
                f"{file.stem}: {i:,} of {config.rows:,} rows, {time.time() - started:.0f} s",
                flush=True,
            )
    fresh = file.with_name("unfinished.npz")  # so that a kill leaves no partial file
    np.savez(fresh, ids=ids, learnt=np.packbits(learnt, axis=1))
    fresh.replace(file)
    return {
        "tokens": int(ids.size),
        "learnt_tokens": int(learnt.sum()),
        "share_of_tokens": {d: round(n / max(1, ids.size), 4) for d, n in sorted(tokens.items())},
        "documents": dict(sorted(documents.items())),
        "sha256": hashlib.sha256(ids.tobytes() + learnt.tobytes()).hexdigest(),
    }
