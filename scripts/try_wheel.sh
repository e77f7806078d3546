#!/bin/sh
# Installs the wheel named by $1 into a fresh environment, without any other package, and checks
# that it works.
set -eu
wheel=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $wheel in
*-abi3-*) ;;
*) echo "$wheel is not an abi3 wheel" >&2; exit 1 ;;
esac
bytes=$(wc -c <"$wheel")
[ "$bytes" -le $((12 * 1024 * 1024)) ] || { echo "$wheel has $bytes bytes, more than 12 MiB" >&2; exit 1; }
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$wheel"
extension=$("$work/venv/bin/python" -c 'import gitfleet._gitfleet as module; print(module.__file__)')
if command -v readelf >/dev/null 2>&1 && [ "$(uname)" = Linux ]; then
    needs=$(readelf -d "$extension" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
    for library in $needs; do
        case $library in
        libc.so.* | libm.so.* | libgcc_s.so.* | ld-linux*) ;;
        *) echo "the extension needs $library" >&2; exit 1 ;;
        esac
    done
fi
"$work/venv/bin/python" - <<'PYTHON'
import asyncio
import importlib.metadata

import gitfleet
import gitfleet.compat
import GitFleet

assert gitfleet.__version__
assert GitFleet is gitfleet.compat
assert GitFleet.RepoManager is gitfleet.compat.RepoManager
for requirement in importlib.metadata.requires("gitfleet"):
    assert "extra ==" in requirement, requirement
asyncio.run(gitfleet.compat.RepoManager([]).fetch_clone_tasks())
for name, extra in (("GitHubClient", "models"), ("PydanticCloneTask", "models")):
    try:
        getattr(gitfleet.compat, name)
    except ImportError as error:
        assert f"gitfleet[{extra}]" in str(error), error
    else:
        raise AssertionError(f"{name} was imported without its extra")
try:
    gitfleet.Repository("/nowhere/at/all")
except FileNotFoundError as error:
    assert "/nowhere/at/all" in str(error), error
else:
    raise AssertionError("a repository that does not exist was opened")
PYTHON
"$work/venv/bin/gitfleet" --version
echo "$(basename "$wheel") on $("${PYTHON:-python3}" --version): $bytes bytes, needs ${needs:-libraries that were not checked}"
