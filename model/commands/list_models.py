"""`list`: the shipped models."""

from __future__ import annotations

import argparse
from typing import Any

from model.analysis import parameter_count
from model.nn import shipped
from model.nn.config import read_config


def run(args: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for name, folder in shipped.folders().items():
        config, about = read_config(folder), shipped.about(folder)
        parameters = parameter_count.count(config.to_json())
        rows.append(
            {
                "name": name,
                "family": about.family,
                "attention": config.attention,
                "total_parameters": parameters.total,
                "active_parameters": parameters.active_both,
                "tokens_trained": about.tokens,
                "folder": str(folder),
            }
        )
    return rows
