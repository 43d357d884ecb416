"""dissent: generations of pseudo-labels, filtered by the disagreement of their teachers."""

__version__ = "0.1.0"
