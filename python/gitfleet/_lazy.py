"""Names of a package that are loaded from its modules when they are first used."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["exports"]


def exports(
    package: str, homes: Mapping[str, str], public: Iterable[str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's ``__getattr__`` and ``__dir__``.

    Args:
        package: The name of the package.
        homes: For each module, the names to export from it, separated by spaces; ``new=old``
            exports ``old`` under the name ``new``. A module that is directly in the package
            is also exported, under its own name.
        public: The package's ``__all__``, which ``dir()`` shows.
    """
    found: dict[str, tuple[str, str | None]] = {}
    for home, names in homes.items():
        above, _, module = home.rpartition(".")
        if above == package:
            found[module] = (home, None)
        for name in names.split():
            outer, _, inner = name.partition("=")
            found[outer] = (home, inner or outer)

    def get(name: str) -> Any:
        if name not in found:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, inner = found[name]
        module = importlib.import_module(home)
        value = module if inner is None else getattr(module, inner)
        setattr(sys.modules[package], name, value)
        return value

    def names_of() -> list[str]:
        return sorted({*public, "__all__", "__doc__", "__file__", "__name__", "__path__"})

    return get, names_of
