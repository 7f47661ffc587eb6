"""What was thrown at every entrance: `python -m tests.fuzz ENTRANCE [--count N] [--seed S]`.

Each module here is an entrance. Its `case(rng)` makes one input from the random numbers, lets it in
and raises AssertionError, or whatever the code raised, where that is a fault. The tests run some
hundred cases of each, the command as many as one likes.
"""
