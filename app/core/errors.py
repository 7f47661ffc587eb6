"""What goes wrong, said to people in their language; never a library's own text."""

from __future__ import annotations

from app.core.lab import LabError
from app.core.texts import t
from model.nn.config import CheckpointError
from model.runtime.work import FullError


class InputError(ValueError):
    """Bad input; the message is for the viewer, in their language."""


def told(error: Exception) -> str:
    """What a viewer reads of an error."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, FullError):
        return t("common.full_yours" if error.whose == "yours" else "common.full_all")
    if isinstance(error, LabError):
        return t(f"common.lab_{error.cause}")
    if isinstance(error, CheckpointError):
        return t("common.damaged_model")
    return t("common.failed")
