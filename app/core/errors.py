"""Error messages for viewers, in their language; never a library's own text."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.core.assets.files import DamagedFileError
from app.core.running.lab import LabError
from app.core.texts import t
from model.nn.config import CheckpointError
from model.runtime.work import FullError

_LOG = logging.getLogger(__name__)


class InputError(ValueError):
    """The input is invalid; the message is for the viewer, in their language."""


class Faults:
    """Collects what is wrong with several inputs, so that a viewer reads all of it at once.

    faults = Faults()
    with faults:
        seed = SEED.checked("seed")
    with faults:
        length = TOKENS.checked("tokens")
    faults.tell()  # from here on, both have values
    """

    def __init__(self) -> None:
        self._said: list[str] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if not isinstance(error, InputError):
            return False
        self._said.append(str(error))
        return True

    def tell(self) -> None:
        """
        Raises:
            InputError: with a paragraph for each fault, if there is any.
        """
        if self._said:
            raise InputError("\n\n".join(self._said))


def message(error: Exception) -> str:
    """The message that a viewer reads for an error."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, FullError):
        return t("common.full_yours" if error.whose == "yours" else "common.full_all")
    if isinstance(error, LabError):
        return t(f"common.lab_{error.cause}")
    if isinstance(error, DamagedFileError):
        return t("common.damaged_file", file=error.file)
    if isinstance(error, CheckpointError):
        return t("common.damaged_model")
    return t("common.failed")


@contextmanager
def in_words() -> Iterator[None]:
    """Show an error about a damaged file of the server in place of what is drawn from it.

    A fragment needs its own: `st.fragment(in_words()(draw))`.
    """
    try:
        yield
    except (DamagedFileError, CheckpointError) as error:
        _LOG.exception("a part of a page cannot be drawn")
        st.error(message(error))
