"""What the page says in plain words: its title, what was done, what came of it, and the ten words that it needs."""

from pathlib import Path

from dissent.core.files import read_table
from dissent.core.task import Task
from dissent.core.words import some
from dissent.report.judge import ALL_LABELS, CONTROLS
from dissent.report.run_results import Generation, Story
from dissent.report.tables import percent
from dissent.report.verdict import Verdict

_TITLES = {
    "worth it": "the unlabelled images helped",
    "no gain": "the unlabelled images did not help",
    "worse": "the unlabelled images did harm",
    "cannot tell yet": "whether the unlabelled images helped cannot be told yet",
}
_MEANS = {
    "worth it": "This gain is more than chance explains, for this seed.",
    "no gain": "So there was no gain that the work would be worth.",
    "worse": "This loss is more than chance explains, for this seed.",
    "cannot tell yet": "What was measured is too little to tell this from chance.",
}
PLAIN = {
    "ldt": "labelled images only",
    CONTROLS[1]: "labelled images only, for as many steps",
    CONTROLS[2]: "labelled images only, for as many steps as all generations together",
    CONTROLS[0]: "labelled images and disturbed copies of them",
    ALL_LABELS: "all images with their true masks",
    "afdt": "all images with their true masks, and disturbed copies of them",
    "gen0": "its own start, from labelled images only",
}
"""what a control learns from"""
_SCORES = {
    "iou": ("IoU", "of all pixels that truth or prediction give a label, the share on which both agree"),
    "dice": ("Dice", "twice the pixels on which truth and prediction agree, as a share of the pixels of both"),
    "published_iou": ("IoU of each image", "the IoU of each image, then the mean over images"),
    "published_dice": ("Dice of each image", "the Dice of each image, then the mean over images"),
    "pixel_accuracy": ("accuracy", "the share of pixels that are right"),
}
COUNTS = "tp: pixels rightly given a label; fp: wrongly given; fn: missed"
"""what the letters in the definitions of scores mean"""
GLOSSARY = {
    "student": "a network that is trained in a generation",
    "teacher": "one of the best students of the generation before; teachers label the unlabelled images",
    "pool": "all students of one generation; they differ in their first weights and in the order of their images",
    "generation": "one turn: students learn, the best become teachers, and these label images for the next students. "
    "gen0 learns from labelled images only",
    "pseudo-label": "a mask that teachers made. Where all agree it is their consensus",
    "doubt": "where teachers disagree: the inconsistency mask marks these pixels",
    "pair": "an image with the mask that students learn from it. An image is kept when it becomes a pair, and dropped otherwise",
    "churn": "how much changes: the share of sure pixels with another pseudo-label than in the generation before",
    "hidden mask": "the true mask of an image that counts as unlabelled. Training never sees it; the audit compares with it",
    "controls": "runs beside this one that use no pseudo-labels. ldt_equal_steps learns from labelled images only, for as many "
    "steps; aldt from disturbed copies too (noise copies). fdt sees all true masks, and is an upper bound",
}
"""the ten words; docs/reference/glossary.md has all"""


def title(story: Story, verdict: Verdict) -> str:
    """The first line: what came of it."""
    labels = some(Task(story.params["task"]).foreground_names, 3)
    return f"{story.params['run']['name']}: {_TITLES.get(verdict.said, f'networks that find {labels}')}"


def done(story: Story) -> str:
    """What was done, in three sentences at most."""
    count = {subset: len(read_table(story.data[subset])) for subset in ("labelled", "unlabelled")}
    labels = some(Task(story.params["task"]).foreground_names, 5)
    first, made = story.generations[0], len(story.generations) - 1
    beside = "" if story.params["settings"]["method"]["learn"]["name"] == "supervised" else _and(count["unlabelled"])
    words = [
        f"{_many(len(first.weights), 'network')} (students) learned to find {labels} from {_many(count['labelled'], 'labelled image')}{beside}."
    ]
    if made:
        times = "once" if made == 1 else "twice" if made == 2 else f"{made} times"
        words.append(
            f"The best of them (teachers) labelled {_many(count['unlabelled'], 'unlabelled image')}, and new students learned from these too."
        )
        words.append(f"This was done {times}.")
    return " ".join(words)


def _and(unlabelled: int) -> str:
    return f" and {_many(unlabelled, 'unlabelled image')}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def found(story: Story, verdict: Verdict, subset: str) -> str:
    """What came of it, in plain words."""
    who = "the last ones" if story.last.number else "they"
    reached = f"{_mean(story.last, subset)} % {score_name(story.score)}"
    words = [f"On average, {who} reach {reached} on {story.last.counted(subset)}."]
    judged = [one.name for one in verdict.against if one.judged]
    if judged:
        told = "; ".join(f"{_mean(story.controls[name], subset)} % from {meaning(name)}" for name in judged)
        words.append(f"For comparison: {told}.")
    return " ".join([*words, _MEANS.get(verdict.said, "")]).strip()


def no_audit(story: Story) -> str:
    """Why there is no audit; told where there is none."""
    if not story.labelled_by_teachers:
        return "There is none, as this run has no pseudo-labels: no teacher labelled an image."
    return (
        "There is none, as no unlabelled image has a true mask to compare with. An audit needs hidden masks: give masks to some of the "
        "images that count as unlabelled. Training will not see them. Until then, scores on val and test are all that tells right from wrong."
    )


def links(out: Path) -> dict[str, str]:
    """What lies around the page, as seen from it: name -> relative address; what is not there is left out."""
    wanted = {"all runs": "..", "dissent": "../../README.md", "glossary": "../../docs/reference/glossary.md"}
    there = {name: where for name, where in wanted.items() if (out.parent / where).exists()}
    return {"files of this run": "."} | there


def _mean(one: Generation, subset: str) -> str:
    return percent(one.metrics[subset]["pool"][one.metrics["score"]]["mean"])


def meaning(name: str) -> str:
    """What a control learns from; the name of a method of the user's stays."""
    return PLAIN.get(name, name)


def score_name(score: str) -> str:
    """The name of a score as people write it."""
    return _SCORES.get(score, (score, ""))[0]


def score_meaning(score: str) -> str:
    """What a score says, without a formula; "" where its definition has to do."""
    return _SCORES.get(score, ("", ""))[1]
