"""`python -m gitfleet` is the command."""

import sys

from gitfleet.cli import main

sys.exit(main())
