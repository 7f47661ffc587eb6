"""The corpus: reproducible to the byte, packed without cuts, and free of held-out content."""

from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from model.data import corpus, held_out, korean, lookup, tables, texts
from model.data.corpus import CorpusConfig
from model.nn import tokenizer
from model.tasks import chain, pick
from model.tasks.problem import split_of
from model.training import stages
from tests.model.conftest import shipped_folder
from tests.model.tasks.test_tasks import CHAIN, PICK

ROWS, CONTEXT = 400, 384
SPECIAL = re.compile(r"<bos>|<eos>")


@pytest.fixture(scope="module")
def packed(words: Tokenizer) -> list[tuple[list[int], list[bool], list[tuple[str, int]]]]:
    config = CorpusConfig(5, ROWS, CONTEXT, words.get_vocab_size(), text_rows=0.2)
    rows = corpus.pack(words, config, random.Random("corpus/5"), "train")
    return [next(rows) for _ in range(ROWS)]


@pytest.fixture(scope="module")
def documents(words: Tokenizer, packed: list) -> list[tuple[str, str, bool]]:
    """The domain and text of every document in the rows, and whether it is whole."""
    found = []
    for ids, _, parts in packed:
        at = 0
        for domain, n in parts:
            piece = ids[at : at + n]
            at += n
            text = tokenizer.decode(words, piece)
            found.append((domain, SPECIAL.sub("", text), piece[-1] == tokenizer.EOS))
        assert at == len(ids) == CONTEXT + 1
    return found


def keys(text: str) -> list[str]:
    """The keys of the problems in a text, for `split_of`."""
    found = [f"chain:{m[1] or m[2]}" for m in CHAIN.finditer(text)]
    for m in PICK.finditer(text):
        k, listed, target = (m[1], m[2], m[3]) if m[1] else m.group(6, 4, 5)
        numbers = ",".join(map(str, sorted(map(int, listed.split(",")))))
        found.append(f"pick:{numbers}|{k}|{target}")
    return found


@pytest.mark.slow
def test_no_held_out_problem(documents: list[tuple[str, str, bool]]) -> None:
    problems = [text for domain, text, _ in documents if "/" in domain]
    stated = [key for text in problems for key in keys(text)]
    assert len(stated) == len(problems) > 700
    assert {split_of(key) for key in stated} == {"train"}


@pytest.mark.slow
def test_no_held_out_passage(documents: list[tuple[str, str, bool]]) -> None:
    size = texts.SHINGLE
    for domain in ("prose", "code"):
        closed = set()
        for passage in texts.passages(domain, "heldout"):
            words = passage.split()
            closed |= {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
        assert len(closed) > 10_000
        seen = 0
        for text in (text for kind, text, _ in documents if kind == domain):
            words = text.split()
            for i in range(len(words) - size + 1):
                assert tuple(words[i : i + size]) not in closed
                seen += 1
        assert seen > 800


def sentences(text: str) -> list[str]:
    """A Korean paragraph's sentences without the words that link them."""
    links = "|".join(korean.LINKS)
    return [re.sub(f"^(?:{links}) ", "", s) + "." for s in text.split(". ")]


@pytest.mark.slow
def test_no_held_out_korean_sentence(documents: list[tuple[str, str, bool]]) -> None:
    seen = 0
    for _, text, whole in (d for d in documents if d[0] == "korean"):
        for sentence in sentences(text.removesuffix("."))[: None if whole else -1]:
            assert split_of(f"korean:{sentence}") == "train", sentence
            seen += 1
    assert seen > 300


def table_rows(text: str) -> list[list[str]]:
    """The cells of the rows of a table or list, in each of its four layouts."""
    lines = text.split("\n")
    if lines[0].startswith("| "):
        return [line.strip("| ").split(" | ") for line in lines[2:]]
    if lines[0].startswith("1. "):
        return [line.split(". ", 1)[1].split(" ") for line in lines]
    if lines[0].startswith("- "):
        return [[cell.split(": ", 1)[1] for cell in line[2:].split("; ")] for line in lines]
    return [line.split(",") for line in lines[1:]]


@pytest.mark.slow
def test_no_held_out_table_row(documents: list[tuple[str, str, bool]]) -> None:
    seen = 0
    for _, text, whole in (d for d in documents if d[0] == "tables"):
        lines = text if whole else text.rpartition("\n")[0]
        if not lines.count("\n") > 1:
            continue
        for row in table_rows(lines):
            assert split_of(f"row:{' '.join(row)}") == "train", row
            seen += 1
    assert seen > 200


@pytest.mark.slow
def test_held_out_text_is_held_out() -> None:
    rng = random.Random(0)
    for _ in range(20):
        for sentence in sentences(korean.document(rng, "heldout", 10).removesuffix(".")):
            assert split_of(f"korean:{sentence}") == "heldout"
        for row in table_rows(tables.document(rng, "heldout", 10)):
            assert split_of(f"row:{' '.join(row)}") == "heldout"
    for domain in ("prose", "code"):
        passages = texts.passages(domain, "heldout")
        assert passages and not set(passages) & set(texts.passages(domain, "train"))


@pytest.mark.slow
def test_problems_are_packed_whole(packed: list, documents: list[tuple[str, str, bool]]) -> None:
    assert all(whole for domain, _, whole in documents if "/" in domain)
    for ids, learnt, parts in packed:
        assert ids[0] == tokenizer.BOS and not learnt[0]
        assert all(domain in texts.DOMAINS for domain, _ in parts[-1:]) or sum(
            n for _, n in parts
        ) == len(ids)


def test_a_row_begins_with_any_document(packed: list) -> None:
    """A document that does not fit must not open the next row: long ones would crowd the heads."""
    heads = [row[2][0][0] for row in packed if "/" in row[2][0][0]]
    direct = sum(domain.endswith("/direct") for domain in heads) / len(heads)
    of_chains = sum(chain.DIRECT.values()) / len(chain.DIRECT)
    share = corpus.TASK_SHARE["chain"] * of_chains + corpus.TASK_SHARE["pick"] * 0.45
    assert len(heads) > 200
    assert direct == pytest.approx(share, abs=3 * (share * (1 - share) / len(heads)) ** 0.5)


def test_a_sheet_is_no_problem() -> None:
    """Its operations are single ones, which are not problems of any level."""
    assert min(chain.LEVELS) > 1
    rng = random.Random(0)
    sheets = [corpus.exercise_document(rng, "train") for _ in range(400)]
    texts_of = [d.text for d in sheets if d.domain == "sheet"]
    assert len(texts_of) > 20
    for text in texts_of:
        steps = re.findall(r"[\d+*-]+=\d+", text)
        assert len(steps) >= 3 and not keys(text)
        assert all(len(re.findall(r"[+*-]", step)) == 1 for step in steps)


def test_what_is_learnt(words: Tokenizer, packed: list) -> None:
    for ids, learnt, parts in packed[:100]:
        at = 0
        for domain, n in parts:
            piece, flags = ids[at : at + n], learnt[at : at + n]
            at += n
            assert not flags[0]  # <bos> is never predicted
            if domain in texts.DOMAINS:
                assert all(flags[1:])
                continue
            assert flags[-1]  # <eos>
            question = tokenizer.decode(
                words, [i for i, f in zip(piece, flags, strict=True) if not f]
            )
            if domain == lookup.DOMAIN:
                assert question.count("\n") > question.count("? ") >= 2 * lookup.LEAST
                continue
            assert keys(question) or domain == "sheet", "the question is not learnt"
            answer = tokenizer.decode(words, [i for i, f in zip(piece, flags, strict=True) if f])
            assert not keys(answer)


def test_errors_made_on_purpose_are_not_learnt() -> None:
    rng = random.Random(0)
    wrong = 0
    for _ in range(300):
        document = corpus.random_problem_document(rng, "train")
        if document.domain == "chain/verify":
            for piece in document.pieces[2:]:
                if not piece.learn:  # a wrong value, and before it the wrong number that it took
                    assert piece.text.removesuffix("=").isdigit()
                    wrong += 1
    assert wrong > 10


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, words: Tokenizer) -> None:
    def digest(seed: int, name: str) -> str:
        config = CorpusConfig(seed, 25, CONTEXT, words.get_vocab_size(), long_rows=5)
        manifest = corpus.build(config, tmp_path / name, words)
        kept = json.loads((tmp_path / name / "manifest.json").read_text())
        assert kept == json.loads(json.dumps(manifest))
        both = ""
        for file, rows, context in (("train", 25, CONTEXT), ("long", 5, 2 * CONTEXT)):
            with np.load(tmp_path / name / f"{file}.npz") as data:
                learnt = np.unpackbits(data["learnt"], axis=1, count=context + 1).astype(bool)
                written = hashlib.sha256(data["ids"].tobytes() + learnt.tobytes()).hexdigest()
            assert written == manifest[file]["sha256"]
            assert manifest[file]["tokens"] == rows * (context + 1)
            assert sum(manifest[file]["share_of_tokens"].values()) == pytest.approx(1, abs=1e-3)
            both += written
        assert not (tmp_path / name / "unfinished.npz").exists()
        return both

    assert digest(0, "a") == digest(0, "b") != digest(1, "c")


def lookups(text: str) -> tuple[list[tuple[str, ...]], list[tuple[str, str, str]]]:
    """The records of a document, and its questions: requested field, given value, answer."""
    listed = re.findall(r"^(\w+),(\w+),(\w+),(\d+)$", text, re.MULTILINE)
    return listed, re.findall(r"^(\w+) of (\w+)\? (\w+)$", text, re.MULTILINE)


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_what_is_looked_up_is_there_once(split: str) -> None:
    rng = random.Random(0)
    asked_by = set()
    for _ in range(60):
        pieces = lookup.document(rng, split)  # type: ignore[arg-type]
        held, asked = lookups("".join(p.text for p in pieces))
        assert lookup.LEAST <= len(held) <= lookup.MOST and len(asked) == 2 * len(held)
        assert {split_of(f"record:{','.join(record)}") for record in held} == {split}
        assert len({value for record in held for value in record}) == 4 * len(held)
        for field, given, answer in asked:
            [record] = [record for record in held if given in record]
            assert answer == record[lookup.FIELDS.index(field)] != given
            asked_by.add((lookup.FIELDS[record.index(given)], field))
        assert [p.text for p in pieces if p.learn] == [answer for _, _, answer in asked]
    assert len(asked_by) == 12


@pytest.mark.slow
def test_no_held_out_record(documents: list[tuple[str, str, bool]]) -> None:
    held = [lookups(text)[0] for domain, text, _ in documents if domain == lookup.DOMAIN]
    assert len(held) > 5
    for record in (record for records in held for record in records):
        assert split_of(f"record:{','.join(record)}") == "train"


def test_a_corpus_of_one_task_with_verdicts_of_one_word(words: Tokenizer) -> None:
    found = {}
    for verdicts in ("digits", "word"):
        config = CorpusConfig(
            5, 60, CONTEXT, words.get_vocab_size(), task="pick", verdicts=verdicts
        )  # type: ignore[arg-type]
        rows = corpus.pack(words, config, random.Random(0), "train")
        domains: set[str] = set()
        text = ""
        for _ in range(60):
            ids, learnt, parts = next(rows)
            assert len(ids) == len(learnt) == CONTEXT + 1
            domains |= {domain for domain, _ in parts}
            text += tokenizer.decode(words, ids)
        assert {d.split("/")[0] for d in domains} == {"pick", "rest"}
        found[verdicts] = len(re.findall(r"\d/\d", text))
        assert " no" in text and " ok" in text
    assert found["digits"] > 200 and found["word"] == 0


def test_the_rows_that_the_shipped_models_were_trained_on() -> None:
    """The corpus must not change after the checkpoints were trained: its first rows are pinned."""
    words = tokenizer.load(shipped_folder("base"))
    rng = random.Random(f"corpus/{stages.CORPUS.seed}")
    rows = corpus.pack(words, stages.CORPUS, rng, "train")
    first = [next(rows) for _ in range(40)]
    ids = np.array([row[0] for row in first], dtype=np.uint16)
    learnt = np.array([row[1] for row in first])
    assert hashlib.sha256(ids.tobytes() + learnt.tobytes()).hexdigest() == (
        "641d8f422e8a6a1d75ceb47594b086caf3cc8855d3e28b4e9711d3f65005176d"
    )


def test_held_out_rows_state_held_out_problems_only(words: Tokenizer) -> None:
    ids, learnt = held_out.mixture_rows(words, CONTEXT, 20, seed=1)
    assert ids.shape == learnt.shape == (20, CONTEXT + 1)
    for domain in ("chain", "pick"):
        more, _ = held_out.domain_rows(words, domain, CONTEXT, 5, seed=1)
        assert more.shape == (5, CONTEXT + 1)
        ids = np.concatenate([ids, more])
    stated = [key for row in ids for key in keys(tokenizer.decode(words, row.tolist()))]
    assert len(stated) > 50
    assert {split_of(key) for key in stated} == {"heldout"}


@pytest.mark.slow
def test_levels_and_styles_all_occur(documents: list[tuple[str, str, bool]]) -> None:
    domains = {domain for domain, _, _ in documents}
    wanted = {"chain/direct", "chain/verify", "pick/search", lookup.DOMAIN, *texts.DOMAINS}
    assert wanted <= domains
    shapes = {
        (int(m[1] or m[6]), len((m[2] or m[4]).split(",")))
        for domain, text, _ in documents
        if domain.startswith("pick/")
        for m in PICK.finditer(text)
    }
    assert shapes == set(pick.SHAPES.values())


def test_korean_particles_follow_the_last_syllable() -> None:
    assert korean.particle("학생", "은", "는") == "학생은"
    assert korean.particle("나무", "은", "는") == "나무는"
    assert korean.particle("물", "을", "를") == "물을"
