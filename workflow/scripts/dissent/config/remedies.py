"""Which settings that alarms recommend a run has already, and what of a remedy is left then. No torch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dissent.config.resolve import Run


def had(run: "Run", generation: int) -> list[str]:
    """Those of a generation, as the remedies of evaluation/diagnostics.py write them."""
    method, network = run.at(generation), run.network
    found = {
        "inconsistency: {target: ignore}": method["inconsistency"]["target"] == "ignore",
        "labelled_batch_fraction: 0.5": method["labelled_batch_fraction"] is not None,
        "augmentation: strong": method["augmentation"] == "strong",
        "rare_classes: {}": network.rare_classes is not None,
        "loss_options: {class_weights: [...]}": network.loss_options.class_weights is not None,
        "loss: [focal]": "focal" in network.loss,
        "loss: [ohem]": "ohem" in network.loss,
        "loss: [ce, dice]": "dice" in network.loss,
    }
    return [name for name, on in found.items() if on]


def left(remedy: str, had: Sequence[str]) -> str:
    """The parts of a remedy, between semicolons, that name no setting of `had`; all of it where nothing is left."""
    parts = [part for part in remedy.split("; ") if not any(f"`{name}`" in part for name in had)]
    return "; ".join(parts) or remedy
