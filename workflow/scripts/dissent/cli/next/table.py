"""The table that `dissent next` writes."""

COLUMNS = (
    *("rank", "id", "source", "group", "score", "doubt_share"),
    *("most_about", "need", "distance", "nearest", "reason"),
)
"""of next.csv: `need` is how much its label `most_about` is asked for, `distance` that to the image `nearest`"""
