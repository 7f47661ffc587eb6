"""The pages of the app: their names, which are also their addresses, in the navigation's order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page's icon, its script under app/, and the paper it is about."""

    icon: str  # of Material Symbols
    script: str
    paper: str  # a key of export/papers.bib


#: The story is not in pages/, because it uses figures of several pages.
PAGES = {
    "start": Page("play_circle", "pages/start/start.py", "deepseek-r1"),
    "experts": Page("hub", "pages/experts/experts.py", "deepseek-v3"),
    "cache": Page("memory", "pages/cache/cache.py", "deepseek-v2"),
    "reasoning": Page("psychology", "pages/reasoning/reasoning.py", "deepseek-r1"),
    "training": Page("trending_up", "pages/training/training.py", "deepseek-r1-nature"),
    "story": Page("auto_stories", "story/story.py", "o1"),  # of its first chapter
    "glossary": Page("dictionary", "pages/glossary/glossary.py", "deepseek-r1"),
}
FIRST = next(iter(PAGES))  # its address is the app's own
