"""The command line: the JSON keys that other programs rely on, and one clear line per error."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from model.__main__ import main
from model.analysis.kv_size import cache_spec
from model.nn import checkpoints, shipped
from model.nn.config import read_config
from model.runtime.sampler import Completion, Sampler
from model.tasks.check import is_correct
from model.tasks.problem import TEMPLATE, Problem, split_of
from tests.model.conftest import ABOUT, NEEDED, random_model, shipped_folder, tiny_config
from tests.model.data.test_corpus import keys

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with --json; returns its parsed output."""

    def parsed(*argv: str) -> Any:
        assert main([*argv, "--json"]) == 0
        out, err = capsys.readouterr()
        assert not err
        return json.loads(out)

    return parsed


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command that must fail with a message; returns the line."""

    def line(*argv: str) -> str:
        assert main(argv) == 2
        out, err = capsys.readouterr()
        assert not out
        assert err.count("\n") == 1 and err.endswith("\n") and err.startswith("error: ")
        assert "Traceback" not in err and len(err) < 2_500
        return err

    return line


def test_list(run: Any) -> None:
    rows = run("list")
    for row in rows:
        assert set(row) == {
            "name", "family", "attention", "total_parameters", "active_parameters",
            "tokens_trained", "folder",
        }  # fmt: skip
        assert (Path(row["folder"]) / "model.safetensors").is_file()
        dense = row["family"] in ("student", "verdict")
        assert 0 < row["active_parameters"] <= row["total_parameters"]
        assert (row["active_parameters"] == row["total_parameters"]) == dense
    kinds = {row["name"]: (row["family"], row["attention"]) for row in rows}
    assert set(NEEDED) <= set(kinds)
    assert kinds["base"] == ("base", "MLA")
    assert [kinds[n] for n in NEEDED[1:]] == [("twin", "MHA"), ("twin", "GQA"), ("twin", "MQA")]


def test_generate(run: Any) -> None:
    options = ("--max-new-tokens", "12", "--samples", "3", "--seed", "5", "--temperature", "0.8")
    found = run("generate", "base", "--prompt", "What is 12+30? 🙂", *options)
    assert set(found) == {"model", "prompt", "samples", "tokens_per_second"}
    assert (found["model"], found["prompt"]) == ("base", "What is 12+30? 🙂")
    assert len(found["samples"]) == 3
    for sample in found["samples"]:
        assert set(sample) == {"text", "token_ids", "finish_reason"}
        assert sample["finish_reason"] in ("stop", "length")
        assert 0 < len(sample["token_ids"]) <= 12
    again = run("generate", "base", "--prompt", "What is 12+30? 🙂", *options)
    assert [s["text"] for s in again["samples"]] == [s["text"] for s in found["samples"]]


def test_the_speed_is_that_of_all_samples_together(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Completion("1", [20] * 30, [0.0] * 30, "length", seconds=2.0)
    monkeypatch.setattr(Sampler, "complete", lambda self, prompts, *_: [one] * len(prompts))
    for samples in (1, 8):
        found = run("generate", "base", "--prompt", "x", "--samples", str(samples))
        assert found["tokens_per_second"] == 15.0 * samples


def test_temperature_0_is_greedy(run: Any) -> None:
    options = ("--max-new-tokens", "8", "--temperature", "0")
    found = run("generate", "base-mqa", "--prompt", "x", "--samples", "2", *options)
    other = run("generate", "base-mqa", "--prompt", "x", "--seed", "9", *options)
    assert len({s["text"] for s in [*found["samples"], *other["samples"]]}) == 1


@pytest.mark.parametrize("name", ["base", "base-gqa"])
def test_trace(run: Any, name: str) -> None:
    found = run("trace", name, "--prompt", "And the LORD said", "--max-new-tokens", "6")
    # what other programs rely on, and three more: whose trace, where the answer begins, a remark
    named = {"token_ids", "tokens", "logprobs", "layers", "cache_bytes", "seconds"}
    assert set(found) == named | {"model", "prompt_tokens", "note"}
    n = len(found["token_ids"])
    for key in named - {"layers"}:
        assert len(found[key]) == n
    assert "".join(found["tokens"]).startswith("<bos>And the LORD said")
    assert found["logprobs"][0] is None and all(x <= 0 for x in found["logprobs"][1:])
    assert [layer["layer"] for layer in found["layers"]] == [1, 2, 3, 4]
    for layer in found["layers"]:
        assert set(layer) == {"layer", "expert_ids", "expert_weights"}
        assert len(layer["expert_ids"]) == len(layer["expert_weights"]) == n - 1
        assert all(len(set(ids)) == 4 and max(ids) < 16 for ids in layer["expert_ids"])
        assert all(sum(w) == pytest.approx(2, abs=2e-3) for w in layer["expert_weights"])
    spec = cache_spec(json.loads((shipped_folder(name) / "config.json").read_text()))
    held = [spec.bytes(i + 1, "float32") for i in range(n - 1)]
    assert found["cache_bytes"] == [*held, held[-1]]
    assert "not fed" in found["note"]
    greedy = run("generate", name, "--prompt", "And the LORD said", "--max-new-tokens", "6",
                 "--temperature", "0")  # fmt: skip
    assert greedy["samples"][0]["token_ids"] == found["token_ids"][found["prompt_tokens"] :]


def test_a_dense_model(
    run: Any, tmp_path: Path, words: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    model = random_model(tiny_config("Qwen2", words.get_vocab_size()))
    checkpoints.save(tmp_path / "tiny", model, words, replace(ABOUT, family="student"))
    [row] = run("list")
    assert row["attention"] == "GQA"
    assert row["active_parameters"] == row["total_parameters"]
    found = run("trace", "tiny", "--prompt", "What is 12+30?", "--max-new-tokens", "5")
    assert found["layers"] == []
    assert len(found["tokens"]) == len(found["cache_bytes"]) == len(found["logprobs"])
    run("generate", "tiny", "--prompt", "x", "--samples", "2", "--max-new-tokens", "5")
    sizes = run("kv", str(tmp_path / "tiny" / "config.json"))
    assert (sizes["attention"], sizes["bytes_per_token"]) == ("GQA", 3 * 2 * 2 * 16 * 2)


@pytest.mark.parametrize(
    ("name", "kind", "per_token"),
    [
        ("base", "MLA", None),
        ("base-mha", "MHA", 5 * 256 * 2),
        ("base-gqa", "GQA", 5 * 128 * 2),
        ("base-mqa", "MQA", 5 * 32 * 2),
        ("DeepSeek-V3 / R1 (671B)", "MLA", 70_272),
    ],
)
def test_kv(run: Any, name: str, kind: str, per_token: int | None) -> None:
    if per_token is None:
        shape = read_config(shipped_folder(name))
        latent = (shape.kv_lora_rank or 0) + (shape.qk_rope_head_dim or 0)
        per_token = shape.num_hidden_layers * latent * 2
    found = run("kv", name, "--tokens", "1000", "--batch", "3")
    per_token_keys = {"bytes_per_token", "bytes_per_token_beyond_windows"}
    assert set(found) == {"attention", "bytes", "layers", "notes", *per_token_keys}
    assert found["attention"] == kind
    assert found["bytes_per_token"] == per_token
    assert found["bytes"] == per_token * 3000
    assert sum(layer["elements_per_token"] for layer in found["layers"]) * 2 == per_token


def test_kv_of_a_folder(run: Any, tmp_path: Path) -> None:
    config = {"n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "dim": 32}
    (tmp_path / "params.json").write_text(json.dumps(config), encoding="utf-16")
    assert run("kv", str(tmp_path))["bytes_per_token"] == 2 * 2 * 2 * 8 * 2
    (tmp_path / "config.json").write_text(json.dumps({**config, "kv_heads": 2, "n_layers": 1}))
    assert run("kv", str(tmp_path))["bytes_per_token"] == 2 * 2 * 8 * 2


def test_kv_of_a_file_and_a_precision(run: Any) -> None:
    config = str(shipped_folder("base") / "config.json")
    in_bf16 = run("kv", config)["bytes_per_token"]
    assert run("kv", config, "--dtype", "float32")["bytes_per_token"] == 2 * in_bf16
    assert run("kv", config, "--tokens", "0")["bytes"] == 0


@pytest.mark.parametrize("task", ["chain", "pick"])
def test_problems(run: Any, task: str) -> None:
    found = run("problems", "--task", task, "--level", "3", "-n", "25", "--seed", "4")
    assert len(found) == 25
    for row in found:
        assert set(row) == {"prompt", "question", "answer", "task", "level"}
        assert (row["task"], row["level"]) == (task, 3)
        assert row["prompt"] == TEMPLATE.format(question=row["question"])
        [key] = keys(row["question"])
        assert split_of(key) == "heldout"
        problem = Problem(task, 3, "en", key.split(":", 1)[1], row["question"], row["answer"])
        assert is_correct(problem, row["answer"])
    assert run("problems", "--task", task, "--level", "3", "-n", "25", "--seed", "4") == found
    assert run("problems", "--task", task, "--level", "3", "-n", "25", "--seed", "5") != found


def test_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["problems", "--task", "chain", "--level", "2", "-n", "3"]) == 0
    assert capsys.readouterr().out.count("\n") == 3
    assert main(["generate", "base", "--prompt", "x", "--max-new-tokens", "3"]) == 0
    assert main(["trace", "base", "--prompt", "x", "--max-new-tokens", "3"]) == 0
    assert main(["kv", "base"]) == 0
    assert "MLA" in capsys.readouterr().out


LONG = "z" * 10_000
G = ("generate", "base", "--prompt")
WRONG: list[tuple[str, ...]] = [
    (),
    ("cook",),
    ("list", "more"),
    ("generate",),
    ("generate", "base"),
    ("generate", "nobody", "--prompt", "x"),
    ("generate", "../base", "--prompt", "x"),
    ("generate", "", "--prompt", "x"),
    ("generate", LONG, "--prompt", "x"),
    (*G, ""),
    (*G, " \n\t "),
    (*G, "1" * 1200),
    (*G, LONG),
    (*G, "한" * 10_000),
    (*G, "a\udcff"),
    (*G, "x", "--max-new-tokens", "0"),
    (*G, "x", "--max-new-tokens", "-3"),
    (*G, "x", "--max-new-tokens", "1.5"),
    (*G, "x", "--max-new-tokens", "9" * 5000),
    (*G, "x", "--temperature", "nan"),
    (*G, "x", "--temperature", "inf"),
    (*G, "x", "--temperature", "-1"),
    (*G, "x", "--temperature", "hot"),
    (*G, "x", "--seed", "-1"),
    (*G, "x", "--seed", "x"),
    (*G, "x", "--samples", "0"),
    (*G, "x", "--samples", "1000000"),
    (*G, "x", "--unknown"),
    ("trace", "nobody", "--prompt", "x"),
    ("trace", "base", "--prompt", ""),
    ("trace", "base", "--prompt", LONG),
    ("trace", "base", "--prompt", "x", "--max-new-tokens", "two\nlines"),
    ("kv",),
    ("kv", "nobody"),
    ("kv", ""),
    ("kv", "."),
    ("kv", LONG),
    ("kv", LONG + ".json"),
    ("kv", "missing.json"),
    ("kv", "base", "--tokens", "-1"),
    ("kv", "base", "--tokens", "many"),
    ("kv", "base", "--dtype", "float9"),
    ("kv", "base", "--batch", "0"),
    ("problems",),
    ("problems", "--task", "chain"),
    ("problems", "--task", "chess", "--level", "2"),
    ("problems", "--task", "chain", "--level", "9"),
    ("problems", "--task", "chain", "--level", "x"),
    ("problems", "--task", "chain", "--level", "2", "-n", "0"),
    ("problems", "--task", "chain", "--level", "2", "-n", "10001"),
    ("evaluate", "nobody", "--task", "chain"),
    ("evaluate", "base", "--task", "chess"),
    ("evaluate", "base", "--task", "chain", "--level", "0"),
    ("train",),
    ("train", "cook"),
    ("train", "pretrain"),
    ("train", "pretrain", "nobody"),
    ("train", "heldout", "nobody"),
    ("train", "gate", "nobody"),
    ("train", "results"),
    ("train", "reason", "base"),
    ("train", "tables", "base"),
    ("benchmark", "nobody"),
    ("benchmark", "base", "--threads", "0"),
    ("benchmark", "base", "--threads", "2", "--cpu-time"),
]


@pytest.mark.parametrize(
    "argv", WRONG, ids=lambda argv: " ".join(argv)[:60].encode("ascii", "replace").decode()
)
def test_wrong_arguments(refused: Any, argv: tuple[str, ...]) -> None:
    refused(*argv)
    if argv:
        refused(*argv, "--json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1, 2]", b"null", b"5", b'"x"', b"{}", b"\xff\xfe", b"[" * 100_000,
     b'{"num_hidden_layers": NaN}', b'{"num_hidden_layers": 1e999}', b'{"num_hidden_layers": -1}',
     b'{"num_hidden_layers": 2, "hidden_size": "x", "num_attention_heads": 4}'],
    ids=lambda content: content[:40].decode("ascii", "replace"),
)  # fmt: skip
def test_kv_of_a_bad_file(refused: Any, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content)
    refused("kv", str(file))


@pytest.mark.parametrize("damaged", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"junk", b"[]"])
def test_damaged_checkpoint(
    refused: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damaged: str,
    content: bytes | None,
) -> None:
    shutil.copytree(shipped_folder("base"), tmp_path / "base")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    if content is None:
        (tmp_path / "base" / damaged).unlink()
    else:
        (tmp_path / "base" / damaged).write_bytes(content)
    assert damaged in refused("generate", "base", "--prompt", "x")
    refused("trace", "base", "--prompt", "x")
    if damaged == "config.json":
        refused("list")


@pytest.mark.parametrize(
    ("argv", "resumes"), [(("problems", "--task", "pick", "--level", "2"), False),
                          (("train", "corpus"), True)],
)  # fmt: skip
def test_an_interrupt_is_told(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    argv: tuple[str, ...],
    resumes: bool,
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module(f"model.commands.{argv[0]}"), "run", interrupted)
    assert main(argv) == 130
    out, err = capsys.readouterr()
    assert not out and err.startswith("stopped") and err.count("\n") == 1
    assert ("resumes" in err) == resumes


def test_a_defect_shows_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """No argument is wrong in this case, so the traceback is not swallowed."""

    def defect(_: object) -> None:
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setattr(importlib.import_module("model.commands.problems"), "run", defect)
    with pytest.raises(ValueError, match="broadcast"):
        main(["problems", "--task", "pick", "--level", "2"])


def shell(*argv: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "model", *argv],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )


def test_as_a_program() -> None:
    done = shell("problems", "--task", "pick", "--level", "2", "-n", "2", "--json", LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(json.loads(done.stdout)) == 2
    wrong = shell("kv", "nobody")
    assert wrong.returncode == 2 and wrong.stdout == b"" and wrong.stderr.count(b"\n") == 1
    assert shell("--help").returncode == 0
