"""The project's own fault suite: faults are put where users and machines make them, and each has the right answer.

`make faults` runs all of it (docs/explanation/reliability.md has the classes and the last table); `tests/project/test_faults.py` a part.
"""
