"""Columns of the tables that jobs hand on: who reads or names a table need not import who writes it."""

PREDICTIONS = ("id", "teacher", "prediction", "sha256")
MASKS = (
    "id", "label", "doubt", "kept", "why", "pixels", "doubt_pixels", "agreed_pixels", "doubt_share", "changed_share",
    "score", "label_sha256", "doubt_sha256",
)  # fmt: skip
"""of masks.csv, before the columns that depend on the task"""
PREDICTED = ("image", "mask", "status", "reason", "height", "width", "sha256")
"""of what `dissent predict` writes, before the columns that depend on the task"""
SCORES = ("id", "teacher", "score", "copies", "passes")
