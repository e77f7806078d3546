"""Repositories whose paths are not UTF-8."""

import os
import shutil
import subprocess
import sys

import pytest

import gitfleet
from run_command import COMMAND, outcomes

NAME = os.fsdecode(b"n\xe9m")


@pytest.fixture
def odd(fixtures, tmp_path):
    if sys.platform == "darwin":
        pytest.skip("the file system refuses such names")
    return shutil.copytree(fixtures["history"], tmp_path / NAME)


def run(*args, **options):
    done = subprocess.run([*COMMAND, *args], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    return outcomes(done)


def test_command_takes_paths_that_are_not_utf8(odd, tmp_path, git):
    count = int(git(odd, "rev-list", "--count", "HEAD"))
    (mined,) = run("mine", os.fsencode(odd), "-o", tmp_path / "dataset", "--json")
    assert mined["rows"]["commits"] == count
    assert mined["path"].endswith("/n%E9m")
    (again,) = run("mine", os.fsencode(odd), "-o", tmp_path / "dataset", "--json")
    assert again["status"] == "unchanged"
    (cloned,) = run("clone", "--bare", os.fsencode(odd), "-o", tmp_path / "clones", "--json")
    assert int(git(cloned["path"], "rev-list", "--count", "HEAD")) == count
    run("update", cloned["path"], "--json")
    names = tmp_path / "list"
    names.write_bytes(b"# a list\n" + os.fsencode(odd) + b"\n")
    (listed,) = run("mine", "--from", names, "-o", tmp_path / "listed", "--json")
    assert listed["rows"]["commits"] == count


def test_package_takes_paths_that_are_not_utf8(odd, tmp_path):
    (mined,) = gitfleet.mine([odd], tmp_path / "dataset", tables=["commits"])
    assert mined.error is None
    assert gitfleet.Repository(odd).commits().to_pylist()
