"""Models for the cache calculator: published ones, and any config.json that a viewer uploads."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.assets.files import reference, reporting_damage
from app.core.errors import InputError
from app.core.texts import t
from app.pages.cache.kv_size import words
from app.ui import units
from model.analysis.kv_size import (
    REFERENCE,
    CacheSpec,
    ConfigError,
    cache_spec,
    families,
    published_configs,
    read_config,
    replaced,
)
from model.analysis.published_widths import parameters

MAX_BYTES_PER_TOKEN = 100_000_000  # in float32; the largest cache ever published takes 10 MB
MAX_NAME = 40
DTYPES = ("float32", "bf16", "fp8", "int4")  # one per element size
MAX_TOKENS = 10_000_000
MAX_BATCH = 4_096


@dataclass(frozen=True)
class SizedModel:
    """A model whose cache size can be computed.

    `source` says where its config is from; `row` is its name in the reference table, if it has one.
    """

    name: str
    spec: CacheSpec
    parameters: int | None  # computed, if the config has all widths
    replaced: Mapping[str, CacheSpec]  # the same model with other kinds of attention
    hypothetical: bool = False
    source: str = ""
    row: str = ""

    def named(self, name: str) -> SizedModel:
        """The same model under another name."""
        return replace(self, name=name)


@functools.cache
def published() -> dict[str, SizedModel]:
    """The models of the reference table by name, in table order.

    Raises:
        DamagedFileError: if this table or the table of families is damaged.
    """
    for file in (families.REFERENCE, REFERENCE):
        reference(file)
    with reporting_damage(REFERENCE):
        return _published()


def _published() -> dict[str, SizedModel]:
    return {
        row["name"]: SizedModel(
            row["name"],
            cache_spec(row["config"]),
            _parameters(row["config"], row["name"]),
            _replaced(row["config"]),
            row["config"]["model_type"].startswith("hypothetical"),
            row["source"],
            row["name"],
        )
        for row in published_configs()
    }


def _parameters(config: Mapping[str, Any], name: str = "") -> int | None:
    try:
        return parameters(config, name)
    except ConfigError:
        return None


def _replaced(config: Mapping[str, Any]) -> Mapping[str, CacheSpec]:
    try:
        return replaced(config)
    except ConfigError:
        return {}


def sized(raw: str | bytes, file_name: str = "") -> SizedModel:
    """Read a viewer's config as a model for the calculator.

    Raises:
        InputError: with a message for the viewer if the file cannot be read or its cache computed.
    """
    try:
        parsed, spec = read_config(raw)
    except ConfigError as error:
        raise InputError(words.refusal(error)) from None
    config = parsed.fields
    per_token = spec.bytes_per_token("float32")
    if per_token > MAX_BYTES_PER_TOKEN:
        limit = units.size(MAX_BYTES_PER_TOKEN)
        raise InputError(t("kv_size.config_absurd", size=units.size(per_token), limit=limit))
    return SizedModel(
        name_of(config, file_name),
        spec,
        _parameters(config),
        _replaced(config),
        source=t("kv_size.own_source"),
    )


def name_of(config: Mapping[str, Any], file_name: str = "") -> str:
    """A short name for a viewer's config, without characters that Markdown or HTML interpret."""
    candidates = (
        file_name.removesuffix(".json"),
        config.get("_name_or_path"),
        config.get("model_type"),
    )
    for candidate in candidates:
        if isinstance(candidate, str) and candidate != "config":
            plain = re.sub(r"[^\w .()/+-]+", "_", candidate)[:MAX_NAME].strip(" _.+/-")
            if plain:
                return plain
    return "config"
