"""`train`: build the corpus, train or evaluate models, record samples."""

from __future__ import annotations

import argparse
from typing import Any

from model.training import stages


def run(args: argparse.Namespace) -> Any:
    return stages.run(args.stage, args.name)
