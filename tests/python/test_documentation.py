"""Run the examples in docstrings and guides, and check their output."""

import contextlib
import doctest
import importlib
import inspect
import io
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

import gitfleet
from gitfleet.testing import SampleRepository
from github_api import repository

ROOT = Path(__file__).parent.parent.parent
PAGES = [page for page in sorted(ROOT.glob("docs/**/*.md")) if "```python" in page.read_text()]
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(gitfleet.__path__, "gitfleet.")
    if found.name not in {"gitfleet.__main__", "gitfleet._gitfleet"}
)


@pytest.fixture
def projects(tmp_path, monkeypatch, api):
    """A directory with two repositories, which the stand-in for GitHub lists for octo-org."""
    for name in ("alpha", "beta"):
        repo = SampleRepository(tmp_path / "projects" / name)
        code = "".join(f"line {number}\n" for number in range(20))
        repo.commit({"README.md": "# Sample\n", "src/old.py": code}, "First")
        code = code.replace("line 7\n", "line seven\n")
        moved = {"src/old.py": None, "src/tool.py": code}
        repo.commit(moved, "Second", author="Ann <ann@example.org>")
        files = {"logo.bin": b"\x00\x01", "README.md": "# Sample\n\nText.\n"}
        repo.commit(files, "Third")
        repo.git("tag", "v1")
    api.answers["/users/octo-org"] = (
        200,
        {},
        {"id": 1, "login": "octo-org", "type": "Organization"},
    )
    found = []
    for number, (name, stars) in enumerate({"alpha": 12, "beta": 3}.items()):
        url = f"file://{tmp_path}/projects/{name}"
        more = {"name": name, "full_name": f"octo-org/{name}", "clone_url": url}
        about = {"stargazers_count": stars, "fork": False, "archived": False, "language": "Rust"}
        found.append(repository(number, **more, **about))
    api.listings["/orgs/octo-org/repos"] = found
    alpha = found[0] | {"topics": ["git"], "default_branch": "main"}
    api.listings["/search/repositories"] = found[:1]
    api.listings["/orgs/octo-org/members"] = [{"id": 2, "login": "ann"}, {"id": 3, "login": "bob"}]
    api.answers["/repos/octo-org/alpha"] = (200, {}, alpha)
    api.answers["/repos/octo-org/alpha/languages"] = (200, {}, {"Rust": 1200, "Python": 300})
    committed = [{"id": 2, "login": "ann", "contributions": 2}]
    committed.append({"id": 3, "login": "bob", "contributions": 1})
    at = {"sha": "a" * 40, "url": "u"}
    named = {
        "contributors": committed,
        "branches": [{"name": n, "commit": at, "protected": n == "main"} for n in ("main", "next")],
        "tags": [{"name": "v1", "commit": at}],
        "releases": [{"tag_name": "v1"}],
    }
    for name, items in named.items():
        api.listings[f"/repos/octo-org/alpha/{name}"] = items
    many = [{"name": f"b{number:03}", "commit": at} for number in range(150)]
    api.listings["/repos/octo-org/long/branches"] = many
    about = {"name": "alpha", "nameWithOwner": "octo-org/alpha", "databaseId": 1, "url": "u"}
    about |= {"owner": {"login": "octo-org"}, "stargazerCount": 12}
    asked = {"user": {"name": "Ann"}, "r0": about, "r1": None}
    absent = {"type": "NOT_FOUND", "path": ["r1"], "message": "no such"}

    def graphql(body):
        errors = {} if b"user(" in body else {"errors": [absent]}
        return 200, {}, {"data": asked} | errors

    api.answers["/graphql"] = graphql
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["gitfleet", *MODULES])
def test_examples_in_docstrings_give_what_they_show(name, projects):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    said = io.StringIO()
    for test in finder.find(module, name):
        runner.run(test, out=said.write)
    assert said.getvalue() == ""


def public():
    """The public objects of the modules, and the methods of classes, by their full names."""
    for name in MODULES:
        module = importlib.import_module(name)
        for export in getattr(module, "__all__", ()):
            value = vars(module).get(export)
            if getattr(value, "__module__", None) != name:
                continue  # defined in another module
            yield f"{name}.{export}", value
            members = vars(value).items() if inspect.isclass(value) else ()
            for member, given in members:
                method = getattr(given, "__func__", getattr(given, "fget", given))
                if inspect.isfunction(method) and method.__qualname__ == f"{export}.{member}":
                    yield f"{name}.{export}.{member}", method


def test_public_functions_have_an_example():
    without = []
    for name, value in public():
        is_private = "._" in name
        is_shown_elsewhere = (  # in its class's example, or in the guide that test_testing tests
            getattr(value, "__isabstractmethod__", False)
            or name.startswith(("gitfleet.testing.fixtures.", "gitfleet.testing.server.Handler."))
        )
        is_error = inspect.isclass(value) and issubclass(value, Exception)
        if is_private or is_shown_elsewhere or is_error:
            continue
        if ">>>" not in (value.__doc__ or ""):
            without.append(name)
    assert without == []
    skipped = [path for path in ROOT.glob("python/gitfleet/**/*.py") if "+SKIP" in path.read_text()]
    assert skipped == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guides_give_what_they_show(page, projects):
    scope = {"__name__": "guide"}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        if "--8<--" in block:
            continue  # a file in examples/, which test_examples runs
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, page.name, "exec"), scope)


def test_site_is_built_without_a_warning(tmp_path):
    command = ["mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")]
    import sys

    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "api" / "repositories" / "index.html").read_text()
    assert "List commits with lines added and deleted" in page
