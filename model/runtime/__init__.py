"""Generation: sampling, batching, scheduling, recording, and a benchmark."""
