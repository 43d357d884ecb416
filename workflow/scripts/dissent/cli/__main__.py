"""`python -m dissent.cli`: the same as `dissent`."""

import sys

from dissent.cli import main

sys.exit(main())
