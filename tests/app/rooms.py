"""The rooms of each page, by their names in links; "" for a page without rooms."""

from __future__ import annotations

ROOMS: dict[str, tuple[str, ...]] = {
    "start": ("",),
    "experts": (
        *("run", "interventions", "routing_statistics", "after_rl", "one_expert", "balance"),
    ),
    "cache": ("run", "attention_kinds", "latent", "decoding", "kv_size"),
    "reasoning": ("replies", "samples", "thinking"),
    "training": (
        *("curves", "grpo_step", "time_machine", "short_run", "verdicts", "pipeline"),
        "published",
    ),
}
