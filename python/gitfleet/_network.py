"""What the Python edge takes from arguments and the environment for reaching other machines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitfleet._gitfleet import Network

__all__ = ["network"]

GITHUB = "github.com"
TOKEN_USER = "x-access-token"  # noqa: S105 (a user name)


def network(
    *,
    username: str | None = None,
    token: str | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
    proxy: str | None = None,
    timeout: float = 60.0,
) -> Network:
    """Collect what the extension wants to know. A token is for github.com and goes nowhere else."""
    token = token or os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    bundle = os.fspath(ca_bundle) if ca_bundle else os.environ.get("SSL_CERT_FILE")
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    proxies = (os.environ[name] for name in names if os.environ.get(name))
    return {
        "ca_bundle": bundle or None,
        "proxy": proxy or next(proxies, None),
        "timeout": timeout,
        "credentials": [(GITHUB, username or TOKEN_USER, token)] if token else [],
    }
