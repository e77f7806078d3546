"""The command as a user runs it."""

import json
import os
import subprocess
import sys

from conftest import run_git

COMMAND = [sys.executable, "-m", "gitfleet"]


def gitfleet(*args, check=True, **environment):
    done = subprocess.run(
        [*COMMAND, *map(os.fspath, args)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        timeout=600,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def outcomes(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def refs(path, *patterns):
    return run_git(path, "for-each-ref", *patterns)
