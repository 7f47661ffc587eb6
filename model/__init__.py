"""The models of Inside R1: network, engine, training. Runs without Streamlit."""

from pathlib import Path

#: What ships with the project: checkpoints, logs and results of runs, samples, reference figures.
ASSETS = Path(__file__).parents[1] / "assets"
