"""Real repositories and a real server, for tests of programs that use GitFleet.

The fixtures are in `gitfleet.testing.fixtures`; a ``conftest.py`` loads them with
``pytest_plugins = ["gitfleet.testing.fixtures"]``. They run the program ``git``.
"""

from gitfleet.testing.repositories import SampleRepository
from gitfleet.testing.server import GitServer

__all__ = ["GitServer", "SampleRepository"]
