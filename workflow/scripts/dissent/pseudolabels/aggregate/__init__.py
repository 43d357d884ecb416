"""Labelers by name: how the voters' predictions of one image become one label with doubt.

Each takes (votes, kind, erode, dilate, background: the id that means nothing in particular, None where all are classes) and
gives (label, inconsistent, doubted, agreed), as pseudolabels/aggregate/agreement.py says. Those in
`CHOOSING` get one more mask, before those of the voters: that of the mean, the best, or the highest rated.
"""

from dissent.pseudolabels.aggregate.agreement import agreement, majority, unanimous
from dissent.pseudolabels.aggregate.single import single

LABELERS = {
    "agreement": agreement,
    "majority": majority,
    "unanimous": unanimous,
    "mean": single,
    "best": single,
    "scored": single,
}

CHOOSING = ("mean", "best", "scored")
