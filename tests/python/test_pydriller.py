"""docs/pydriller.md beside PyDriller itself."""

import datetime
import os
import pathlib
import re

import pytest

import gitfleet

pydriller = pytest.importorskip("pydriller")
GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "pydriller.md"
TIME = 1_700_000_000


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A history with a merge, two tags, a rename, a deletion and a binary file."""
    # The fixture of the other tests has the scope of a function.
    from conftest import run_git

    path = tmp_path_factory.mktemp("pydriller") / "repo"
    path.mkdir()
    run_git(path, "init", "-q", "-b", "main")
    step = 0

    def commit(message, author="Ann", **files):
        nonlocal step
        step += 1
        for name, text in files.items():
            file = path / name.replace("__", ".")
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        run_git(path, "add", "-A")
        date = f"{TIME + 3600 * step} +0200"
        os.environ["GIT_AUTHOR_DATE"] = os.environ["GIT_COMMITTER_DATE"] = date
        run_git(path, "-c", f"user.name={author}", "commit", "-q", "--allow-empty", "-m", message)

    lines = "".join(f"line {number}\n" for number in range(20))
    try:
        commit("one", a__py=lines, b__txt="b\n")
        commit("two", author="Bob", a__py=lines + "more\n")
        run_git(path, "tag", "v1")
        commit("three", image__bin="a\0b\n")
        run_git(path, "mv", "a.py", "new.py")
        commit("four: a rename")
        run_git(path, "checkout", "-q", "-b", "side", "HEAD~1")
        commit("on the side", author="Bob", c__py="c\n")
        run_git(path, "checkout", "-q", "main")
        commit("five", new__py=lines.replace("line 3\n", "changed\n") + "more\n")
        run_git(path, "merge", "-q", "--no-ff", "-m", "merge", "side")
        run_git(path, "tag", "-a", "-m", "two", "v2")
        commit("six", b__txt=None)
    finally:
        del os.environ["GIT_AUTHOR_DATE"], os.environ["GIT_COMMITTER_DATE"]
    return path


@pytest.fixture
def repo(path):
    return gitfleet.Repository(path)


def theirs(path, **options):
    return sorted(
        commit.hash for commit in pydriller.Repository(str(path), **options).traverse_commits()
    )


def ours(repo, **options):
    return sorted(row["commit_id"] for row in repo.commits(**options).to_pylist())


SINCE = datetime.datetime.fromtimestamp(TIME + 3600 * 3, datetime.timezone.utc)
UNTIL = datetime.datetime.fromtimestamp(TIME + 3600 * 5, datetime.timezone.utc)


@pytest.mark.parametrize(
    ("row", "their_options", "our_options"),
    [
        ("since=", {"since": SINCE, "to": UNTIL}, {"since": SINCE, "until": UNTIL}),
        ("from_commit=", {"from_tag": "v1", "to_tag": "v2"}, {"rev": ["v2", "^v1^@"]}),
        (
            "from_commit=",
            {"from_commit": "v1", "to_commit": "HEAD~1"},
            {"rev": ["HEAD~1", "^v1^@"]},
        ),
        ("from_commit=", {"to_tag": "v1"}, {"rev": "v1"}),
        ("from_commit=", {"from_commit": "v1~1", "to_commit": "v2"}, {"rev": ["v2", "^v1~1^@"]}),
        ("single=", {"single": "HEAD~2"}, {"rev": "HEAD~2", "max_count": 1}),
        ("only_in_branch=", {"only_in_branch": "side"}, {"rev": "side"}),
        ("only_no_merge=", {"only_no_merge": True}, {"merge_commits": "exclude"}),
        ("only_authors=", {"only_authors": ["Bob"]}, {"authors": ["^Bob <"]}),
        (
            "only_modifications_with_file_types=",
            {"only_modifications_with_file_types": [".txt"], "only_no_merge": True},
            {"paths": ["*.txt"], "merge_commits": "exclude"},
        ),
        ("order=", {}, {}),
    ],
)
def test_row_selects_the_same_commits(path, repo, row, their_options, our_options):
    guide = GUIDE.read_text()
    assert row in guide
    assert row != "from_commit=" or '`rev=["TO", "^FROM^@"]`' in guide
    if "from_commit" in their_options:
        resolve = {name: repo.rev_parse(rev) for name, rev in their_options.items()}
        their_options = resolve
    assert theirs(path, **their_options) == ours(repo, **our_options)


def test_filepath_follows_renames_and_paths_do_not(path, repo):
    assert '`filepath="new.py"` follows renames' in GUIDE.read_text()
    followed = theirs(path, filepath="new.py")
    names = ours(repo, paths=["new.py"])
    assert set(names) < set(followed)
    both = ours(repo, paths=["new.py", "a.py"])
    assert both == followed


def test_columns_have_the_same_values(path, repo):
    rows = {row["commit_id"]: row for row in repo.commits().to_pylist()}
    changes = {}
    for row in repo.changes().to_pylist():
        changes.setdefault(row["commit_id"], []).append(row)
    for commit in pydriller.Repository(str(path)).traverse_commits():
        row = rows.pop(commit.hash)
        assert row["message"].strip() == commit.msg
        assert row["author_name"] == commit.author.name
        assert row["author_time"] == commit.author_date
        assert row["parent_ids"] == commit.parents
        assert row["is_merge"] == commit.merge
        if commit.merge:
            continue  # counted against the first parent there
        counts = commit.insertions, commit.deletions, commit.files
        assert (row["additions"], row["deletions"], row["files_changed"]) == counts
        files = {change["path"]: change for change in changes.get(commit.hash, [])}
        assert len(files) == len(commit.modified_files)
        for file in commit.modified_files:
            change = files[file.new_path or file.old_path]
            is_binary = change["additions"] is None
            assert is_binary or change["additions"] == file.added_lines
            assert is_binary or change["deletions"] == file.deleted_lines
            if file.change_type.name == "RENAME":
                assert (change["old_path"], change["path"]) == (file.old_path, file.new_path)
                assert change["change_type"] == "renamed"
    assert rows == {}


def test_files_are_the_same(path, repo):
    there = pydriller.Git(str(path)).files()
    assert sorted(os.path.relpath(file, path) for file in there) == sorted(repo.files())


def test_every_row_of_the_guide_is_known():
    """Each row stands for something above, so that a new one is not forgotten."""
    rows = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(), re.MULTILINE)
    assert len(rows) == 22, rows
