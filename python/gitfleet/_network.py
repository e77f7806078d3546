"""What the Python edge takes from arguments and the environment for reaching other machines."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, TypedDict

from gitfleet._arguments import count, flag, number, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitfleet import _gitfleet

__all__ = ["HostOptions", "NetworkOptions", "network"]

GITHUB = "github.com"
TOKEN_USER = "x-access-token"  # noqa: S105 (a user name)


class HostOptions(TypedDict, total=False):
    """How other machines are reached."""

    ca_bundle: str | os.PathLike[str] | None
    """PEM file of the authorities to trust. Defaults to ``SSL_CERT_FILE``, else the system's."""
    proxy: str | None
    """Such as ``http://host:port``. Defaults to ``HTTPS_PROXY`` or ``ALL_PROXY``."""
    timeout: float
    """Seconds after which a silent server is given up; 60."""
    connect_timeout: float
    """Seconds to wait for a connection; 30."""
    min_bytes_per_second: int
    """A server that sends less, over the time of `timeout`, counts as silent; 0."""
    allow_clear_text: bool
    """Send credentials over plain http, where everybody on the way can read them."""
    ssh_command: str | Iterable[str] | None
    """The ssh program with its arguments. Defaults to ``GIT_SSH_COMMAND``, else ``ssh``."""
    credential_command: str | None
    """A program that prints a token for the host it is given."""
    git_credentials: bool
    """Ask git's credential helpers."""


class NetworkOptions(HostOptions, total=False):
    """Keyword arguments of everything that reaches other machines."""

    token: str | None
    """For github.com; it is sent nowhere else. Defaults to ``GITHUB_TOKEN`` or ``GH_TOKEN``."""
    credentials: Mapping[str, str | tuple[str, str]] | None
    """Per host a token, or user name and password. They come before the environment's."""


def network(
    *,
    username: str | None = None,
    token: str | None = None,
    credentials: Mapping[str, str | tuple[str, str]] | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
    proxy: str | None = None,
    timeout: float = 60.0,
    connect_timeout: float = 30.0,
    min_bytes_per_second: int = 0,
    allow_clear_text: bool = False,
    ssh_command: str | Iterable[str] | None = None,
    credential_command: str | None = None,
    git_credentials: bool = False,
) -> _gitfleet.Network:
    """Collect what the extension wants to know; `NetworkOptions` says what."""
    token = (
        text("token", token, or_none=True)
        or os.environ.get("GITHUB_TOKEN")
        or os.environ.get("GH_TOKEN")
    )
    bundle = os.fspath(ca_bundle) if ca_bundle else os.environ.get("SSL_CERT_FILE")
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    proxies = (os.environ[name] for name in names if os.environ.get(name))
    ssh = ssh_command or os.environ.get("GIT_SSH_COMMAND") or ()
    known = [(host, *_pair(host, given)) for host, given in (credentials or {}).items()]
    if token:
        known.append((GITHUB, username or TOKEN_USER, token))
    return {
        "ca_bundle": bundle or None,
        "proxy": text("proxy", proxy, or_none=True) or next(proxies, None),
        "timeout": number("timeout", timeout),
        "connect_timeout": number("connect_timeout", connect_timeout),
        "min_bytes_per_second": count("min_bytes_per_second", min_bytes_per_second),
        "allow_clear_text": flag("allow_clear_text", allow_clear_text),
        "ssh_command": shlex.split(ssh) if isinstance(ssh, str) else list(ssh),
        "credential_command": text("credential_command", credential_command, or_none=True),
        "git_credentials": flag("git_credentials", git_credentials),
        "credentials": known,
    }


def _pair(host: str, given: object) -> tuple[str, str]:
    if isinstance(given, str):
        return TOKEN_USER, given
    if isinstance(given, (tuple, list)) and [type(one) for one in given] == [str, str]:
        return given[0], given[1]
    msg = f"credentials of {host}: must be a token, or user name and password"
    raise TypeError(msg)
