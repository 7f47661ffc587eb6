"""Our network against transformers' own, an independent implementation, on the same files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoTokenizer,
    DeepseekV3ForCausalLM,
    Glm4MoeForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2ForCausalLM,
)

from model.data import texts
from model.nn import checkpoints, tokenizer
from model.nn.cache import Cache
from model.nn.config import ModelConfig, read_config, student
from model.nn.network import Transformer
from model.tasks import problems
from model.training import pretrain, stages
from tests.model.conftest import (
    ABOUT,
    each_shipped,
    random_model,
    shipped_folder,
    shipped_names,
    tiny_config,
)

CLASSES = {
    "deepseek_v3": DeepseekV3ForCausalLM,
    "glm4_moe": Glm4MoeForCausalLM,
    "qwen2": Qwen2ForCausalLM,
}
#: A shipped checkpoint of each class: the whole comparison is fast enough for these.
ARCHITECTURES = ("base", "base-gqa", "student-base")
TIE = 1e-5  # choices closer than this may fall either way
CLOSE = 1e-4  # of logits, float32
DECODED = 64


class Choices:
    """A tap that records the chosen experts per layer, and how far the choice was from a tie."""

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.ids: dict[int, list[Tensor]] = {}
        self.gaps: dict[int, list[Tensor]] = {}

    def gate(
        self, layer: int, ids_Nk: Tensor, weights_Nk: Tensor, scores_NE: Tensor, bias_E: Tensor
    ) -> None:
        c = self.config
        grouped = (scores_NE + bias_E).unflatten(1, (c.n_group, -1))
        groups = grouped.topk(2).values.sum(-1).sort(descending=True)
        gap = torch.full((len(ids_Nk),), torch.inf)
        if c.topk_group < c.n_group:
            gap = groups.values[:, c.topk_group - 1] - groups.values[:, c.topk_group]
        kept = groups.indices[:, : c.topk_group]
        inside = grouped.gather(1, kept[:, :, None].expand(-1, -1, grouped.shape[2])).flatten(1)
        ordered = inside.sort(descending=True).values
        k = c.num_experts_per_tok
        if k < ordered.shape[1]:
            gap = gap.minimum(ordered[:, k - 1] - ordered[:, k])
        self.ids.setdefault(layer, []).append(ids_Nk.sort().values)
        self.gaps.setdefault(layer, []).append(gap)


class Theirs:
    """The model in a folder, in transformers, with hooks on its gates."""

    def __init__(self, folder: Path) -> None:
        config = read_config(folder)
        self.model, self.loading = CLASSES[config.model_type].from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
        self.model.eval()
        self.ids: dict[int, list[Tensor]] = {}
        for i, layer in enumerate(self.model.model.layers):
            if i in config.moe_layers:
                layer.mlp.gate.register_forward_hook(self._hook(i))

    def _hook(self, layer: int) -> Any:
        def keep(module: Any, inputs: Any, output: tuple[Tensor, Tensor, Tensor]) -> None:
            self.ids.setdefault(layer, []).append(output[2].sort().values)

        return keep


def compare(ours: Choices, theirs: Theirs, tokens: int) -> int:
    """Assert that the experts agree except for ties; returns the tokens before the first such tie.

    A tie broken differently changes everything after it, so nothing is compared from there.
    """
    layers = sorted(ours.ids)
    assert layers == sorted(theirs.ids) == list(ours.config.moe_layers)
    if not layers:
        return tokens
    gaps_LT = torch.stack([torch.cat(ours.gaps[layer]) for layer in layers])
    assert (gaps_LT > TIE).float().mean() > 0.98, "hardly any token is comparable"
    differs_LT = torch.stack(
        [(torch.cat(ours.ids[i]) != torch.cat(theirs.ids[i])).any(-1) for i in layers]
    )
    if not differs_LT.any():
        return tokens
    token = int(differs_LT.any(0).nonzero()[0])
    first = int(differs_LT[:, token].nonzero()[0])
    assert gaps_LT[first, token] <= TIE, f"token {token}: experts differ in layer {layers[first]}"
    return token


@torch.inference_mode()
def check_prompt(ours: Transformer, theirs: Theirs, ids: list[int]) -> None:
    """Compare logits and experts of a whole prompt, computed at once, naive and absorbed."""
    x = torch.tensor([ids])
    theirs.ids.clear()
    expected = theirs.model(x, use_cache=False).logits
    for absorb in (False, True):
        choices = Choices(ours.config)
        logits = ours(x, tap=choices, absorb=absorb)
        n = compare(choices, theirs, len(ids))
        assert n > 0.5 * len(ids)  # a tie ends what can be compared
        torch.testing.assert_close(logits[:, :n], expected[:, :n], atol=CLOSE, rtol=CLOSE)


@torch.inference_mode()
def check_decoding(ours: Transformer, theirs: Theirs, ids: list[int], prompt: int) -> None:
    """Compare a prompt and then single tokens: our absorbed form and cache against theirs."""
    cache, choices = Cache(ours.config), Choices(ours.config)
    theirs.ids.clear()
    past = None
    got, expected = [], []
    for chunk in (ids[:prompt], *([token] for token in ids[prompt:])):
        x = torch.tensor([chunk])
        got.append(ours(x, cache, tap=choices, absorb=len(chunk) == 1))
        out = theirs.model(x, past_key_values=past, use_cache=True)
        past = out.past_key_values
        expected.append(out.logits)
    n = compare(choices, theirs, len(ids))
    assert n > 0.9 * len(ids)
    a, b = torch.cat(got, 1), torch.cat(expected, 1)
    torch.testing.assert_close(a[:, :n], b[:, :n], atol=CLOSE, rtol=0)
    assert len(cache) == len(ids)


def prompt_ids(words: Tokenizer, length: int) -> list[int]:
    """`length` tokens of a familiar kind: <bos>, a held-out problem, then held-out prose."""
    question = next(problems("chain", 3, 0, "heldout", "ko"))
    text = f"{question.prompt}<think>" + "\n".join(texts.passages("prose", "heldout")[:3])
    ids = [tokenizer.BOS, *tokenizer.encode(words, text)]
    assert len(ids) >= length
    return ids[:length]


TINY: dict[str, ModelConfig] = {
    "MLA": tiny_config("MLA"),
    "MLA with q_lora_rank": tiny_config("MLA", q_lora_rank=24),
    "MLA, odd sizes": tiny_config(
        "MLA",
        num_attention_heads=3,
        num_key_value_heads=3,
        kv_lora_rank=20,
        qk_nope_head_dim=12,
        qk_rope_head_dim=6,
        v_head_dim=10,
        first_k_dense_replace=0,
        n_shared_experts=2,
    ),
    "MLA, one group": tiny_config("MLA", n_group=1, topk_group=1, num_experts_per_tok=3),
    "MLA, weights not normalised": tiny_config(
        "MLA", norm_topk_prob=False, n_group=2, topk_group=1, num_experts_per_tok=2
    ),
    "MLA, all experts of a group": tiny_config("MLA", n_group=2, topk_group=1),
    "MLA, another rms_norm_eps": tiny_config("MLA", rms_norm_eps=0.1, q_lora_rank=24),
    "MHA": tiny_config("MHA"),
    "GQA": tiny_config("GQA", rope_theta=500.0),
    "MQA": tiny_config("MQA", partial_rotary_factor=0.25, head_dim=24),
    "GQA, all rotary": tiny_config("GQA", partial_rotary_factor=1.0, rms_norm_eps=1e-3),
    "Qwen2": tiny_config("Qwen2"),
    "Qwen2, MHA, odd sizes": tiny_config(
        "Qwen2", num_attention_heads=3, num_key_value_heads=3, head_dim=10, rope_theta=500.0
    ),
    "Qwen2, MQA": tiny_config("Qwen2", num_key_value_heads=1, rms_norm_eps=1e-3),
    "Qwen2, the student": student(64),
}


@pytest.mark.parametrize("name", TINY)
def test_random_model(name: str, tmp_path: Path, words: Tokenizer) -> None:
    shape = replace(TINY[name], vocab_size=words.get_vocab_size())
    checkpoints.save(tmp_path, random_model(shape), words, ABOUT)
    ours, theirs = checkpoints.load(tmp_path), Theirs(tmp_path)
    assert ours.config == shape
    torch.manual_seed(1)
    limit = shape.max_position_embeddings
    ids = torch.randint(shape.vocab_size, (limit,)).tolist()
    for length in (1, 17, limit):
        check_prompt(ours, theirs, ids[:length])
    check_decoding(ours, theirs, ids[:40], prompt=8)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_folders_are_what_transformers_expects(name: str) -> None:
    """Config, keys and shapes agree; `test_shipped` shows that such folders run."""
    folder = shipped_folder(name)
    config = AutoConfig.from_pretrained(folder)
    ours = read_config(folder).to_json()
    ours.pop("partial_rotary_factor", None)  # transformers keeps it in rope_parameters alone
    assert {key: value for key, value in config.to_dict().items() if key in ours} == ours
    with torch.device("meta"):
        theirs = CLASSES[config.model_type](config)
    state = checkpoints.from_transformers(load_file(folder / "model.safetensors"))
    assert {key: value.shape for key, value in state.items()} == {
        key: value.shape for key, value in theirs.state_dict().items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", each_shipped(ARCHITECTURES))
def test_shipped(name: str) -> None:
    folder = shipped_folder(name)
    ours, theirs, words = checkpoints.load(folder), Theirs(folder), tokenizer.load(folder)
    found = {what: list(keys) for what, keys in theirs.loading.items() if keys}
    assert not found, f"transformers reports {found}"
    limit = ours.config.max_position_embeddings
    for length in (1, 17, limit):
        check_prompt(ours, theirs, prompt_ids(words, length))
    check_decoding(ours, theirs, prompt_ids(words, 17 + DECODED), prompt=17)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_claims_no_position_that_was_never_trained(name: str) -> None:
    config = read_config(shipped_folder(name))
    short = name in pretrain.MODELS and pretrain.full(name).short == 1
    rows = stages.CORPUS.context * (1 if short else 2)
    assert config.max_position_embeddings == rows


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base", "base-gqa"])
def test_shipped_decodes_to_the_end_of_its_context(name: str) -> None:
    folder = shipped_folder(name)
    ours, theirs = checkpoints.load(folder), Theirs(folder)
    ids = prompt_ids(tokenizer.load(folder), ours.config.max_position_embeddings)
    check_decoding(ours, theirs, ids, prompt=len(ids) - DECODED)


@pytest.mark.parametrize("name", each_shipped(ARCHITECTURES))
def test_tokenizer_in_transformers(name: str) -> None:
    folder = shipped_folder(name)
    # AutoTokenizer puts Qwen's own way of cutting words in the place of any qwen2 folder's
    is_qwen = read_config(folder).model_type == "qwen2"
    loader = PreTrainedTokenizerFast if is_qwen else AutoTokenizer
    ours, theirs = tokenizer.load(folder), loader.from_pretrained(folder)
    prompt = next(problems("pick", 2, 0, "heldout", "ko")).prompt
    for text in (prompt, "<think>first 12+30=42</think><answer>42</answer>", "é 한글 🙂\n\t x"):
        ids = tokenizer.encode(ours, text)
        assert theirs(text, add_special_tokens=False)["input_ids"] == ids
        assert theirs.decode(ids) == text
    tags = (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id)
    assert tags == (tokenizer.BOS, tokenizer.EOS, tokenizer.PAD)
