"""The commands of `python -m model`, one per file: `run(arguments)` returns what is printed.

`model.__main__` imports only the command that is called, so one without torch does not load it.
"""
