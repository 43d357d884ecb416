"""Flags that answer what annotations of tools leave open."""

import argparse

from dissent.datasets.annotated import QUESTIONS


def add_questions(group: argparse._ActionsContainer) -> None:
    """Flags that answer what annotations leave open."""
    for flag, answers in QUESTIONS.items():
        told = "; ".join(f"{answer}: {meaning}" for answer, meaning in answers.items())
        what = {
            "unannotated": "images that annotations name, and in which nothing is marked",
            "crowd": "areas that are marked as a crowd",
            "void": "areas whose label is called void, unlabelled, none or alike",
            "overlap": "pixels that are marked for two labels (or --kind multilabel)",
        }[flag]
        group.add_argument(f"--{flag}", choices=list(answers), help=f"{what}: {told}")
