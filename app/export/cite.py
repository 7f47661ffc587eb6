"""BibTeX for citing the app, and the paper that a view is about."""

from __future__ import annotations

import functools
import re
from pathlib import Path

#: The papers of rooms and chapters that are not about their page's paper (`core/pages.py`).
ROOMS = {
    "balance": "loss-free-balancing",
    "after_rl": "deepseek-r1",
    "thinking": "o1",
    "published": "deepseek-r1",
    # chapters of the story; balance and pipeline are also the names of rooms
    "o1": "o1",
    "moe": "deepseek-v3",
    "cache": "deepseek-v2",
    "zero": "deepseek-r1",
    "pipeline": "deepseek-r1-nature",
    "rlhf": "deepseek-r1",
    "distil": "deepseek-r1",
    "results": "deepseek-r1",
}
#: The app's own entry; %url%, %date% and %year% are filled in when it is copied.
APP = """@software{inside-r1,
  title  = {Inside {R1}: small models of {DeepSeek-V3}'s and {R1}'s design, live},
  author = {{The Inside R1 contributors}},
  year   = {%year%},
  url    = {%url%},
  note   = {Seen on %date%}
}"""


@functools.cache
def papers() -> dict[str, str]:
    """The BibTeX entries by key."""
    text = Path(__file__).with_name("papers.bib").read_text(encoding="utf-8")
    entries = [entry.strip() for entry in re.split(r"(?m)^(?=@)", text) if entry.strip()]
    return {re.findall(r"@\w+\{([\w-]+),", entry)[0]: entry for entry in entries}
