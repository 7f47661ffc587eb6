"""What viewers read when something goes wrong."""

from __future__ import annotations

from app.core.errors import InputError, message
from app.core.texts import t
from model.nn.config import CheckpointError
from model.runtime.work import FullError


def test_errors_are_told_in_the_pages_words() -> None:
    assert message(InputError("Write a number.")) == "Write a number."
    assert message(CheckpointError("the tensors of base do not fit.")) == t("common.damaged_model")
    assert message(FullError("yours")) == t("common.full_yours")
    assert message(FullError("everybody's")) == t("common.full_all")


def test_a_librarys_own_words_are_never_told() -> None:
    for error in (ValueError("shape mismatch"), OSError(28, "No space"), KeyError("base")):
        assert message(error) == t("common.failed")
