"""Our tokenizer: byte-level BPE that never merges digits and knows the reasoning tags.

A word takes the space behind it ("then "), so that a step such as `then 54*5=270` is one word and
single digits. Every byte is a token, so any text can be encoded and decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIALS = ("<bos>", "<eos>", "<pad>", "<think>", "</think>", "<answer>", "</answer>")
BOS, EOS, PAD = 0, 1, 2
_WORDS = r"\d|\p{L}+ ?|[^\d\p{L}\s]+ ?|\s+"


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn merges from texts; the first ids are `SPECIALS`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def load(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint folder."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of a text, tags in it as tags; no `<bos>` is added."""
    return tokenizer.encode(text).ids


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """Text of ids, tags written out; bytes that form no character yet become U+FFFD."""
    return tokenizer.decode(list(ids), skip_special_tokens=False)
