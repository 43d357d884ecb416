"""The settings folder that tests of this one share."""

import pytest

from dissent.config.resolve import Config


@pytest.fixture
def config(root, tmp_path):
    return Config(tmp_path, root / "config")
