"""Where the settings are: the user's folder, then the shipped one. No torch."""

import argparse
import shlex
from pathlib import Path

from dissent.config.base import read_yaml
from dissent.config.resolve import FOLDERS, Config
from dissent.core.files import UserError
from dissent.core.places import SHIPPED
from dissent.core.rebuild_hint import use_settings


def add_config_dir(parser: argparse.ArgumentParser, what: str = "folder of settings of your own") -> None:
    """The option that names a folder for `settings_folder`."""
    default = "default: the one that config/config.yaml names, else config"
    parser.add_argument("--config-dir", type=Path, metavar="DIR", help=f"{what}; {default}")


def settings_folder(given: Path | None) -> Path:
    """The folder of settings: the one given, or what config/config.yaml of the working directory names, or config.

    Commands that are told after this name it.
    """
    folder = _settings_folder(given)
    use_settings(folder)
    return folder


def _settings_folder(given: Path | None) -> Path:
    if given is not None:
        if not given.is_dir():
            raise UserError(f"{given} does not exist; it must hold {', '.join(FOLDERS)}")
        return given
    main = Path("config/config.yaml")
    return Path(read_yaml(main).get("config_dir", "config")) if main.is_file() else Path("config")


def config_dir_option(folder: Path) -> str:
    """What a command of `dissent` needs for a folder of settings that is not the project's."""
    return f" --config-dir {shlex.quote(str(folder))}" if folder != Path("config") else ""


def config_of(folder: Path) -> Config:
    """All settings: those of `folder` before the shipped ones; UserError when there are none."""
    config = Config(folder, SHIPPED / "config")
    if not config.names("methods"):
        raise UserError(
            f"there is no {folder}/methods here; run this in the folder of the project, or say --config-dir DIR"
        )
    return config
