"""Whether jobs of this machine speak on the terminal, or in their logs alone, as a console tells of them."""

import os
import socket

_NAME = "DISSENT_CONSOLE"  # handed down to jobs; those on other machines have no console


def hush() -> None:
    """From now on jobs that this process starts write to their logs alone."""
    os.environ[_NAME] = socket.gethostname()


def hushed() -> bool:
    """Whether a console tells of this job."""
    return os.environ.get(_NAME) == socket.gethostname()
