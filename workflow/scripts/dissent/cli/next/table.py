"""The table that `dissent next` writes."""

COLUMNS = (
    *("rank", "id", "source", "group", "score", "doubt_share"),
    *("most_about", "need", "stands_for", "distance", "nearest", "reason"),
)
"""of next.csv: `need` is how much its label `most_about` is asked for, `stands_for` how many others are more like it than like what is labelled or above, `distance` that to the image `nearest`"""
