"""Options of `commits` and `changes`."""

import shutil
import warnings

import pyarrow as pa
import pytest

import gitfleet
from gitfleet.exceptions import CorruptRepositoryError, InvalidInputError, RevisionNotFoundError


def ids(repo, **options):
    return [row["commit_id"] for row in repo.commits(**options).to_pylist()]


@pytest.mark.parametrize(
    ("options", "args"),
    [
        ({"rev": "v1..HEAD"}, ["v1..HEAD"]),
        ({"rev": ["HEAD", "^v1"]}, ["HEAD", "^v1"]),
        ({"all_refs": True, "order": "topo"}, ["--all", "--topo-order"]),
        ({"paths": "dir"}, ["--", "dir"]),
        ({"paths": ["*.txt", ":!dir"]}, ["--", "*.txt", ":!dir"]),
        ({"merge_commits": "only"}, ["--merges"]),
        (
            {"merge_commits": "exclude", "skip": 2, "max_count": 3},
            ["--no-merges", "--skip=2", "-3"],
        ),
        ({"grep": "RENAME", "ignore_case": True}, ["-i", "--grep=RENAME"]),
        ({"grep": ["rename", "root"]}, ["--grep=rename", "--grep=root"]),
        (
            {"grep": "^(a|the) (mode|root)", "pattern_syntax": "extended"},
            ["-E", "--grep=^(a|the) (mode|root)"],
        ),
        ({"authors": "nobody at all"}, ["--author=nobody at all"]),
    ],
)
def test_history_options_choose_the_commits_git_chooses(history, git, options, args):
    theirs = git(history, "log", "--format=%H", *args).split()
    assert ids(gitfleet.Repository(history), **options) == theirs


def test_copies_are_found_on_request(history, git):
    changes = gitfleet.Repository(history).changes(renames="copies").to_pylist()
    ours = sum(row["change_type"] == "copied" for row in changes)
    statuses = git(history, "log", "--name-status", "-C", "--format=").splitlines()
    assert ours == sum(line.startswith("C") for line in statuses)
    assert gitfleet.Repository(history).changes(renames=False).metadata["gitfleet.renames"] == "off"


def test_raw_names_are_beside_the_mailmap_names(history, git, tmp_path):
    path = shutil.copytree(history, tmp_path / "mapped", symlinks=True)
    name, email = git(path, "log", "-1", "--format=%an%n%ae").splitlines()
    (path / ".mailmap").write_text(f"Real Name <real@example.org> <{email}>\n")
    repo = gitfleet.Repository(path)
    (mapped,) = repo.commits(max_count=1).to_pylist()
    assert (mapped["author_name"], mapped["author_email"]) == ("Real Name", "real@example.org")
    assert (mapped["raw_author_name"], mapped["raw_author_email"]) == (name, email)
    (raw,) = repo.commits(max_count=1, mailmap=False).to_pylist()
    assert (raw["author_name"], raw["raw_author_name"]) == (name, name)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"rev": "v1..absent"}, "absent"),
        ({"grep": r"\(open"}, "open"),
        ({"paths": ""}, "empty"),
        ({"order": "random"}, "date, topo"),
        ({"pattern_syntax": "perl"}, "basic, extended, fixed"),
        ({"merge_commits": "some"}, "include, exclude, only"),
        ({"renames": "perhaps"}, "on, off, copies"),
        ({"missing": "perhaps"}, "allow-any, fetch, error"),
    ],
)
def test_invalid_options_are_named(history, options, named):
    with pytest.raises((InvalidInputError, RevisionNotFoundError), match=named):
        gitfleet.Repository(history).commits(**options)


def test_unknown_option_is_a_type_error(history):
    with pytest.raises(TypeError, match=r"'path'; valid are .*paths"):
        gitfleet.Repository(history).commits(path="dir")


def test_missing_content_is_counted_in_a_warning_or_raised(history, git, tmp_path):
    served = shutil.copytree(history, tmp_path / "served", symlinks=True)
    git(served, "config", "uploadpack.allowFilter", "true")
    path = tmp_path / "partial.git"
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", served.as_uri(), path)
    repo = gitfleet.Repository(path)
    with pytest.warns(RuntimeWarning, match=r"\d+ changes have no line counts"):
        rows = repo.commits().to_pylist()
    with pytest.warns(RuntimeWarning, match=r"\d+ changes have no line counts"):
        pa.table(repo.commits())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(pa.ArrowInvalid, match=r"\d+ changes have no line counts"):
            pa.table(repo.commits())
    assert any(row["additions"] is None for row in rows)
    assert [row["commit_id"] for row in rows] == ids(gitfleet.Repository(history))
    with pytest.raises(CorruptRepositoryError, match=r"blob .* is missing"):
        repo.commits(missing="error").to_pylist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gitfleet.Repository(history).commits().to_pylist()
