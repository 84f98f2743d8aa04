"""The tests' settings, with the catalogs in the folder that tests/catalogs.py names."""

import os
from pathlib import Path

from tests.settings import *  # noqa: F403

LOCALE_PATHS = [Path(os.environ["ALLIANCE_LOCALE"])]
