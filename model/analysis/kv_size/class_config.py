"""One configuration class of transformers, made from some fields: a process of its own.

    echo '["olmo3", {"num_hidden_layers": 12}]' | python -m model.analysis.kv_size.class_config

prints the config's `to_dict()`, or null if transformers is missing or refuses the fields.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any, cast


def config(model_type: str, fields: dict[str, Any]) -> dict[str, Any] | None:
    """The fields of the class' config."""
    try:
        classes = importlib.import_module("transformers").CONFIG_MAPPING
        found = classes[model_type](**fields).to_dict()
        return cast("dict[str, Any]", json.loads(json.dumps(found, default=str)))
    except Exception:  # each class has its own ways to refuse
        return None


def main() -> None:
    """Answer the one question on standard input."""
    sys.modules["torch"] = cast("Any", None)  # a config needs none, and it takes most of the time
    model_type, fields = json.load(sys.stdin)
    json.dump(config(model_type, fields), sys.stdout)


if __name__ == "__main__":
    main()
