"""What to mistrust in a generation: one small function an alarm, over plain numbers. No torch; alarms never stop a run.

`facts`, as `evaluation/diagnostic_facts.py` gathers them, with None for what a generation does not have:

    pseudo     `pseudo_labels` of metrics.json (gen0: None)
    teachers   {"asked": networks that labelled, "different": how many of them differ in a weight} (gen0: None)
    ranked_by  the score of the history: one of errors is better when it is lower
    history    gen0 to this one: {"generation", "score": the pool's mean by validation, "sd", "doubt", "changed",
               "students": how many, "zero": how many of them score 0}
    shown      val, test -> {"images", "with_objects": how many of these show anything but background}
    subsets    subset of the split -> {"images", "brightness": mean grey level, "spread": its sd over images,
               "flat": share of one colour alone, "pixels": height x width of the raw image, the median};
               all but the first from a sample
    had        settings that the run has already, as remedies write them (config/remedies.py)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dissent.config.remedies import left
from dissent.config.task import LOWER_IS_BETTER
from dissent.evaluation import subset_diagnostics

_TIMES = 10  # a share or its odds beside annotators' labels: less is what few labelled images and doubted borders make
_RARE = 0.001  # of annotators' labels: a class below it says nothing by being absent
_FLOOD = 0.05  # of the labels that a class must gain at least
_LITTLE_DOUBT, _MUCH_DOUBT = 0.001, 0.8  # of the pixels; runs that do well have .01 to .08
_EMPTY, _MORE_EMPTY = 0.9, 0.3  # of the images: without foreground, and how many more than annotators left empty
_CHURN, _SETTLING = 0.05, 0.8  # of the sure pixels that change; what must be left of it two generations later
_KEPT, _DROPPED = 0.1, 0.1  # of the images: fewer kept, or more dropped, are worth a word
_SMALL = 0.9  # of the dropped images that are smaller than three quarters of the kept; a fair filter has .25


@dataclass(frozen=True)
class Alarm:
    """When it is raised, what most often causes it, and what to do, in words; `check` says what was seen, or ""."""

    when: str
    cause: str
    remedy: str
    check: Callable[[Mapping], str]


def raised(facts: Mapping) -> list[dict]:
    """The alarms that these facts raise: name, what was seen, cause and remedy, in the order of the registry."""
    seen = {name: alarm.check(facts) for name, alarm in ALARMS.items()}
    return [
        {"alarm": name, "seen": words, "cause": ALARMS[name].cause, "remedy": left(ALARMS[name].remedy, facts["had"])}
        for name, words in seen.items()
        if words
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _shares(facts: Mapping) -> list[tuple[str, float, float]]:
    """(class, its share of what is learned from pseudo-labels, of annotators' labels), where there are both.

    An id that a task keeps for doubt is no class, and has no share that it should have.
    """
    pseudo = facts["pseudo"]
    if not pseudo:
        return []
    pairs = [(name, share, pseudo["labelled_class_share"][name]) for name, share in pseudo["class_share"].items()]
    return [one for one in pairs if None not in one and one[0] != pseudo["kept_for_doubt"]]


def _odds(share: float) -> float:
    return share / max(1 - share, 1e-9)


def _class_vanishes(facts: Mapping) -> str:
    gone = [one for one in _shares(facts) if one[2] >= _RARE and one[1] * _TIMES < one[2]]
    return "; ".join(
        f"{name}: {_percent(a)} of the pseudo-labels, {_percent(b)} of the annotators'" for name, a, b in gone
    )


def _class_floods(facts: Mapping) -> str:
    much = [one for one in _shares(facts) if one[1] > one[2] + _FLOOD and _odds(one[1]) > _TIMES * _odds(one[2])]
    return "; ".join(
        f"{name}: {_percent(a)} of the pseudo-labels, {_percent(b)} of the annotators'" for name, a, b in much
    )


def _all_background(facts: Mapping) -> str:
    pseudo = facts["pseudo"]
    if not pseudo or pseudo["empty_share"] < max(_EMPTY, pseudo["labelled_empty_share"] + _MORE_EMPTY):
        return ""
    people = _percent(pseudo["labelled_empty_share"])
    return f"{_percent(pseudo['empty_share'])} of the images have no foreground at all; of annotators' labels {people}"


def _no_doubt(facts: Mapping) -> str:
    pseudo, teachers = facts["pseudo"], facts["teachers"]
    if not pseudo or teachers["asked"] < 2 or pseudo["disagreement"] >= _LITTLE_DOUBT:
        return ""
    return f"{teachers['asked']} teachers disagree on {_percent(pseudo['disagreement'])} of the pixels"


def _all_doubt(facts: Mapping) -> str:
    pseudo = facts["pseudo"]
    return f"{_percent(pseudo['doubt_share'])} of the pixels" if pseudo and pseudo["doubt_share"] > _MUCH_DOUBT else ""


def _identical_teachers(facts: Mapping) -> str:
    teachers = facts["teachers"]
    if not teachers or teachers["different"] >= teachers["asked"]:
        return ""
    return f"of {teachers['asked']} teachers {teachers['different']} differ"


def _agreement_without_gain(facts: Mapping) -> str:
    last = facts["history"][-3:]
    scores, doubts = [one["score"] for one in last], [one["doubt"] for one in last[1:]]
    errors = facts["ranked_by"] in LOWER_IS_BETTER
    if len(last) < 3 or None in scores + doubts:
        return ""
    first, second, third = (-score if errors else score for score in scores)
    falls = first > second > third and first - third > (last[0]["sd"] or 0.0)
    if not falls or doubts[1] >= 0.9 * doubts[0]:
        return ""
    told = " to ".join(f"{score:.3g}" if errors else _percent(score) for score in scores)
    how = "errors on validation rose" if errors else "validation fell"
    return f"{how} from {told} while doubt fell from {_percent(doubts[0])} to {_percent(doubts[1])}"


def _restless(facts: Mapping) -> str:
    changed = [one["changed"] for one in facts["history"] if one["changed"] is not None][-3:]
    if len(changed) < 2 or changed[-1] < max(_CHURN, _SETTLING * changed[0]):
        return ""
    return "changed in each generation: " + ", ".join(_percent(share) for share in changed)


def _drops_nearly_everything(facts: Mapping) -> str:
    pseudo = facts["pseudo"]
    if not pseudo or pseudo["kept"] >= _KEPT * pseudo["images"]:
        return ""
    why = "; ".join(f"{count:,}: {reason}" for reason, count in pseudo["dropped"].items())
    return f"{pseudo['kept']:,} of {pseudo['images']:,} images are kept ({why})"


def _drops_small_objects(facts: Mapping) -> str:
    pseudo = facts["pseudo"]
    small = pseudo and pseudo["small_of_dropped"]
    if not small or small < _SMALL or pseudo["images"] - pseudo["kept"] < _DROPPED * pseudo["images"]:
        return ""
    return (
        f"{pseudo['images'] - pseudo['kept']:,} of {pseudo['images']:,} images are dropped, and {_percent(small)} of "
        "those with foreground have less of it than three quarters of the kept ones"
    )


def _nothing_to_find(facts: Mapping) -> str:
    empty = [(subset, one["images"]) for subset, one in facts["shown"].items() if not one["with_objects"]]
    return "; ".join(f"none of {images:,} {subset} images shows an object" for subset, images in empty)


def _learned_nothing(facts: Mapping) -> str:
    last = facts["history"][-1]
    if not last["zero"] or facts["ranked_by"] in LOWER_IS_BETTER:
        return ""
    return f"{last['zero']} of {last['students']} students score 0 on validation at their best step"


ALARMS = {
    "class_vanishes": Alarm(
        "a class has less than a tenth of the share that it has in annotators' labels",
        "class imbalance: the class is rare, and teachers that saw little of it call it something else, or doubt it wherever it occurs",
        "label more images that show it; `inconsistency: {target: ignore}`; more steps; `labelled_batch_fraction: 0.5`, so that annotators' labels weigh more; `rare_classes: {}` in the network file, so that images that show it are drawn more often; `loss_options: {class_weights: [...]}` there; `loss: [focal]` or `loss: [ohem]` there",
        _class_vanishes,
    ),
    "class_floods": Alarm(
        "the odds of a class, among what is learned, are more than ten times those in annotators' labels",
        "confirmation bias: teachers give one class wherever they are unsure, and each generation confirms it; or doubt is learned as that class; or the unlabelled images show other things than the labelled ones",
        "look at the sheets; `inconsistency: {target: ignore}`; `select: equal_classes`; stop at the generation before; label some of the flooded images",
        _class_floods,
    ),
    "all_background": Alarm(
        "nine of ten images get no foreground, and far more than annotators left empty",
        "collapse: teachers say background, the majority class, everywhere, by too few steps or labels, a rate that is too high, or labels that came out as background (ids, colours, threshold)",
        "see gen0's scores and sheets first; `dissent check`; more steps; `loss: [ce, dice]` in the network file",
        _all_background,
    ),
    "no_doubt": Alarm(
        "two or more teachers disagree on less than a thousandth of the pixels",
        "low ensemble diversity: the teachers are (almost) the same network, or all say background, or the task is solved already",
        "teachers that differ more: `labelled_subset: 0.7`, `augmentation: strong`, another seed; without doubt IM is plain pseudo-labelling",
        _no_doubt,
    ),
    "all_doubt": Alarm(
        "teachers disagree on more than four fifths of the pixels",
        "the teachers have learned little, or learned differently what the ids mean; almost nothing is left to learn from",
        "more steps or labels for gen0; fewer teachers; see gen0's scores",
        _all_doubt,
    ),
    "identical_teachers": Alarm(
        "two teachers have the same weights",
        "no ensemble diversity: students were copied, or trained from one seed; their agreement says nothing",
        "delete the copies and run again; `teachers` of one pool must be students of their own",
        _identical_teachers,
    ),
    "agreement_without_gain": Alarm(
        "validation falls for two generations by more than the pool's sd, while doubt falls by a tenth or more",
        "confirmation bias: teachers confirm each other's errors, and grow alike, not better",
        "keep an earlier generation, or `generations: auto`; `labelled_batch_fraction: 0.5`; teachers that differ more (`labelled_subset`, more of them)",
        _agreement_without_gain,
    ),
    "restless_labels": Alarm(
        "more than a twentieth of the sure pixels changes its label, and no less than before",
        "unstable pseudo-labels (churn): students differ at random from one generation to the next: too few labels or steps, or two classes that cannot be told apart",
        "more steps; more teachers; merge the two classes, or label images that show both",
        _restless,
    ),
    "nothing_to_find": Alarm(
        "no validation image, or no test image, shows any label but the background",
        "images with objects all went to other subsets of the split, or masks came out as background (ids, colours, threshold)",
        "`dissent check`; put images with objects there: without them steps, students and generations are chosen by chance, and there is no score",
        _nothing_to_find,
    ),
    "learned_nothing": Alarm(
        "a student's best validation score is 0",
        "underfitting or collapse: it says background everywhere, by too few steps, a rate that is too high or too low, a class that is too rare for its loss; or images or labels are not what they should be",
        "its history.csv (does the loss fall?); `dissent check`; more steps; `loss: [ce, dice]`; a smaller `optimizer.learning_rate` in the network file",
        _learned_nothing,
    ),
    "flat_images": Alarm(
        "half of a subset's images or more have one colour alone",
        "grey levels that were all brought to one (a bit depth or an outlier that sets the range), files that were written empty",
        "look at them; `dissent check`; `bit_depth` of the data set",
        subset_diagnostics.flat,
    ),
    "brightness_differs": Alarm(
        "images of one subset are much darker or brighter than the labelled ones: by 25 grey levels and 1.5 sd or more",
        "domain shift: other cameras, exposures or bit depths, so that networks are asked about images unlike those they learned from",
        "bring the files to one exposure; draw the labelled images from all sources (`group`); `augmentation: strong` varies brightness",
        subset_diagnostics.brightness,
    ),
    "size_differs": Alarm(
        "raw images of one subset have four times the pixels of the labelled ones, or a quarter",
        "domain shift in scale: other magnifications or cameras; brought to one size, objects are of different scale",
        "`geometry: {name: tiles}` cuts windows at the images' own scale; draw the labelled images from all sources; `augmentation: strong` varies scale",
        subset_diagnostics.size,
    ),
    "filter_drops_nearly_everything": Alarm(
        "the filter keeps less than a tenth of the images",
        "selection bias: the filter was made for another kind of image (larger: objects must be larger than their doubted borders), or the teachers doubt too much",
        "`select: all` with `inconsistency: {input: keep, target: ignore}`; look at the dropped images in the sheets",
        _drops_nearly_everything,
    ),
    "filter_drops_small_objects": Alarm(
        "a tenth of the images or more is dropped, and nine of ten of these have less foreground than three quarters of the kept",
        "selection bias: doubt lies along borders, so small objects always have more of it than of sure foreground: students never see them",
        "`select: all` with `inconsistency: {input: keep, target: ignore}`: the borders are left out, the small objects stay",
        _drops_small_objects,
    ),
}
