"""CredentialManager: tokens of hosting services in an encrypted file.

The file is a JSON object: for each provider, a list of entries with ``token``, ``username`` and
``host``. A token is stored encrypted with AES-256-GCM, as base64. The key is an argument, is
derived from a password, or is stored in the system's keyring or in a file beside the file of
credentials.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import secrets
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitfleet import _gitfleet
from gitfleet._extras import needs
from gitfleet.compat.utils._files import locked, read, replace
from gitfleet.models.services import ProviderType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import SecretStr
    from typing_extensions import Self

__all__ = ["CredentialEntry", "CredentialManager", "derive_key_from_password"]

_KEY_BYTES = 32
_SALT_BYTES = 16
_PBKDF2_ROUNDS = 100_000
_DERIVATION_ENTRY = "$derivation"
"""The name of the entry that records how the key is derived from the password."""
_ARGON2ID = {"algorithm": "argon2id", "memory_kib": 65_536, "passes": 3, "lanes": 4}
"""RFC 9106's second recommendation."""


@dataclass(frozen=True)
class CredentialEntry:
    """A token; `repr` leaves it out, and `to_dict` shows it as ``**********``.

    Example:
        >>> CredentialEntry("github", "a token", username="ann")
        CredentialEntry(provider=<ProviderType.GITHUB: 'github'>, username='ann', host=None)
    """

    provider: ProviderType
    token: str = field(repr=False, metadata={"secret": True})
    username: str | None = None
    host: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider", ProviderType(self.provider))

    @property
    def secret_token(self) -> SecretStr:
        """The token as a pydantic ``SecretStr``.

        Example:
            >>> CredentialEntry("github", "a token").secret_token
            SecretStr('**********')
        """
        with needs("pydantic", "models"):
            from pydantic import SecretStr
        return SecretStr(self.token)

    def get_token(self) -> str:
        """Return the token itself.

        Example:
            >>> CredentialEntry("github", "a token").get_token()
            'a token'
        """
        return self.token


def derive_key_from_password(password: str, salt: bytes | None = None) -> tuple[bytes, bytes]:
    """Derive a key of 32 bytes with PBKDF2-HMAC-SHA256, 100,000 rounds.

    `CredentialManager.from_password` uses Argon2id for new files, which makes guessing far more
    expensive; this function is for files that were made with PBKDF2.

    Args:
        password: The password.
        salt: 16 bytes that are kept with the encrypted data; random by default.

    Returns:
        Key and salt.

    Example:
        >>> key, salt = derive_key_from_password("a password")
        >>> derive_key_from_password("a password", salt) == (key, salt)
        True
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _PBKDF2_ROUNDS, _KEY_BYTES), salt


class CredentialManager:
    """Keeps tokens in a file that only its owner can read.

    The file is read again at each call, so several processes may share it; it is replaced as a
    whole, under a lock. Without a key, a random one is kept in a file beside it.

    Args:
        credentials_file: Defaults to ``~/.gitfleet/credentials.json``.
        encryption_key: 32 bytes.
        encrypt_func: A function that converts a token to the stored text, instead of a key.
        decrypt_func: The inverse of `encrypt_func`.
        keyring: Keep the random key in the system's keyring; needs the package ``keyring``.

    Raises:
        ValueError: The arguments contradict each other, or the key does not have 32 bytes.

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
        if encryption_key is not None and not isinstance(encryption_key, (bytes, bytearray)):
            raise ValueError("encryption_key: must be bytes")
        if encryption_key is not None and len(encryption_key) != _KEY_BYTES:
            msg = f"encryption_key has {len(encryption_key)} bytes; it must have {_KEY_BYTES}"
            raise ValueError(msg)
        if credentials_file is None:
            credentials_file = Path.home() / ".gitfleet" / "credentials.json"
        elif not os.fspath(credentials_file):
            raise ValueError("credentials_file: is empty")
        # Resolved, so that the key's file is found beside it also through a symbolic link, and
        # after a change of the current directory.
        self.credentials_file = Path(credentials_file).expanduser().absolute()
        self._key = None if encryption_key is None else bytes(encryption_key)
        self._encrypt, self._decrypt = encrypt_func, decrypt_func
        self._keyring = keyring
        self._password: _Password | None = None
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

        A new file records how its key is derived: by Argon2id, with a salt. A file that has entries
        but not this record was made with PBKDF2, see `derive_key_from_password`; its salt is needed
        then.

        Args:
            password: The password.
            salt: At least 8 bytes; random for a new file.
            salt_file: The file of the salt; it is written if it does not exist.
            credentials_file: Defaults to ``~/.gitfleet/credentials.json``.

        Raises:
            ValueError: The file was made with PBKDF2, and there is no salt.

        Example:
            >>> import tempfile
            >>> file = tempfile.mkdtemp() + "/credentials.json"
            >>> CredentialManager.from_password("secret", credentials_file=file).save_credential(
            ...     "github", "a token"
            ... )
            >>> again = CredentialManager.from_password("secret", credentials_file=file)
            >>> again.get_credentials("github")[0].get_token()
            'a token'
        """
        manager = cls(credentials_file)
        file = None if salt_file is None else Path(salt_file).expanduser().absolute()
        manager._password = _Password(password, salt, file, manager.credentials_file)
        manager._password.key(manager._read_file())  # reports errors now
        return manager

    def save_credential(
        self,
        provider: ProviderType | str,
        token: str,
        username: str | None = None,
        host: str | None = None,
    ) -> None:
        """Store a token.

        It replaces the token of the same user name and host. Without a user name, it replaces only
        an equal token.

        Raises:
            ValueError: The token is empty, the file holds other data, or this key cannot decrypt
                its tokens: a mistyped password must not destroy stored tokens.
            OSError: The file cannot be written.

        Example:
            >>> import tempfile
            >>> file = tempfile.mkdtemp() + "/credentials.json"
            >>> manager = CredentialManager(file, encryption_key=bytes(32))
            >>> manager.save_credential("github", "a token", username="ann")
            >>> manager.save_credential("github", "another", username="ann")
            >>> [entry.get_token() for entry in manager.get_credentials("github")]
            ['another']
        """
        if not isinstance(token, str) or not token:
            raise ValueError("token: must be text, and not empty")
        name = ProviderType(provider).value
        with self._open_for_update() as stored:
            self._check_key(stored)
            kept: list[dict[str, Any]] = []
            for one in stored.get(name, []):
                is_same = (one.get("username"), one.get("host")) == (username, host)
                opened = self._decrypt_entry(stored, name, one)
                if opened is None:  # encrypted with another key: kept
                    kept.append(one)
                    continue
                if is_same and (username is not None or opened.token == token):
                    continue
                if opened.is_plain or not opened.is_bound:
                    one["token"] = self._encrypt_token(stored, name, one, opened.token)
                kept.append(one)
            made = {"token": "", "username": username, "host": host}
            made["token"] = self._encrypt_token(stored, name, made, token)
            stored[name] = [*kept, made]

    def get_credentials(
        self, provider: ProviderType | str, host: str | None = None
    ) -> list[CredentialEntry]:
        """Return the tokens of a service, in the order they were stored.

        With a wrong key, it returns none and issues a ``UserWarning``.

        Args:
            provider: The service.
            host: Only tokens that were stored for this host.

        Example:
            >>> import tempfile
            >>> manager = CredentialManager(tempfile.mkdtemp() + "/c.json", bytes(32))
            >>> manager.save_credential("github", "a token", username="ann", host="github.com")
            >>> manager.get_credentials("github", host="github.com")[0].get_token()
            'a token'
        """
        provider = ProviderType(provider)
        stored = self._read_file()
        entries, undecryptable_count, plain = [], 0, 0
        for one in stored.get(provider.value, []):
            if host is not None and one.get("host") != host:
                continue
            opened = self._decrypt_entry(stored, provider.value, one)
            if opened is None:
                undecryptable_count += 1
                continue
            plain += opened.is_plain
            entry = CredentialEntry(provider, opened.token, one.get("username"), one.get("host"))
            entries.append(entry)
        if undecryptable_count:
            count, file = undecryptable_count, self.credentials_file
            msg = f"{file}: {count} tokens cannot be decrypted with this key"
            warnings.warn(msg, UserWarning, stacklevel=2)
        if plain:
            msg = (
                f"{self.credentials_file}: a former release stored {plain} tokens unencrypted; "
                "saving a token encrypts them"
            )
            warnings.warn(msg, UserWarning, stacklevel=2)
        return entries

    def remove_credential(self, provider: ProviderType | str, token: str) -> bool:
        """Remove a token; return whether it was there.

        Example:
            >>> import tempfile
            >>> manager = CredentialManager(tempfile.mkdtemp() + "/c.json", bytes(32))
            >>> manager.save_credential("github", "a token", username="ann", host="github.com")
            >>> manager.remove_credential("github", "a token")
            True
        """

        def matches(stored: dict[str, Any], one: dict[str, Any]) -> bool:
            opened = self._decrypt_entry(stored, ProviderType(provider).value, one)
            return opened is not None and opened.token == token

        return self._remove(provider, matches)

    def remove_credential_by_username(self, provider: ProviderType | str, username: str) -> bool:
        """Remove the tokens of a user; return whether there were any.

        Example:
            >>> import tempfile
            >>> manager = CredentialManager(tempfile.mkdtemp() + "/c.json", bytes(32))
            >>> manager.save_credential("github", "a token", username="ann", host="github.com")
            >>> manager.remove_credential_by_username("github", "bob")
            False
        """
        return self._remove(provider, lambda _, one: one.get("username") == username)

    def clear_credentials(self, provider: ProviderType | str | None = None) -> None:
        """Remove all tokens, or those of one service.

        Example:
            >>> import tempfile
            >>> manager = CredentialManager(tempfile.mkdtemp() + "/c.json", bytes(32))
            >>> manager.save_credential("github", "a token", username="ann", host="github.com")
            >>> manager.clear_credentials()
            >>> manager.get_credentials("github")
            []
        """
        name = None if provider is None else ProviderType(provider).value
        with self._open_for_update() as stored:
            for one in list(stored):
                if one == name or (name is None and one != _DERIVATION_ENTRY):
                    del stored[one]

    def __repr__(self) -> str:
        return f"CredentialManager({str(self.credentials_file)!r})"

    def _remove(
        self,
        provider: ProviderType | str,
        matches: Callable[[dict[str, Any], dict[str, Any]], bool],
    ) -> bool:
        name = ProviderType(provider).value
        with self._open_for_update() as stored:
            before = stored.get(name, [])
            kept = [one for one in before if not matches(stored, one)]
            if len(kept) < len(before):
                stored[name] = kept
            return len(kept) < len(before)

    def _read_file(self) -> dict[str, Any]:
        try:
            content = read(self.credentials_file)
        except FileNotFoundError:
            return {}
        try:
            stored = json.loads(content)
        except ValueError:
            stored = None
        if not isinstance(stored, dict) or not all(map(_is_valid_item, stored.items())):
            msg = f"{self.credentials_file} is not a file of credentials; it was not changed"
            raise ValueError(msg)
        return stored

    @contextlib.contextmanager
    def _open_for_update(self) -> Iterator[dict[str, Any]]:
        """Read the file, and replace it if its data was changed."""
        with self._lock, locked(self.credentials_file):
            stored = self._read_file()
            before = json.dumps(stored)
            yield stored
            if json.dumps(stored) != before:
                replace(self.credentials_file, json.dumps(stored, indent=2).encode())

    def _check_key(self, stored: dict[str, Any]) -> None:
        """Refuse to write to a file if this key can decrypt none of its tokens."""
        opened = [
            self._decrypt_entry(stored, name, one)
            for name, kept in stored.items()
            if name != _DERIVATION_ENTRY
            for one in kept
        ]
        # Tokens that a former release stored without encryption can be read with any key, so they
        # do not show that the key is right.
        if None in opened and all(one is None or one.is_plain for one in opened):
            msg = (
                f"{self.credentials_file}: this key decrypts none of the tokens; give the right "
                "key, or remove the file"
            )
            raise ValueError(msg)

    def _encrypt_token(
        self, stored: dict[str, Any], service: str, one: dict[str, Any], token: str
    ) -> str:
        if self._encrypt is not None:
            return self._encrypt(token)
        key = self._get_key(stored, is_written=True)
        return base64.b64encode(
            _gitfleet.seal(key, token.encode(), _purpose(service, one))
        ).decode()

    def _decrypt_entry(
        self, stored: dict[str, Any], service: str, one: dict[str, Any]
    ) -> _Decrypted | None:
        kept = one.get("token")
        if not isinstance(kept, str):
            return None
        if self._decrypt is not None:
            try:
                return _Decrypted(self._decrypt(kept), is_plain=False)
            except Exception:  # noqa: BLE001 (whatever the user's function raises for a wrong key)
                return None
        sealed = _decode_base64(kept.encode())
        key = self._get_key(stored)
        plain = _gitfleet.unseal(key, sealed, _purpose(service, one))
        if plain is not None:
            return _Decrypted(plain.decode(), is_plain=False)
        # Former releases did not bind a token to its entry; saving a token binds it.
        plain = _gitfleet.unseal(key, sealed, b"")
        if plain is not None:
            return _Decrypted(plain.decode(), is_plain=False, is_bound=False)
        # Former releases stored tokens in plain base64 if they had no key.
        is_text = sealed.isascii() and sealed.decode().isprintable()
        return _Decrypted(sealed.decode(), is_plain=True) if sealed and is_text else None

    def _get_key(self, stored: dict[str, Any], *, is_written: bool = False) -> bytes:
        if self._password is not None:
            return self._password.key(stored, is_written=is_written)
        if self._key is not None:
            return self._key
        if _DERIVATION_ENTRY in stored:
            msg = f"{self.credentials_file} is encrypted with a password: use from_password"
            raise ValueError(msg)
        with self._lock:
            self._key = self._keyring_key() if self._keyring else self._file_key()
            return self._key

    def _file_key(self) -> bytes:
        """Return the key from the file beside the file of credentials, which is made if missing."""
        file = self.credentials_file.with_name(self.credentials_file.name + ".key")
        if not file.exists():
            with locked(file):
                if not file.exists():
                    replace(file, base64.b64encode(secrets.token_bytes(_KEY_BYTES)))
                    msg = (
                        f"the key of {self.credentials_file} is stored in {file}: anyone who can "
                        "read both files can read the tokens; for more protection, give a key, a "
                        "password or keyring=True"
                    )
                    warnings.warn(msg, UserWarning, stacklevel=6)
        key = _decode_base64(read(file))
        if len(key) != _KEY_BYTES:
            msg = f"{file} does not contain a valid key"
            raise ValueError(msg)
        return key

    def _keyring_key(self) -> bytes:
        with needs("keyring", "keyring"):
            import keyring  # pyright: ignore[reportMissingImports]
        name = str(self.credentials_file)
        with locked(self.credentials_file.with_name(self.credentials_file.name + ".key")):
            kept = keyring.get_password("gitfleet", name)
            if kept is None:
                kept = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
                keyring.set_password("gitfleet", name, kept)
        return _decode_base64(kept.encode())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())


@dataclass
class _Decrypted:
    token: str = field(repr=False)
    is_plain: bool
    is_bound: bool = True
    """True if it was encrypted for its entry, and not for any."""


@dataclass
class _Password:
    """A password, and the keys that belong to it."""

    password: str = field(repr=False)
    salt: bytes | None
    salt_file: Path | None
    file: Path
    keys: dict[str, bytes] = field(default_factory=dict, repr=False)

    def key(self, stored: dict[str, Any], *, is_written: bool = False) -> bytes:
        """Derive the key in the way that the file records.

        If a new file is about to be written, the record is added to it.
        """
        derivation = stored.get(_DERIVATION_ENTRY)
        salt = self.salt
        if salt is None and self.salt_file is not None and self.salt_file.exists():
            salt = read(self.salt_file)
        if derivation is None and any(stored.values()):
            if salt is None:
                msg = f"{self.file} was made with PBKDF2: give its salt or salt_file"
                raise ValueError(msg)
            return self._cached_key("", lambda: derive_key_from_password(self.password, salt)[0])
        if derivation is None:
            if not is_written:
                return bytes(_KEY_BYTES)  # there is nothing to decrypt
            salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
            derivation = {**_ARGON2ID, "salt": base64.b64encode(salt).decode()}
            if self.salt_file is not None and not self.salt_file.exists():
                replace(self.salt_file, salt)
            stored[_DERIVATION_ENTRY] = derivation
        known = json.dumps(derivation, sort_keys=True)
        return self._cached_key(known, lambda: _argon2id(self.password, derivation, self.file))

    def _cached_key(self, name: str, derive: Callable[[], bytes]) -> bytes:
        if name not in self.keys:
            self.keys[name] = derive()
        return self.keys[name]


def _is_valid_item(part: tuple[str, Any]) -> bool:
    name, value = part
    if name == _DERIVATION_ENTRY:
        return isinstance(value, dict)
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _purpose(service: str, one: dict[str, Any]) -> bytes:
    """Return what a token is for: it cannot be decrypted in the entry of another host."""
    return json.dumps([service, one.get("host"), one.get("username")]).encode()


def _decode_base64(key: bytes) -> bytes:
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
