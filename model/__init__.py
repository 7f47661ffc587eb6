"""The models of Inside R1: network, engine, training. Runs without Streamlit."""
