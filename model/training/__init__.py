"""The training code behind everything that is shipped: its stages, and one loop for all of them."""
