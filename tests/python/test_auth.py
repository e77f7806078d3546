"""Stored tokens: readable by their owner only, with a key, a password or neither."""

import base64
import json
import multiprocessing
import os
import stat
import subprocess
import sys
import types
import warnings

import pytest

from gitfleet import _gitfleet
from gitfleet.compat.utils import _files, auth
from gitfleet.compat.utils.auth import CredentialEntry, CredentialManager, derive_key_from_password
from gitfleet.models.common import ProviderType

KEY = bytes(range(32))
TOKEN = "ghp-canary-0b7d"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "credentials.json"


@pytest.fixture
def manager(file):
    return CredentialManager(file, KEY)


def test_tokens_are_stored_and_found_by_host(manager, file):
    manager.save_credential("github", TOKEN, username="ann", host="github.com")
    manager.save_credential(ProviderType.GITHUB, "second", username="ann", host="ghe.example.org")
    manager.save_credential("gitlab", "third")
    entries = CredentialManager(file, KEY).get_credentials("github")
    assert [entry.token for entry in entries] == [TOKEN, "second"]
    (entry,) = manager.get_credentials("github", host="github.com")
    assert entry == CredentialEntry("github", TOKEN, "ann", "github.com")
    assert entry.get_token() == entry.secret_token.get_secret_value() == TOKEN
    assert TOKEN not in repr(entry) + str(entry) + repr(manager) + repr(entry.secret_token)
    assert manager.get_credentials("github", host="absent") == []
    assert manager.get_credentials("bitbucket") == []


def test_token_replaces_one_of_the_same_user_and_host(manager):
    for token in ("old", "new"):
        manager.save_credential("github", token, username="ann", host="h")
    manager.save_credential("github", "other", username="bob", host="h")
    manager.save_credential("github", "nobody's")
    manager.save_credential("github", "nobody's")
    manager.save_credential("github", "nobody's too")
    found = [entry.token for entry in manager.get_credentials("github")]
    assert found == ["new", "other", "nobody's", "nobody's too"]


def test_tokens_are_removed(manager, file):
    for number in range(4):
        manager.save_credential("github", f"t{number}", username=f"u{number % 2}", host=str(number))
    manager.save_credential("gitlab", "kept")
    assert manager.remove_credential("github", "t0") is True
    assert manager.remove_credential("github", "t0") is False
    assert manager.remove_credential_by_username("github", "u1") is True
    assert manager.remove_credential_by_username("github", "u1") is False
    assert [entry.token for entry in manager.get_credentials("github")] == ["t2"]
    manager.clear_credentials("github")
    assert manager.get_credentials("github") == []
    assert [entry.token for entry in manager.get_credentials("gitlab")] == ["kept"]
    manager.clear_credentials()
    assert json.loads(file.read_text()) == {}


def test_file_is_private_and_shows_no_token(manager, file, tmp_path):
    manager.save_credential("github", TOKEN)
    for path in (file, file.with_name(file.name + ".lock")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    content = file.read_text()
    assert TOKEN not in content
    assert base64.b64encode(TOKEN.encode()).decode() not in content
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name, f"{file.name}.lock"]


@pytest.mark.parametrize("kind", ["link", "pipe", "huge"])
def test_file_that_a_stranger_prepared_is_refused(manager, file, tmp_path, kind):
    manager.save_credential("github", TOKEN)
    other = tmp_path / "other.json"
    if kind == "link":
        other.symlink_to(file)
    elif kind == "pipe":
        os.mkfifo(other)
    else:
        with other.open("wb") as made:
            made.truncate(1 << 40)
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"is a symbolic link|is not a regular file"):
        CredentialManager(other, KEY).get_credentials("github")
    with pytest.raises(ValueError, match=r"is a symbolic link|is not a regular file"):
        CredentialManager(other, KEY).save_credential("github", "another")
    assert file.read_bytes() == before


def test_token_is_not_decrypted_in_another_entry(manager, file):
    manager.save_credential("github", TOKEN, username="ann", host="git.example.org")
    stored = json.loads(file.read_text())
    (entry,) = stored["github"]
    for moved in (
        {"github": [entry | {"host": "evil.example.org"}]},
        {"github": [entry | {"username": "eve"}]},
        {"gitlab": [entry]},
    ):
        file.write_text(json.dumps(moved))
        with pytest.warns(UserWarning, match="cannot be decrypted"):
            assert manager.get_credentials(next(iter(moved))) == []
    file.write_text(json.dumps(stored))
    assert manager.get_credentials("github")[0].token == TOKEN


@pytest.mark.parametrize(("memory", "passes"), [(2**32 - 1, 1), (64, 2**32 - 1)])
def test_derivation_that_takes_too_much_is_refused(file, memory, passes):
    file.parent.mkdir()
    salt = base64.b64encode(b"x" * 16).decode()
    costs = {"memory_kib": memory, "passes": passes, "lanes": 1, "salt": salt}
    entry = {"token": "AAAA", "username": None, "host": None}
    file.write_text(
        json.dumps({"$derivation": {"algorithm": "argon2id"} | costs, "github": [entry]})
    )
    with pytest.raises(ValueError, match="too much work"):
        CredentialManager.from_password("x", credentials_file=file).get_credentials("github")


def test_entries_of_the_former_release_are_read(manager, file):
    """Nonce of 12 bytes, ciphertext and tag, as `cryptography`'s AESGCM joins them."""
    sealed = base64.b64decode("AAECAwQFBgcICQoLIW2kdqCX72/iKvLlxgmerdBSvHwaVf/kMy32EA==")
    assert _gitfleet.unseal(KEY, sealed, b"") == b"former-token"
    file.parent.mkdir()
    entry = {"token": base64.b64encode(sealed).decode(), "username": "ann", "host": None}
    file.write_text(json.dumps({"github": [entry]}))
    assert manager.get_credentials("github")[0].token == "former-token"
    manager.save_credential("github", "another")
    (kept, _) = json.loads(file.read_text())["github"]
    assert kept["token"] != entry["token"]  # bound to its entry now
    assert manager.get_credentials("github")[0].token == "former-token"


def test_plain_base64_is_read_and_never_written(manager, file):
    file.parent.mkdir()
    plain = base64.b64encode(TOKEN.encode()).decode()
    file.write_text(json.dumps({"github": [{"token": plain, "username": None, "host": None}]}))
    with pytest.warns(UserWarning, match="stored 1 tokens unencrypted"):
        assert manager.get_credentials("github")[0].token == TOKEN
    manager.save_credential("github", "another", username="ann")
    assert plain not in file.read_text()
    assert [entry.token for entry in manager.get_credentials("github")] == [TOKEN, "another"]


def test_wrong_key_yields_no_token_and_a_warning(manager, file):
    manager.save_credential("github", TOKEN)
    before = file.read_bytes()
    with pytest.warns(UserWarning, match="1 tokens cannot be decrypted with this key"):
        assert CredentialManager(file, bytes(32)).get_credentials("github") == []
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "kept", [3, None, "%%%", "", "gIGC", base64.b64encode(b"\n").decode(), "QQ=="[:-1]]
)
def test_invalid_entries_are_skipped(kept, manager, file):
    file.parent.mkdir()
    file.write_text(json.dumps({"github": [{"token": kept}]}))
    with pytest.warns(UserWarning, match="cannot be decrypted"):
        assert manager.get_credentials("github") == []


@pytest.mark.parametrize("content", ["{", "[]", '{"github": {}}', '{"github": [1]}', "\x00"])
def test_damaged_file_is_named_and_not_changed(content, manager, file):
    file.parent.mkdir()
    file.write_text(content)
    for call in (
        lambda: manager.get_credentials("github"),
        lambda: manager.save_credential("github", "t"),
        manager.clear_credentials,
    ):
        with pytest.raises(ValueError, match=r"credentials\.json is not a file of credentials"):
            call()
    assert file.read_text() == content


def test_key_is_made_beside_the_file(file):
    manager = CredentialManager(file)
    with pytest.warns(UserWarning, match="anyone who can read both files"):
        manager.save_credential("github", TOKEN)
    key = file.with_name("credentials.json.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert CredentialManager(file).get_credentials("github")[0].token == TOKEN
    key.write_bytes(b"short")
    with pytest.raises(ValueError, match="does not contain a valid key"):
        CredentialManager(file).get_credentials("github")
    key.unlink()
    with pytest.warns(UserWarning, match="is stored in"):
        assert CredentialManager(file).remove_credential("github", TOKEN) is False


def test_encrypt_functions_of_the_caller_are_used(file):
    manager = CredentialManager(
        file, encrypt_func=lambda text: text[::-1], decrypt_func=lambda text: text[::-1]
    )
    manager.save_credential("github", TOKEN)
    assert TOKEN[::-1] in file.read_text()
    assert manager.get_credentials("github")[0].token == TOKEN

    def fails(_):
        raise RuntimeError

    other = CredentialManager(file, encrypt_func=str, decrypt_func=fails)
    with pytest.warns(UserWarning, match="cannot be decrypted"):
        assert other.get_credentials("github") == []


@pytest.mark.parametrize(
    "given",
    [
        {"encrypt_func": str},
        {"decrypt_func": str},
        {"encryption_key": KEY, "encrypt_func": str, "decrypt_func": str},
        {"encryption_key": KEY, "keyring": True},
        {"encryption_key": b"short"},
        {"encryption_key": "k" * 32},
    ],
)
def test_conflicting_arguments_are_refused(given, file):
    with pytest.raises(ValueError, match="encrypt"):
        CredentialManager(file, **given)


def test_empty_token_is_refused(manager):
    with pytest.raises(ValueError, match="not empty"):
        manager.save_credential("github", "")
    with pytest.raises(ValueError, match="nonsense"):
        manager.save_credential("nonsense", "t")


def test_default_file_is_in_the_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert CredentialManager().credentials_file == tmp_path / ".gitfleet" / "credentials.json"


def test_password_of_a_new_file_uses_argon2id(file, tmp_path):
    salt_file = tmp_path / "salt"
    manager = CredentialManager.from_password("secret", None, salt_file, file)
    manager.save_credential("github", TOKEN)
    stored = json.loads(file.read_text())
    assert stored["$derivation"]["algorithm"] == "argon2id"
    assert base64.b64decode(stored["$derivation"]["salt"]) == salt_file.read_bytes()
    again = CredentialManager.from_password("secret", credentials_file=file)
    assert again.get_credentials("github")[0].token == TOKEN
    wrong = CredentialManager.from_password("wrong", credentials_file=file)
    with pytest.warns(UserWarning, match="cannot be decrypted"):
        assert wrong.get_credentials("github") == []
    again.clear_credentials()
    CredentialManager.from_password("secret", None, salt_file, file).save_credential("github", "b")
    assert manager.get_credentials("github")[0].token == "b"
    other = tmp_path / "other.json"
    given = CredentialManager.from_password("secret", b"s" * 16, None, other)
    given.save_credential("github", TOKEN)
    key = _gitfleet.key_of_password(b"secret", b"s" * 16, 65_536, 3, 4)
    assert CredentialManager(other, key).get_credentials("github")[0].token == TOKEN


def test_pbkdf2_file_still_opens(file, tmp_path):
    key, salt = derive_key_from_password("secret")
    assert derive_key_from_password("secret", salt) == (key, salt)
    CredentialManager(file, key).save_credential("github", TOKEN)
    salt_file = tmp_path / "salt"
    salt_file.write_bytes(salt)
    for given in ({"salt": salt}, {"salt_file": salt_file}):
        manager = CredentialManager.from_password("secret", credentials_file=file, **given)
        assert manager.get_credentials("github")[0].token == TOKEN
    manager.save_credential("github", "more")
    assert "$derivation" not in json.loads(file.read_text())
    with pytest.raises(ValueError, match="give its salt"):
        CredentialManager.from_password("secret", credentials_file=file)


@pytest.mark.parametrize(
    "derivation",
    [
        {"algorithm": "rot13"},
        {"algorithm": "argon2id"},
        {"algorithm": "argon2id", "memory_kib": 8, "passes": 0, "lanes": 1, "salt": "c2FsdHNhbHQ="},
        {
            "algorithm": "argon2id",
            "memory_kib": -1,
            "passes": 1,
            "lanes": 1,
            "salt": "c2FsdHNhbHQ=",
        },
        {"algorithm": "argon2id", "memory_kib": 64, "passes": 1, "lanes": 1, "salt": "c2E="},
    ],
)
def test_invalid_derivation_is_refused(derivation, file):
    file.parent.mkdir()
    file.write_text(json.dumps({"$derivation": derivation}))
    with pytest.raises(ValueError, match="deriv"):
        CredentialManager.from_password("secret", credentials_file=file)


def test_keyring_stores_the_key(file, monkeypatch):
    kept = {}
    module = types.ModuleType("keyring")
    module.get_password = lambda service, name: kept.get((service, name))
    module.set_password = lambda service, name, value: kept.update({(service, name): value})
    monkeypatch.setitem(sys.modules, "keyring", module)
    CredentialManager(file, keyring=True).save_credential("github", TOKEN)
    assert CredentialManager(file, keyring=True).get_credentials("github")[0].token == TOKEN
    assert list(kept) == [("gitfleet", str(file))]
    assert TOKEN not in file.read_text()
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ImportError, match=r"gitfleet\[keyring\]"):
        CredentialManager(file, keyring=True).get_credentials("github")


def save(file, number):
    for turn in range(10):
        CredentialManager(file, KEY).save_credential(
            "github", f"{number}-{turn}", str(number), str(turn)
        )


def test_file_shared_by_processes_loses_nothing(file):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=save, args=(file, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert len(CredentialManager(file, KEY).get_credentials("github")) == 40


def test_lock_that_is_never_released_is_an_error(file, manager, monkeypatch):
    monkeypatch.setattr(_files, "_LOCK_TIMEOUT", 0.05)
    manager.save_credential("github", TOKEN)
    before = file.read_bytes()
    with _files.locked(file), pytest.raises(TimeoutError, match="another process"):
        manager.save_credential("github", "second")
    assert file.read_bytes() == before


def test_failed_write_leaves_the_old_file(file, manager, monkeypatch):
    manager.save_credential("github", TOKEN)
    before = sorted(file.parent.iterdir())

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        manager.save_credential("github", "second")
    assert sorted(file.parent.iterdir()) == before
    assert [entry.token for entry in manager.get_credentials("github")] == [TOKEN]


def test_lock_of_a_killed_process_is_released(file, manager):
    script = f"""
import pathlib, os
from gitfleet.compat.utils._files import locked
with locked(pathlib.Path({str(file)!r})):
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    manager.save_credential("github", TOKEN)
    assert auth.CredentialManager(file, KEY).get_credentials("github")


def test_wrong_password_destroys_nothing(file):
    right = CredentialManager.from_password("right", credentials_file=file)
    right.save_credential("github", TOKEN, username="ann")
    before = file.read_bytes()
    for wrong in (
        CredentialManager.from_password("wrong", credentials_file=file),
        CredentialManager(file, KEY),
        CredentialManager(file, encrypt_func=str, decrypt_func=json.loads),
        CredentialManager(file),
    ):
        with pytest.raises(ValueError, match=r"this key decrypts none|use from_password"):
            wrong.save_credential("github", "second", username="ann")
    assert file.read_bytes() == before
    assert not file.with_name(file.name + ".key").exists()


def save_under_password(file, salt_file, number):
    manager = CredentialManager.from_password("p", None, salt_file, file)
    for turn in range(3):
        manager.save_credential("github", f"{number}-{turn}", str(number), str(turn))


def test_file_started_by_several_processes_has_one_key(file, tmp_path):
    spawn = multiprocessing.get_context("spawn")
    given = [(file, tmp_path / "salt", number) for number in range(3)]
    workers = [spawn.Process(target=save_under_password, args=args) for args in given]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 3
    manager = CredentialManager.from_password("p", credentials_file=file)
    assert len(manager.get_credentials("github")) == 9


def test_key_and_file_stay_together(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    manager = CredentialManager("c.json")
    with pytest.warns(UserWarning, match="is stored in"):
        manager.save_credential("github", "1", username="1")
    monkeypatch.chdir(tmp_path / "b")
    manager.save_credential("github", "2", username="2")
    assert list((tmp_path / "b").iterdir()) == []
    (tmp_path / "b" / "link.json").symlink_to(tmp_path / "a" / "c.json")
    with pytest.raises(ValueError, match="is a symbolic link"):
        CredentialManager("link.json").get_credentials("github")
    monkeypatch.setenv("HOME", str(tmp_path / "a"))
    assert len(CredentialManager("~/c.json").get_credentials("github")) == 2
    with pytest.raises(ValueError, match="is empty"):
        CredentialManager("")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="becomes another user")
def test_read_only_file_is_read(tmp_path):
    file = tmp_path / "c.json"
    with pytest.warns(UserWarning, match="is stored in"):
        CredentialManager(file).save_credential("github", TOKEN)
    for path in (tmp_path, *tmp_path.iterdir()):
        path.chmod(0o755)
    script = f"""
import os, sys
from gitfleet.compat import CredentialManager
os.setuid(65534)
print(CredentialManager({str(file)!r}).get_credentials("github")[0].token)
"""
    for above in tmp_path.parents:
        if above.stat().st_uid == 0 and str(above).startswith("/tmp/"):
            above.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{TOKEN}\n", done.stderr


def test_directories_are_private_with_any_umask(tmp_path):
    old = os.umask(0)
    try:
        CredentialManager(tmp_path / "a" / "b" / "c.json", KEY).save_credential("github", TOKEN)
    finally:
        os.umask(old)
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_wrong_key_removes_nothing(file):
    file.parent.mkdir()
    mine = base64.b64encode(_gitfleet.seal(KEY, TOKEN.encode(), b"")).decode()
    plain = base64.b64encode(b"as a former release left it").decode()
    for kept in ([mine], [plain, mine]):
        entries = [{"token": token, "username": None, "host": None} for token in kept]
        file.write_text(json.dumps({"github": entries}))
        before = file.read_bytes()
        with pytest.raises(ValueError, match="this key decrypts none of the tokens"):
            CredentialManager(file, bytes(32)).save_credential("github", "new")
        assert file.read_bytes() == before


def test_tokens_of_another_key_are_kept(manager, file):
    manager.save_credential("github", TOKEN, username="ann")
    theirs = base64.b64encode(_gitfleet.seal(bytes(32), b"theirs", b"")).decode()
    stored = json.loads(file.read_bytes())
    stored["github"].append({"token": theirs, "username": "ann", "host": None})
    file.write_text(json.dumps(stored))
    manager.save_credential("github", "new", username="ann")
    with pytest.warns(UserWarning, match="1 tokens cannot be decrypted"):
        (entry,) = manager.get_credentials("github")
    assert entry.token == "new"
    with pytest.warns(UserWarning, match="1 tokens cannot be decrypted"):
        (entry,) = CredentialManager(file, bytes(32)).get_credentials("github")
    assert entry.token == "theirs"
