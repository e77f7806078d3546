"""CredentialManager: tokens of hosting services in a file of their own, encrypted.

The file is JSON: the provider's name, and a list of ``token``, ``username`` and ``host`` for each.
A token stands there as base64 of what AES-256-GCM made of it. The key is given, derived from a
password, kept in the system's keyring, or else in a file beside it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import secrets
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitfleet import _gitfleet
from gitfleet._extras import needs
from gitfleet.models.common import ProviderType
from gitfleet.utils._files import locked, replace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr
    from typing_extensions import Self

__all__ = ["CredentialEntry", "CredentialManager", "derive_key_from_password"]

_KEY_BYTES = 32
_SALT_BYTES = 16
_ROUNDS = 100_000
_DERIVATION = "$derivation"
"""Where the file says how its key is made of the password."""
_ARGON2ID = {"algorithm": "argon2id", "memory_kib": 65_536, "passes": 3, "lanes": 4}
"""RFC 9106's second recommendation."""


@dataclass(frozen=True)
class CredentialEntry:
    """A token; it is shown as ``**********``."""

    provider: ProviderType
    token: str = field(repr=False)
    username: str | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider", ProviderType(self.provider))

    @property
    def secret_token(self) -> SecretStr:
        """The token as a pydantic ``SecretStr``."""
        from pydantic import SecretStr

        return SecretStr(self.token)

    def get_token(self) -> str:
        """Return the token itself."""
        return self.token


def derive_key_from_password(password: str, salt: bytes | None = None) -> tuple[bytes, bytes]:
    """Derive a key of 32 bytes with PBKDF2-HMAC-SHA256, 100,000 rounds.

    `CredentialManager.from_password` uses Argon2id for files it starts, which costs those who guess
    far more; this is for files that were made with PBKDF2.

    Args:
        password: The password.
        salt: 16 bytes that are kept with what is encrypted; made at random by default.

    Returns:
        Key and salt.

    Example:
        >>> key, salt = derive_key_from_password("a password")
        >>> derive_key_from_password("a password", salt) == (key, salt)
        True
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS, _KEY_BYTES), salt


class CredentialManager:
    """Keeps tokens in a file that only its owner can read.

    The file is read again at each call, so several processes may use one; it is replaced as a
    whole, under a lock. Without a key, a random one is kept in a file beside it.

    Args:
        credentials_file: Defaults to ``~/.gitfleet/credentials.json``.
        encryption_key: 32 bytes.
        encrypt_func: Instead of a key, with `decrypt_func`: from the token to what is kept.
        decrypt_func: The way back.
        keyring: Keep the random key in the system's keyring; the package ``keyring`` does that.

    Raises:
        ValueError: Both a key and functions, one function alone, or a key of another length.

    Example:
        >>> import os, tempfile
        >>> file = os.path.join(tempfile.mkdtemp(), "credentials.json")
        >>> manager = CredentialManager(file, encryption_key=bytes(32))
        >>> manager.save_credential("github", "a token", username="ann")
        >>> [entry.username for entry in manager.get_credentials("github")]
        ['ann']
    """

    def __init__(
        self,
        credentials_file: str | os.PathLike[str] | None = None,
        encryption_key: bytes | None = None,
        encrypt_func: Callable[[str], str] | None = None,
        decrypt_func: Callable[[str], str] | None = None,
        *,
        keyring: bool = False,
    ) -> None:
        if (encrypt_func is None) != (decrypt_func is None):
            raise ValueError("encrypt_func and decrypt_func: give both, or none")
        if encryption_key is not None and (encrypt_func is not None or keyring):
            raise ValueError("encryption_key: give a key, functions, or a keyring, not two of them")
        if encryption_key is not None and len(encryption_key) != _KEY_BYTES:
            msg = f"encryption_key has {len(encryption_key)} bytes; it must have {_KEY_BYTES}"
            raise ValueError(msg)
        file = credentials_file or Path.home() / ".gitfleet" / "credentials.json"
        self.credentials_file = Path(file)
        self._key = encryption_key
        self._encrypt, self._decrypt = encrypt_func, decrypt_func
        self._keyring = keyring
        self._derivation: dict[str, Any] | None = None
        self._lock = threading.RLock()

    @classmethod
    def from_password(
        cls,
        password: str,
        salt: bytes | None = None,
        salt_file: str | os.PathLike[str] | None = None,
        credentials_file: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Make a manager whose key is derived from a password.

        A file it starts says itself how: Argon2id, with a salt. One that has entries and does not
        say so was made with PBKDF2, see `derive_key_from_password`; its salt is needed then.

        Args:
            password: The password.
            salt: At least 8 bytes; random for a new file.
            salt_file: Where the salt is, or is written if there is none yet.
            credentials_file: Defaults to ``~/.gitfleet/credentials.json``.

        Raises:
            ValueError: The file was made with PBKDF2, and there is no salt.
        """
        manager = cls(credentials_file)
        stored = manager._stored()
        derivation = stored.get(_DERIVATION)
        salts = None if salt_file is None else Path(salt_file)
        if salt is None and salts is not None and salts.exists():
            salt = salts.read_bytes()
        if derivation is None and any(stored.values()):
            if salt is None:
                msg = f"{manager.credentials_file} was made with PBKDF2: give its salt or salt_file"
                raise ValueError(msg)
            manager._key, _ = derive_key_from_password(password, salt)
            return manager
        if derivation is None:
            salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
            derivation = {**_ARGON2ID, "salt": base64.b64encode(salt).decode()}
            if salts is not None and not salts.exists():
                replace(salts, salt)
        manager._derivation = derivation
        manager._key = _argon2id(password, derivation, manager.credentials_file)
        return manager

    def save_credential(
        self,
        provider: ProviderType | str,
        token: str,
        username: str | None = None,
        host: str | None = None,
    ) -> None:
        """Keep a token; it replaces one of the same user and host.

        Raises:
            ValueError: An empty token, or a file that holds something else.
            OSError: The file cannot be written.
        """
        if not token:
            raise ValueError("token: is empty")
        name = ProviderType(provider).value
        sealed = self._sealed(token)
        entry = {"token": sealed, "username": username, "host": host}
        with self._changing() as stored:
            kept = [
                one
                for one in stored.get(name, [])
                if (one.get("username"), one.get("host")) != (username, host)
                or (username is None and self._opened(one.get("token")) != token)
            ]
            stored[name] = [*kept, entry]

    def get_credentials(
        self, provider: ProviderType | str, host: str | None = None
    ) -> list[CredentialEntry]:
        """Return the tokens of a service, in the order they were kept.

        A wrong key yields none, and a ``UserWarning``.

        Args:
            provider: The service.
            host: Only those that were kept for this host.
        """
        provider = ProviderType(provider)
        entries, locked_out = [], 0
        for one in self._stored().get(provider.value, []):
            if host is not None and one.get("host") != host:
                continue
            token = self._opened(one.get("token"))
            if token is None:
                locked_out += 1
                continue
            entries.append(CredentialEntry(provider, token, one.get("username"), one.get("host")))
        if locked_out:
            msg = f"{self.credentials_file}: {locked_out} tokens do not open with this key"
            warnings.warn(msg, UserWarning, stacklevel=2)
        return entries

    def remove_credential(self, provider: ProviderType | str, token: str) -> bool:
        """Remove a token; return whether it was there."""
        return self._remove(provider, lambda one: self._opened(one.get("token")) == token)

    def remove_credential_by_username(self, provider: ProviderType | str, username: str) -> bool:
        """Remove the tokens of a user; return whether there were any."""
        return self._remove(provider, lambda one: one.get("username") == username)

    def clear_credentials(self, provider: ProviderType | str | None = None) -> None:
        """Remove all tokens, or those of one service."""
        name = None if provider is None else ProviderType(provider).value
        with self._changing() as stored:
            for one in list(stored):
                if one == name or (name is None and one != _DERIVATION):
                    del stored[one]

    def __repr__(self) -> str:
        return f"CredentialManager({str(self.credentials_file)!r})"

    def _remove(
        self, provider: ProviderType | str, is_meant: Callable[[dict[str, Any]], bool]
    ) -> bool:
        name = ProviderType(provider).value
        with self._changing() as stored:
            before = stored.get(name, [])
            kept = [one for one in before if not is_meant(one)]
            if len(kept) < len(before):
                stored[name] = kept
            return len(kept) < len(before)

    def _stored(self) -> dict[str, Any]:
        try:
            text = self.credentials_file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            stored = json.loads(text)
        except ValueError:
            stored = None
        if not isinstance(stored, dict) or not all(
            isinstance(entries, dict if name == _DERIVATION else list)
            and (name == _DERIVATION or all(isinstance(one, dict) for one in entries))
            for name, entries in stored.items()
        ):
            msg = f"{self.credentials_file} is no file of credentials; it was left as it is"
            raise ValueError(msg)
        return stored

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """Read the file, and replace it if it is another afterwards."""
        with self._lock, locked(self.credentials_file):
            stored = self._stored()
            before = json.dumps(stored)
            yield stored
            if self._derivation is not None:
                stored[_DERIVATION] = self._derivation
            if json.dumps(stored) != before:
                replace(self.credentials_file, json.dumps(stored, indent=2).encode())

    def _sealed(self, token: str) -> str:
        if self._encrypt is not None:
            return self._encrypt(token)
        sealed = _gitfleet.seal(self._any_key(), token.encode())
        return base64.b64encode(sealed).decode()

    def _opened(self, kept: Any) -> str | None:
        if not isinstance(kept, str):
            return None
        if self._decrypt is not None:
            try:
                return self._decrypt(kept)
            except Exception:  # noqa: BLE001 (whatever the user's function raises for a wrong key)
                return None
        try:
            sealed = base64.b64decode(kept, validate=True)
        except binascii.Error:
            return None
        plain = _gitfleet.unseal(self._any_key(), sealed)
        if plain is not None:
            return plain.decode()
        # Releases before this one kept tokens in plain base64 where they had no key.
        is_text = sealed.isascii() and sealed.decode().isprintable()
        return sealed.decode() if sealed and is_text else None

    def _any_key(self) -> bytes:
        with self._lock:
            if self._key is None:
                self._key = self._keyrings_key() if self._keyring else self._file_key()
            return self._key

    def _file_key(self) -> bytes:
        """The key beside the file; made if there is none."""
        file = self.credentials_file.with_name(self.credentials_file.name + ".key")
        with locked(file):
            try:
                key = _decoded(file.read_bytes())
            except FileNotFoundError:
                key = secrets.token_bytes(_KEY_BYTES)
                replace(file, base64.b64encode(key))
                msg = (
                    f"the key of {self.credentials_file} is kept in {file}: that protects a copy "
                    "of the one without the other, and not from who can read your files; give a "
                    "key, a password or keyring=True"
                )
                warnings.warn(msg, UserWarning, stacklevel=5)
        if len(key) != _KEY_BYTES:
            msg = f"{file} holds no key"
            raise ValueError(msg)
        return key

    def _keyrings_key(self) -> bytes:
        with needs("keyring", "keyring"):
            import keyring  # pyright: ignore[reportMissingImports]
        name = str(self.credentials_file.absolute())
        with locked(self.credentials_file.with_name(self.credentials_file.name + ".key")):
            kept = keyring.get_password("gitfleet", name)
            if kept is None:
                kept = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
                keyring.set_password("gitfleet", name, kept)
        return _decoded(kept.encode())


def _decoded(key: bytes) -> bytes:
    try:
        return base64.b64decode(key)
    except binascii.Error:
        return b""


def _argon2id(password: str, derivation: dict[str, Any], file: Path) -> bytes:
    if derivation.get("algorithm") != "argon2id":
        msg = f"{file}: its key is derived by {derivation.get('algorithm')}, which is not known"
        raise ValueError(msg)
    try:
        costs = (derivation["memory_kib"], derivation["passes"], derivation["lanes"])
        salt = base64.b64decode(derivation["salt"])
        return _gitfleet.key_of_password(password.encode(), salt, *costs)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        msg = f"{file} does not say how its key is derived: {error}"
        raise ValueError(msg) from error
