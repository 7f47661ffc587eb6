"""Attention weights against transformers' own eager attention on the same weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import DeepseekV3ForCausalLM, Glm4MoeForCausalLM

from model.nn import checkpoints
from tests.model.conftest import ABOUT, random_model, tiny_config
from tests.model.reference.attention_weights import attention_weights


@pytest.mark.parametrize("kind", ["MLA", "MHA", "GQA", "MQA"])
def test_weights_are_those_of_transformers(kind: str, tmp_path: Path, words: Tokenizer) -> None:
    made = random_model(tiny_config(kind, words.get_vocab_size()), seed=6)
    checkpoints.save(tmp_path, made, words, ABOUT)
    ours = checkpoints.load(tmp_path)
    family = DeepseekV3ForCausalLM if kind == "MLA" else Glm4MoeForCausalLM
    theirs = family.from_pretrained(
        tmp_path, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    ids = torch.randint(3, 400, (23,), generator=torch.Generator().manual_seed(7)).tolist()
    with torch.inference_mode():
        wanted = theirs(torch.tensor([ids]), output_attentions=True).attentions
    found = attention_weights(ours, ids)
    torch.testing.assert_close(found, torch.cat(wanted), atol=1e-5, rtol=0.0)
    assert torch.equal(found.triu(1), torch.zeros_like(found))
