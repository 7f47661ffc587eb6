"""Any text survives a round trip, digits stay single, and streams never break a character."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from model.nn import tokenizer
from model.nn.config import CheckpointError
from model.nn.tokenizer import PieceReader, decode, encode

HARD = st.text(
    st.characters(codec="utf-8")
    | st.sampled_from("0123456789 +-*=,.<>/\n\t한글값은검산🙂👩‍👩‍👧é\x00\x1b\u200d\ufeff\ufffd")
)


@given(HARD)
def test_any_text_comes_back(words: Tokenizer, text: str) -> None:
    assert decode(words, encode(words, text)) == text


@given(HARD)
def test_digits_are_single(words: Tokenizer, text: str) -> None:
    pieces = [decode(words, [i]) for i in encode(words, text)]
    assert all(len(p) == 1 for p in pieces if any(c in "0123456789" for c in p))


@given(HARD)
def test_pieces_of_a_stream(words: Tokenizer, text: str) -> None:
    ids = encode(words, text)
    reader = PieceReader(words)
    pieces = [reader.push(i) for i in ids]
    assert "".join(pieces) + reader.flush() == decode(words, ids) == text
    shown = ""
    for piece in pieces:  # what is shown is always a beginning of the text, whole characters
        shown += piece
        assert text.startswith(shown)


@given(st.lists(st.integers(0, 419)))
def test_any_ids_have_a_text(words: Tokenizer, ids: list[int]) -> None:
    reader = PieceReader(words)
    pieces = [reader.push(i) for i in ids]
    assert "".join(pieces) + reader.flush() == decode(words, ids)
    assert reader.flush() == ""


def test_a_character_comes_whole_with_its_last_byte(words: Tokenizer) -> None:
    ids = encode(words, "🙂")
    assert len(ids) > 1
    reader = PieceReader(words)
    assert [reader.push(i) for i in ids] == [""] * (len(ids) - 1) + ["🙂"]
    cut = PieceReader(words)
    assert [cut.push(i) for i in ids[:-1]] == [""] * (len(ids) - 1)
    assert cut.push(tokenizer.EOS) == "\ufffd<eos>"  # the rest will never come


def test_tags_are_one_token_each(words: Tokenizer) -> None:
    for i, tag in enumerate(tokenizer.SPECIALS):
        assert encode(words, tag) == [i]
        assert decode(words, [i]) == tag
    assert (tokenizer.BOS, tokenizer.EOS, tokenizer.PAD) == (0, 1, 2)
    ids = encode(words, "<think>5</think><answer>5</answer>")
    five = encode(words, "5")
    assert ids == [3, *five, 4, 5, *five, 6]


def test_unknown_token(words: Tokenizer) -> None:
    with pytest.raises(ValueError, match="no token 99999"):
        decode(words, [99999])


@pytest.mark.parametrize("content", [None, "", "{}", "not json", '{"model": {"type": "BPE"}}'])
def test_damaged_file(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        tokenizer.load(tmp_path)


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    from tokenizers.models import BPE

    Tokenizer(BPE({"a": 0}, [])).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="does not begin with <bos>"):
        tokenizer.load(tmp_path)
