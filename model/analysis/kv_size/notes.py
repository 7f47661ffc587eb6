"""Notes on what a cache size leaves out or assumes, with a stable key and their numbers.

Translations use `key` and `values`; `str(note)` is English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "states": "Not counted: a state of fixed size per sequence, 0 elements per token. Layers "
        "that hold one ({words}): {states} of {layers}.",
        "idle": "Layers without attention, which cache nothing: {idle} of {layers}.",
        "shared": "Layers that read an earlier layer's cache and keep none: {shared} of {layers}.",
        "cla": "Groups of layers share a cache, as in the paper (arXiv 2411.02265); code that "
        "copies it for each of them keeps more.",
        "passes": "Layers are gone through several times, and every pass has a cache: counted "
        "with {name}, {passes}.",
        "pooled": "Not counted: keys that InfLLM v2 pools for long texts, one per 16 and one per "
        "64 tokens by default.",
        "window": "A windowed layer is counted with min(tokens, window); between steps, "
        "transformers' DynamicCache keeps one token fewer than the window.",
        "compressed": "Compressed entries count when their block of tokens is complete; the "
        "compressors' buffers, fixed in size, are not counted.",
        "latent": "MLA stores the latent, not heads: num_key_value_heads does not matter.",
        "all_heads": "No field counts KV heads: by default, every attention head has its own.",
        "indexed": "All parts are counted at one precision, as transformers keeps them; "
        "FlashMLA's fp8 format takes 656 bytes per token and layer for a latent of 512 + 64.",
        "longcat": "Each of the model's blocks holds two attentions, hence two caches.",
        "falcon": "transformers repeats K and V for every attention head before caching this "
        "family, so its own cache is larger.",
        "two_stacks": "The decoder's own cache only: cross-attention adds a fixed one, with as "
        "many elements per token of the source.",
        "own_prompt": "The model puts tokens of its own before every text ({tokens}), and caches "
        "them, too.",
        "mtp": "Not counted: layers for multi-token prediction ({layers}), which hold a cache only "
        "when used to speculate.",
        "cross": "There is also a fixed cache for images, not text: in all cross-attention layers "
        "({layers}), elements per image token: {elements}.",
        "bidirectional": "The model attends in both directions; where it generates, it fills this "
        "cache.",
        "kv_scheme": "Not assumed: the file allows a quantised cache ({scheme}). Bytes "
        "per token at {dtype}: {bytes}.",
        "kv_scheme_unknown": "Not assumed: the file allows a quantised cache ({scheme}), whose "
        "size is not known here.",
        "defaults": "Not in the file, so the defaults of transformers' {family} count: {names}.",
        "off": "Taken as not set: {names}.",
        "by_words": "Read as their names suggest: {names}.",
        "foreign": "Counted as in other families, though transformers' {family} has no such "
        "field: {names}.",
        "unheard": "Not counted, as transformers' {family} does not read it: {names}. Code that "
        "does keeps another cache.",
        "wide": "Without effect, since the context of {context} is not longer: {names}.",
        "other_class": "The class in architectures, {architecture}, is one of transformers' "
        "{other}: counted as model_type says, {family}.",
        "by_class": "The file names no model_type: read as transformers' {family}, by its "
        "architectures.",
        "no_family": "The file names no model_type: counted by its fields alone.",
        "new_family": "The model_type {family} is not known here: counted by the file's fields "
        "alone.",
        "duplicates": "In the file more than once, the last one counts: {names}.",
        "may_matter": "Not understood, and it may change the size: {names}.",
        "not_read": "Not read: {names}.",
        "scales": "int8 and int4 count plain elements; scales add to them, such as 0.0625 bytes "
        "per element for an fp16 scale per 32.",
    }
)


@dataclass(frozen=True)
class Note:
    """A remark on a cache size; `key` is one of ENGLISH's."""

    key: str
    values: Mapping[str, int | str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return ENGLISH[self.key].format(**self.values)
