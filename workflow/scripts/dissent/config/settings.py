"""What holds for every run: config/config.yaml."""

from dissent.config.base import Model


class Settings(Model):
    """config/config.yaml, and what `snakemake --config` says in its place."""

    experiments: list[str] = ["demo"]
    """names of runs whose report `snakemake` makes when no target is named; `dvc repro` builds the experiment of dvc.yaml"""
    config_dir: str = "config"
    """a folder of your own with experiments/, datasets/, networks/, methods/: its files come before the shipped ones"""
