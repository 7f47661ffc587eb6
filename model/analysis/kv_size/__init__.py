"""KV cache bytes per token for any transformers config.json: pure integers, no torch.

    config, spec = read_config(data)        # ConfigError if the size cannot be determined
    spec.bytes_per_token("bf16"), spec.bytes(131_072, "fp8", batch=4), formula(spec)

`text` reads JSON, `show` cleans what is shown of it, `names` lists every field by the fact that it
states, `fields` reads them strictly, `schedule` determines the kind of each layer, `layer` what it
caches, `spec` adds it up; `families` has the defaults of transformers' classes, `unread` judges the
fields that were not read; `read` puts them together.
"""

from model.analysis.kv_size.card import bytes_per_token, held, held_by_mha
from model.analysis.kv_size.fields import ConfigError
from model.analysis.kv_size.formula import formula
from model.analysis.kv_size.notes import Note
from model.analysis.kv_size.read import REFERENCE, cache_spec, published_configs, read_config
from model.analysis.kv_size.replace import replaced
from model.analysis.kv_size.spec import BYTES, CacheSpec, LayerCache
from model.analysis.kv_size.text import MAX_BYTES

__all__ = [
    "BYTES",
    "MAX_BYTES",
    "REFERENCE",
    "CacheSpec",
    "ConfigError",
    "LayerCache",
    "Note",
    "bytes_per_token",
    "cache_spec",
    "formula",
    "held",
    "held_by_mha",
    "published_configs",
    "read_config",
    "replaced",
]
