"""The `gitfleet` command, run as `python -m gitfleet`."""

import sys

from gitfleet.cli import main

sys.exit(main())
