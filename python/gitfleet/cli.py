"""The `gitfleet` console script."""

import sys

from gitfleet._gitfleet import run_cli


def main() -> int:
    """Run the command line in `sys.argv`; return its exit code."""
    return run_cli(sys.argv)
