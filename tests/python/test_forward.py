"""Files in an update: they follow the origin, and no local change is lost."""

import os
import subprocess
from pathlib import Path

import pytest

from command import gitfleet, outcomes
from servers import git_daemon

SCRIPT = """
    git rm -q gone deep/only/file
    echo more >> changed
    chmod +x runs
    git rm -q becomes-directory && mkdir becomes-directory && echo in > becomes-directory/file
    git rm -rq becomes-file && echo now > becomes-file
    ln -sf changed link
    mkdir -p new/deep && echo new > new/deep/file
    git add -A
    git commit -qm second
"""


@pytest.fixture
def work(tmp_path, git):
    """The working tree that pushes to the origin."""
    path = tmp_path / "served" / "o" / "r"
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    for name in ("gone", "changed", "stays", "runs", "becomes-directory", "deep/only/file"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(f"{name}\n")
    (path / "becomes-file").mkdir()
    (path / "becomes-file" / "inside").write_text("inside\n")
    (path / "link").symlink_to("stays")
    git(path, "add", ".")
    git(path, "commit", "-qm", "first")
    return path


@pytest.fixture
def clone(work, tmp_path):
    with git_daemon(work.parent.parent) as start:
        (made,) = outcomes(gitfleet("clone", f"{start}/o/r", "-o", tmp_path / "out", "--json"))
        subprocess.run(["sh", "-ec", SCRIPT], cwd=work, check=True)
        yield Path(made["path"])


def update(path, *args):
    (updated,) = outcomes(gitfleet("update", path, "--json", *args))
    return updated


def test_update_brings_files_to_their_origin(clone, work, git):
    (clone / "stays").write_text("mine\n")
    (clone / "untracked").write_text("mine\n")
    (clone / "staged").write_text("mine\n")
    git(clone, "add", "staged")
    updated = update(clone)
    assert (updated["forwarded_branch"], updated["warnings"]) == ("refs/heads/main", [])
    assert updated["head"] == git(work, "rev-parse", "main") == git(clone, "rev-parse", "HEAD")
    mine = ["A  staged", " M stays", "?? untracked"]
    assert sorted(git(clone, "status", "--porcelain").split("\n")) == sorted(mine)
    assert not (clone / "deep").exists()
    assert os.access(clone / "runs", os.X_OK)
    assert (clone / "link").readlink() == Path("changed")
    assert git(clone, "reflog", "-1", "--format=%gs") == "update: fast-forward"
    git(clone, "fsck", "--full", "--strict")
    # git itself writes the tree of this index, so the index has no stale entry.
    git(clone, "commit", "-qm", "mine")
    assert git(clone, "diff", "--name-only", "HEAD~1", "HEAD") == "staged"
    assert update(clone)["status"] == "unchanged"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("echo mine >> changed", "changed has changes"),
        ("echo mine >> changed; git add changed", "changed has staged changes"),
        ("mkdir new; echo mine > new/deep", "new/deep/file is in the way"),
        ("mkdir -p new/deep; echo mine > new/deep/file", "new/deep/file is in the way"),
        ("echo mine > becomes-file/more", "becomes-file is in the way"),
        ("echo mine > stays; git commit -qam mine", "commits that its origin does not have"),
        ("chmod -x runs; echo mine > runs", "runs has changes"),
    ],
)
def test_update_keeps_local_changes_unless_told_otherwise(change, says, clone, work, git):
    subprocess.run(["sh", "-ec", change], cwd=clone, check=True)
    before = git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")
    updated = update(clone)
    assert says in " ".join(updated["warnings"])
    assert updated["forwarded_branch"] is None
    assert (git(clone, "status", "--porcelain"), git(clone, "rev-parse", "HEAD")) == before
    assert git(clone, "rev-parse", "origin/main") == git(work, "rev-parse", "main")
    assert says not in " ".join(update(clone, "--files", "keep")["warnings"])
    overwritten = update(clone, "--files", "overwrite")
    if "becomes-file/more" in change:  # an update never overwrites a directory
        assert says in " ".join(overwritten["warnings"])
        return
    assert overwritten["forwarded_branch"] == "refs/heads/main"
    assert git(clone, "rev-parse", "HEAD") == git(work, "rev-parse", "main")
    assert git(clone, "diff", "HEAD") == ""
    assert git(clone, "status", "--porcelain", "-uno") == ""


def test_missing_files_are_not_local_changes(clone, git):
    (clone / "gone").unlink()
    (clone / "changed").unlink()
    assert update(clone)["forwarded_branch"] == "refs/heads/main"
    assert git(clone, "status", "--porcelain") == ""


def test_files_removed_from_the_index_are_kept(clone, git):
    git(clone, "rm", "-q", "--cached", "gone")
    assert update(clone)["forwarded_branch"] == "refs/heads/main"
    assert git(clone, "status", "--porcelain") == "?? gone"


def test_update_continues_after_a_kill(clone, work, git):
    """Some files are new, the index and the branch are old."""
    git(clone, "fetch", "-q")
    git(clone, "checkout", "-q", "origin/main", "--", "changed", "new/deep/file")
    git(clone, "reset", "-q")
    (clone / "gone").unlink()
    assert update(clone)["forwarded_branch"] == "refs/heads/main"
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "rev-parse", "HEAD") == git(work, "rev-parse", "main")


def test_update_changes_nothing_through_a_link(clone, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (clone / "deep" / "only" / "file").rename(outside / "file")
    (clone / "deep" / "only").rmdir()
    (clone / "deep" / "only").symlink_to(outside)
    update(clone, "--files", "overwrite")
    assert (outside / "file").read_text() == "deep/only/file\n"


def test_update_checks_out_first_commits_of_an_empty_origin(tmp_path, git):
    path = tmp_path / "served" / "o" / "r"
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    with git_daemon(tmp_path / "served") as start:
        (made,) = outcomes(gitfleet("clone", f"{start}/o/r", "-o", tmp_path / "out", "--json"))
        (path / "file").write_text("first\n")
        git(path, "add", ".")
        git(path, "commit", "-qm", "first")
        updated = update(made["path"])
    assert updated["head"] == git(path, "rev-parse", "main")
    assert git(made["path"], "status", "--porcelain") == ""
    assert (Path(made["path"]) / "file").read_text() == "first\n"


@pytest.mark.parametrize("shape", [["--bare"], ["--mirror"], []])
def test_clone_of_a_path_is_updated(shape, work, tmp_path, git):
    git(work, "branch", "side")
    git(work, "tag", "-a", "-m", "annotated", "v1")
    args = ["clone", *shape, work, "-o", tmp_path / "out"]
    (made,) = outcomes(gitfleet(*args, "--json"))
    assert update(made["path"])["status"] == "unchanged"
    git(work, "branch", "-D", "side")
    git(work, "repack", "-adq")
    subprocess.run(["sh", "-ec", SCRIPT], cwd=work, check=True)
    git(work, "tag", "v2")
    (updated,) = outcomes(gitfleet(*args, "--existing", "update", "--json"))
    assert updated["head"] == git(work, "rev-parse", "main")
    fresh = tmp_path / "fresh"
    subprocess.run(["git", "clone", "-q", *shape, work, fresh], check=True)
    listed = ("for-each-ref", "--format=%(refname) %(objectname)")
    assert git(made["path"], *listed) == git(fresh, *listed)
    git(made["path"], "fsck", "--full", "--strict")
    if not shape:
        assert git(made["path"], "status", "--porcelain") == ""


@pytest.mark.parametrize("spec", [[], ["--filter", "blob:none"]])
def test_packs_stay_few_after_many_updates(spec, work, tmp_path, git):
    git(work, "config", "uploadpack.allowFilter", "true")
    with git_daemon(work.parent.parent) as start:
        args = ["clone", "--bare", *spec, f"{start}/o/r", "-o", tmp_path / "out", "--json"]
        (made,) = outcomes(gitfleet(*args))
        packs = Path(made["path"]) / "objects" / "pack"
        most = 0
        for number in range(30):
            (work / "changed").write_text("line\n" * 300 + f"{number}\n")
            git(work, "commit", "-qam", str(number))
            assert update(made["path"])["warnings"] == []
            most = max(most, len(list(packs.glob("*.pack"))))
    assert 2 < most <= 11
    assert not list(packs.glob(".tmp*"))
    assert bool(spec) == bool(list(packs.glob("*.promisor")))
    git(made["path"], "fsck", "--full", "--strict")
    assert git(made["path"], "rev-list", "--all") == git(work, "rev-list", "main")
    for pack in packs.glob("*.idx"):
        git(made["path"], "verify-pack", pack)


def sh(script, cwd):
    subprocess.run(["sh", "-ec", script], cwd=cwd, check=True, capture_output=True)


def test_update_brings_files_of_a_partial_clone(work, tmp_path, git):
    git(work, "config", "uploadpack.allowFilter", "true")
    with git_daemon(work.parent.parent) as start:
        args = ["clone", "--filter", "blob:none", f"{start}/o/r", "-o", tmp_path / "out"]
        (made,) = outcomes(gitfleet(*args, "--json"))
        sh(SCRIPT, work)
        assert update(made["path"])["forwarded_branch"] == "refs/heads/main"
    assert git(made["path"], "status", "--porcelain") == ""


@pytest.mark.parametrize("where", [".", "deep"])
def test_update_applies_attributes(where, clone, work, git):
    """Attributes in .gitattributes files that did not change apply too."""
    lines = "*.crlf text eol=crlf\n*.wide working-tree-encoding=ISO-8859-1\n*.id ident\n"
    (work / where).mkdir(exist_ok=True)
    (work / where / ".gitattributes").write_text(lines)
    git(work, "add", ".")
    git(work, "commit", "-qm", "attributes")
    with git_daemon(work.parent.parent) as start:
        git(clone, "config", "remote.origin.url", f"{start}/o/r")
        update(clone)
        (work / where / "a.crlf").write_text("one\ntwo\n")
        (work / where / "b.wide").write_bytes("ä\n".encode("latin-1"))
        (work / where / "c.id").write_text("$Id$\n")
        git(work, "add", ".")
        git(work, "commit", "-qm", "files")
        assert update(clone)["warnings"] == []
    assert (clone / where / "a.crlf").read_bytes() == b"one\r\ntwo\r\n"
    assert (clone / where / "b.wide").read_bytes() == "ä\n".encode("latin-1")
    assert git(clone, "status", "--porcelain") == ""


def test_executable_bit_is_a_local_change(clone, git):
    (clone / "changed").chmod(0o755)
    assert "changed has changes" in " ".join(update(clone)["warnings"])
    assert os.access(clone / "changed", os.X_OK)


def test_locked_index_is_not_changed(clone, work, git):
    before = git(clone, "rev-parse", "HEAD")
    (clone / ".git" / "index.lock").touch()
    assert "another process is using its index" in " ".join(update(clone)["warnings"])
    (clone / ".git" / "index.lock").unlink()
    assert git(clone, "rev-parse", "HEAD") == before
    assert git(clone, "status", "--porcelain") == ""
    assert update(clone)["head"] == git(work, "rev-parse", "main")


def test_untracked_directories_are_never_overwritten(clone, work, git):
    (work / "later").write_text("a file\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "later")
    sh("mkdir later && cd later && git init -q && git commit -q --allow-empty -m mine", clone)
    for how in ("forward", "overwrite"):
        assert "later is in the way" in " ".join(update(clone, "--files", how)["warnings"])
    assert git(clone / "later", "log", "--format=%s") == "mine"


def test_worktree_of_a_separate_git_directory_is_updated(work, tmp_path, git):
    with git_daemon(work.parent.parent) as start:
        sh(f"git clone -q --separate-git-dir=git {start}/o/r files", tmp_path)
        git(tmp_path / "files", "checkout", "-qb", "feature")
        sh(SCRIPT, work)
        updated = update(tmp_path / "files")
        assert (updated["new_default_branch"], updated["forwarded_branch"]) == (None, None)
        assert git(tmp_path / "files", "symbolic-ref", "HEAD") == "refs/heads/feature"
        git(tmp_path / "files", "checkout", "-q", "main")
        assert update(tmp_path / "files")["forwarded_branch"] == "refs/heads/main"
    assert git(tmp_path / "files", "status", "--porcelain") == ""


def test_refs_outside_the_refspecs_are_unchanged(work, tmp_path, git):
    with git_daemon(work.parent.parent) as start:
        sh(f"git clone -q --bare {start}/o/r bare; git clone -q {start}/o/r files", tmp_path)
        for name in ("bare", "files"):
            git(tmp_path / name, "branch", "mine")
            git(tmp_path / name, "tag", "mine")
        git(tmp_path / "files", "config", "--unset-all", "remote.origin.fetch")
        (refused,) = outcomes(gitfleet("update", tmp_path / "files", "--json", check=False))
        assert "remote.origin.fetch" in refused["error"]["message"]
        sh("git commit -q --amend -m rewritten", work)
        updated = update(tmp_path / "bare")
    assert "refs/heads/main stays" in " ".join(updated["warnings"])
    assert git(tmp_path / "bare", "branch", "--list", "mine") == "  mine"
    assert git(tmp_path / "bare", "tag") == "mine"


def test_branch_of_a_linked_worktree_is_unchanged(work, tmp_path, git):
    with git_daemon(work.parent.parent) as start:
        (made,) = outcomes(gitfleet("clone", "--bare", f"{start}/o/r", "-o", tmp_path, "--json"))
        git(made["path"], "worktree", "add", "-q", tmp_path / "linked", "main")
        sh(SCRIPT, work)
        assert "refs/heads/main stays" in " ".join(update(made["path"])["warnings"])
    assert git(tmp_path / "linked", "status", "--porcelain") == ""


def test_origin_with_another_hash_changes_nothing(work, tmp_path, git):
    (made,) = outcomes(gitfleet("clone", "--bare", work, "-o", tmp_path / "out", "--json"))
    before = git(made["path"], "for-each-ref")
    sh(
        "rm -rf r; git init -q --object-format=sha256 r; git -C r commit -q --allow-empty -m x",
        work.parent,
    )
    (refused,) = outcomes(gitfleet("update", made["path"], "--json", check=False))
    assert "sha256" in refused["error"]["message"]
    assert git(made["path"], "for-each-ref") == before
    git(made["path"], "fsck", "--full")


def test_joined_packs_have_each_object_once(work, tmp_path, git):
    """Thin packs, which git completes with copies of their bases."""
    with git_daemon(work.parent.parent) as start:
        sh(f"git clone -q --bare {start}/o/r bare", tmp_path)
        bare = tmp_path / "bare"
        git(bare, "config", "fetch.unpackLimit", "1")
        git(bare, "config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*")
        for number in range(14):
            (work / "changed").write_text("line\n" * 500 + f"{number}\n")
            git(work, "commit", "-qam", str(number))
            git(bare, "fetch", "-q", "--no-auto-maintenance")
        git(work, "commit", "-q", "--allow-empty", "-m", "last")
        assert len(list(bare.glob("objects/pack/*.pack"))) > 10
        assert update(bare)["warnings"] == []
    (pack,) = bare.glob("objects/pack/*.pack")
    with pack.with_suffix(".idx").open("rb") as index:
        done = subprocess.run(["git", "show-index"], stdin=index, capture_output=True, check=True)
    ids = [line.split()[1] for line in done.stdout.splitlines()]
    assert len(ids) == len(set(ids))
    sh(f"git index-pack --strict --stdin < {pack}", bare)
    git(bare, "fsck", "--full", "--strict")


def test_submodules_get_their_directory(clone, work, git):
    kept = git(work, "rev-parse", "HEAD")
    for path in ("below/sub", "changed"):
        git(work, "rm", "-q", "--cached", "--ignore-unmatch", path)
        git(work, "update-index", "--add", "--cacheinfo", f"160000,{kept},{path}")
    git(work, "commit", "-qm", "submodules")
    (clone / "below").write_text("mine\n")
    assert "below/sub is in the way" in " ".join(update(clone)["warnings"])
    (clone / "below").unlink()
    assert update(clone)["warnings"] == []
    assert (clone / "below" / "sub").is_dir()
    assert (clone / "changed").is_dir()
    assert git(clone, "status", "--porcelain") == ""


def test_unfinished_merge_is_overwritten_on_request(clone, work, git):
    (clone / "changed").write_text("mine\n")
    git(clone, "commit", "-qam", "mine")
    subprocess.run(["git", "fetch", "-q"], cwd=clone, check=True)
    merged = subprocess.run(["git", "merge", "-q", "origin/main"], cwd=clone, check=False)
    assert merged.returncode
    assert "UU changed" in git(clone, "status", "--porcelain")
    assert update(clone)["warnings"] != []
    git(clone, "checkout", "-q", "--theirs", "changed")  # the file is up to date, the index is not
    assert update(clone, "--files", "overwrite")["warnings"] == []
    assert git(clone, "ls-files", "--unmerged") == ""
    assert (clone / "changed").read_text() == "changed\nmore\n"
