"""What the documentation shows is what happens: examples in docstrings and guides are run."""

import contextlib
import doctest
import enum
import importlib
import inspect
import io
import pkgutil
import re
import subprocess
from pathlib import Path

import pydantic
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
    """A directory with two repositories, which octo-org has on the server that GitHub is."""
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
    topics = {"topics": ["git"], "default_branch": "main"}
    api.answers["/repos/octo-org/alpha"] = (200, {}, found[0] | topics)
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


def test_whatever_does_something_has_an_example():
    without = []
    for name in gitfleet.__all__:
        value = getattr(gitfleet, name)
        if inspect.ismodule(value) or not callable(value):
            continue
        assert value.__doc__, name
        is_value = inspect.isclass(value) and (
            issubclass(value, (Exception, tuple, enum.Enum, pydantic.BaseModel))
            or hasattr(value, "__dataclass_fields__")
            or inspect.isabstract(value)
        )
        if not is_value and ">>>" not in value.__doc__:
            without.append(name)
    assert without == ["mine_async"]  # which is `mine` in other words
    skipped = [path for path in ROOT.glob("python/gitfleet/**/*.py") if "+SKIP" in path.read_text()]
    assert skipped == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guides_do_what_they_say(page, projects):
    scope = {"__name__": "guide"}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        if "--8<--" in block:
            continue  # an example, which has a test of its own
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, page.name, "exec"), scope)


def test_the_site_is_built_without_a_warning(tmp_path):
    command = ["mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")]
    import sys

    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "api" / "repositories" / "index.html").read_text()
    assert "List commits with lines added and deleted" in page
