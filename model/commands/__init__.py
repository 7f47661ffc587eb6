"""One file a command of `python -m model`: `run(arguments)` gives what is printed.

`model.__main__` imports a command when it is given: one that needs no torch does not wait for it.
"""
