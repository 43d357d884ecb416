"""Where masks of `dissent predict` may not go: into raw folders, where they would be learned as if a person had drawn them. No torch."""

from pathlib import Path

from dissent.cli.settings import settings_folder
from dissent.config.base import read_yaml
from dissent.config.resolve import Config
from dissent.core.files import UserError
from dissent.core.places import SHIPPED
from dissent.datasets.own_masks import place_for
from dissent.datasets.place import within
from dissent.datasets.raw import find_raw


def check_out(out: Path, given: Path | None) -> None:
    """UserError where OUT is, holds or lies in a raw folder, or one of own masks, of a data set in the settings (`given`: their folder)."""
    config, real = Config(settings_folder(given), SHIPPED / "config"), out.resolve()
    for name in config.names("datasets"):
        for place in _places(config.path("datasets", name), name):
            how = (
                "is" if real == place else "lies in" if within(real, place) else "holds" if within(place, real) else ""
            )
            if how and (how != "holds" or place.exists()):
                raise UserError(
                    f"{out} {how} {place}, a folder of raw files or masks of the data set {name}: what a network says would be learned "
                    f"there as if a person had drawn it. Name another folder; `dissent import OUT --into {name}` takes masks that you correct"
                )


def _places(settings: Path, name: str) -> list[Path]:
    try:
        values = read_yaml(settings)
    except UserError:  # no run uses what cannot be read
        return []
    raw = [find_raw(values["raw"], SHIPPED)] if isinstance(values.get("raw"), str) else []
    return [one.resolve() for one in (*raw, Path(values.get("own_masks") or place_for(name)))]
