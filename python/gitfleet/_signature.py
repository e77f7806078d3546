"""Signatures that list options by name, for ``help()`` and editors."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lists_options"]

Function = TypeVar("Function", bound="Callable[..., Any]")


def lists_options(options: type[Any]) -> Callable[[Function], Function]:
    """Replace ``**options`` in a function's signature by the keys of a ``TypedDict``.

    Each default is shown as ``...``, because the defaults are defined in the Rust library.
    """

    def decorate(function: Function) -> Function:
        own = inspect.signature(function)
        named = [one for one in own.parameters.values() if one.kind is not one.VAR_KEYWORD]
        named += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=..., annotation=kind)
            for name, kind in _annotations(options).items()
        ]
        function.__signature__ = own.replace(parameters=named)  # type: ignore[attr-defined]
        return function

    return decorate


def _annotations(options: type[Any]) -> dict[str, Any]:
    return {
        name: getattr(kind, "__forward_arg__", kind)
        for name, kind in options.__annotations__.items()
    }
