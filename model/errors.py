"""Errors meant for people: those who type a prompt, paste a config or run a command."""

from __future__ import annotations

from collections.abc import Mapping


class ReadableError(ValueError):
    """An error that a person can fix, or at least understand.

    `str(error)` is the English message, with a remedy; `key` and `values` are for translations.
    Viewers read it too, so it never names a folder of the server.
    """

    def __init__(
        self, message: str, key: str = "", values: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message)
        self.key, self.values = key, values or {}


class UsageError(ReadableError):
    """An error that the user of a command can fix; only they read the message, which says how."""
