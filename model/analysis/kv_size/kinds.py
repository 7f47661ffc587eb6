"""The names of layer kinds in configs, and lists of layer indices."""

from __future__ import annotations

from typing import Any

from model.analysis.kv_size.fields import Fields, refusal
from model.analysis.kv_size.show import shown

KINDS = {
    "full_attention": "full",
    "attention": "full",
    "sliding_attention": "sliding",
    "reference_sliding_attention": "sliding",
    "chunked_attention": "chunked",
    "indexed_attention": "indexed",
    "deepseek_sparse_attention": "indexed",
    "compressed_sparse_attention": "CSA",
    "heavily_compressed_attention": "HCA",
    "linear_attention": "linear",
    "recurrent": "linear",
    "mamba": "mamba",
    "conv": "conv",
    "hybrid": "hybrid",
    "hybrid_sliding": "hybrid_sliding",
    "moe": "none",
    "mlp": "none",
}


def translate(entry: object, names: dict[Any, str], field: str) -> str:
    """The layer kind that an entry of a list stands for."""
    if type(entry) in (int, str) and entry in names:
        return names[entry]
    known = ", ".join(map(str, names))
    raise refusal("entry", name=field, value=shown(entry), known=known)


def indices(fields: Fields, name: str, first: int, last: int) -> set[int]:
    """The layers in a list of indices, which may be empty."""
    rows = [] if fields.get(name) == [] else fields.rows(name)
    if rows is None:
        raise refusal("lacks", names=name)
    if not all(type(row) is int and first <= row <= last for row in rows):
        raise refusal("layer_numbers", name=fields.owned(name), first=str(first), last=str(last))
    return set(rows)
