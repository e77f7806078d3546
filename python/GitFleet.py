"""The package under its former name: `import GitFleet` imports `gitfleet.compat` and its modules.

This is a file, because a directory `GitFleet` would be the directory `gitfleet` on a file system
that ignores case.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from typing import TYPE_CHECKING

import gitfleet.compat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


class _CompatFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``GitFleet.x`` as ``gitfleet.compat.x``."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 (the interface of importlib)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("GitFleet.") or not _compat_module_exists(
            fullname[len("GitFleet.") :]
        ):
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = importlib.import_module("gitfleet.compat" + name[len("GitFleet") :])


def _compat_module_exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(f"gitfleet.compat.{name}") is not None
    except ModuleNotFoundError:  # the package that would contain it does not exist
        return False


sys.meta_path.insert(0, _CompatFinder())
sys.modules[__name__] = gitfleet.compat
