"""A wheel carries the workflow and the shipped settings inside the package; the rest of the build is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
SHIPPED = ["Snakefile", "dvc.yaml", "config", "envs", "profiles", "workflow"]
LEFT_OUT = shutil.ignore_patterns("dissent", "*.egg-info", "__pycache__")  # the library itself lies beside it


class BuildWithWorkflow(build_py):
    """Copies what `dissent/core/places.py` finds in a checkout into the package, where no checkout is."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "dissent", "shipped")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in SHIPPED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target / name, ignore=LEFT_OUT)
            else:
                shutil.copy2(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithWorkflow})
