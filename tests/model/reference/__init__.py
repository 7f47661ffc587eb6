"""Slow and plain ways, in PyTorch, to what the kernel computes: tests hold it beside these."""
