#!/bin/sh
# Prints the Python interpreters on this machine that the package supports, one of each version.
# Looks at $1, the PATH and pyenv's versions.
set -eu
seen=
for python in "${1:-python3}" python3.10 python3.11 python3.12 python3.13 python3.14 python3.15 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[0-9]*/bin/python; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case $version in 3.[0-9]) continue ;; esac
    case " $seen " in *" $version "*) continue ;; esac
    seen="$seen $version"
    echo "$python"
done
