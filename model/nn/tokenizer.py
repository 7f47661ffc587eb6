"""Our tokenizer: byte-level BPE that never merges digits and knows the reasoning tags.

A word includes the space after it ("then "), so that a step such as `then 54*5=270` is one word
followed by single digits. Every byte is a token, so any text can be encoded and decoded.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from model.errors import ReadableError
from model.nn.config import CheckpointError

SPECIALS = ("<bos>", "<eos>", "<pad>", "<think>", "</think>", "<answer>", "</answer>")
BOS, EOS, PAD = 0, 1, 2
_WORDS = r"\d|\p{L}+ ?|[^\d\p{L}\s]+ ?|\s+"

#: Messages for what may be wrong with a prompt, by a stable key.
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "empty": "The prompt is empty: write something for the model to continue.",
        "not_text": "The prompt is not valid UTF-8 text: write it again.",
        "characters": "The prompt has {n:,} characters, but this model takes at most {limit:,} "
        "tokens: shorten it.",
        "tokens": "The prompt has {n:,} tokens, but this model takes at most {limit:,} with its "
        "answer: shorten it.",
    }
)


class PromptError(ReadableError):
    """The model cannot take the prompt; `key` is one of ENGLISH's."""

    def __init__(self, key: str, **values: int) -> None:
        super().__init__(ENGLISH[key].format(**values), key, values)


def train(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train a tokenizer on texts; its first ids are `SPECIALS`."""
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
    """Load the tokenizer of a checkpoint folder.

    Raises:
        CheckpointError: if tokenizer.json is not readable, or not one of ours.
    """
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # the library raises nothing narrower
        raise CheckpointError(f"{folder.name} has no readable tokenizer.json.") from error
    if [tokenizer.id_to_token(i) for i in range(len(SPECIALS))] != list(SPECIALS):
        raise CheckpointError(
            f"the tokenizer of {folder.name} does not begin with {', '.join(SPECIALS)}."
        )
    return tokenizer


def encode(tokenizer: Tokenizer, text: str) -> list[int]:
    """The token ids of a text; tags in it become special tokens, and no `<bos>` is added."""
    return tokenizer.encode(text).ids


def encode_prompt(tokenizer: Tokenizer, prompt: str, context: int) -> list[int]:
    """The token ids of a prompt, `<bos>` first, for a model with a context of `context` tokens.

    Raises:
        PromptError: if it is empty, or leaves no room for an answer.
    """
    if not prompt.strip():
        raise PromptError("empty")
    if any("\ud800" <= character <= "\udfff" for character in prompt):
        raise PromptError("not_text")
    if len(prompt) > 20 * context:  # no need to tokenize a book to know that it is too long
        raise PromptError("characters", n=len(prompt), limit=context)
    ids = [BOS, *encode(tokenizer, prompt)]
    if len(ids) >= context:
        raise PromptError("tokens", n=len(ids), limit=context)
    return ids


def decode(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    """The text of token ids, tags written out; invalid UTF-8 becomes U+FFFD."""
    reader = PieceReader(tokenizer)
    return "".join(map(reader.push, ids)) + reader.flush()


class PieceReader:
    """Decodes a stream of tokens one at a time, without ever breaking a character.

    A character whose bytes span several tokens is returned whole with the last of them.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """The text that this token adds; "" if it leaves a character incomplete."""
        token = self.tokenizer.id_to_token(token_id)
        if token is None:
            raise ValueError(f"the tokenizer has no token {token_id}")
        if token in SPECIALS:
            return self.flush() + token
        return self._decoder.decode(bytes(map(_BYTE_OF.__getitem__, token)))

    def flush(self) -> str:
        """The remaining text: U+FFFD for an incomplete character, else ""."""
        left = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return left


def _byte_of() -> dict[str, int]:
    """The inverse of GPT-2's byte alphabet: the byte that each printable character stands for."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(others)}


_BYTE_OF = _byte_of()
