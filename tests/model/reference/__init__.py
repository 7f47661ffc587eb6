"""Slow and simple implementations in PyTorch of what the kernel computes, for comparison."""
