"""Columns of the tables that jobs hand on: who reads or names a table need not import who writes it."""

SUBSETS = ("labelled", "unlabelled", "val", "test", "hidden")
"""tables of a split, the last with masks of unlabelled images"""
DISJOINT = SUBSETS[:4]
"""those of which an image lies in one alone"""
COUNTS = ("tp", "fp", "fn", "tn")
"""pixels of counts.csv: true and false positives, false and true negatives"""
UNLABELLED = ("id", "image", "image_sha256")
"""training never learns where hidden masks are"""
LABELLED = ("id", "image", "label", "image_sha256", "label_sha256")
PREPARED = (*LABELLED, "group", "part", "source", "present")
"""of files.csv, before the columns of the user's table"""
RAW = ("path", "kind", "bytes", "sha256")
"""of raw.csv"""
PAIRS = ("id", "image", "label", "doubt", "origin", "noise_copies", "image_sha256", "label_sha256", "doubt_sha256")
PREDICTIONS = ("id", "teacher", "prediction", "sha256")
SOFT = ("probabilities", "probabilities_sha256")
"""behind those of predictions.csv, masks.csv and pairs.csv, where the method asks for `soft_labels`"""
HISTORY = ("step", "score", "learning_rate", "loss")
"""of history.csv, before the numbers that its learner tells"""
MASKS = (
    "id", "label", "doubt", "kept", "why", "pixels", "doubt_pixels", "agreed_foreground", "doubt_share", "changed_share",
    "score", "label_sha256", "doubt_sha256",
)  # fmt: skip
"""of masks.csv, before the columns that depend on the task"""
PREDICTED = ("image", "mask", "status", "reason", "height", "width", "sha256")
"""of what `dissent predict` writes, before the columns that depend on the task"""
SCORES = ("id", "teacher", "score", "noise_copies", "passes")
COUNTED = ("subset", "id", "group", "who", "label")
"""of counts.csv, before the counts"""
