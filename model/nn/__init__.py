"""The network: in PyTorch, for training and reading, and again as a numba kernel, for speed."""
