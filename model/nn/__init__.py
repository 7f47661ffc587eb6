"""The network: in PyTorch to train and to be read, and as a kernel of its own to run fast."""
