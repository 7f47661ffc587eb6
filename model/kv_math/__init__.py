"""Cache bytes per token of any transformers config.json: pure integers, no torch.

    spec = cache_spec(json.loads(text))     # ConfigError if the file cannot be judged
    spec.bytes_per_token("bf16"), spec.bytes(131_072, "fp8", batch=4), formula(spec)

`fields` reads JSON strictly, `schedule` says which kind of layer stands where, `layer` what it
stores, `spec` adds it up, `read` puts them together.
"""

from model.kv_math.fields import ConfigError
from model.kv_math.formula import formula
from model.kv_math.notes import Note
from model.kv_math.read import cache_spec, published_configs
from model.kv_math.replace import replaced
from model.kv_math.spec import BYTES, CacheSpec, LayerCache

__all__ = [
    "BYTES",
    "CacheSpec",
    "ConfigError",
    "LayerCache",
    "Note",
    "cache_spec",
    "formula",
    "published_configs",
    "replaced",
]
