"""Errors for people: those who type a prompt, paste a config or give a command."""

from __future__ import annotations

from collections.abc import Mapping


class ReadableError(ValueError):
    """An error that a person can put right, or at least understand.

    `str(error)` says it in English, with what to do; `key` and `values` are for saying the same in
    another language. Viewers read it too, so it never names a folder of the server.
    """

    def __init__(
        self, message: str, key: str = "", values: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message)
        self.key, self.values = key, values or {}


class UsageError(ReadableError):
    """What whoever gives a command can put right; the message, which only they read, says how."""
