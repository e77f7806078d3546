"""Values as pydantic models, and the names that exist without pydantic."""

import subprocess
import sys

import pydantic
import pytest

import gitfleet
from gitfleet.compat.models.repo import CloneStatusType, to_pydantic_status, to_pydantic_task
from gitfleet.models import rows
from gitfleet.models.rows import BlameRow, CommitRow
from gitfleet.testing import SampleRepository

TABLES = {"commits": rows.CommitRow, "changes": rows.ChangeRow, "blame": rows.BlameRow}


@pytest.mark.parametrize("table", TABLES)
def test_rows_fit_their_models_and_columns_have_fields(table, history):
    repo = gitfleet.Repository(history)
    model = TABLES[table]
    made = getattr(repo, table)().to_pydantic(model)
    plain = getattr(repo, table)().to_pylist()
    assert len(made) == len(plain) > 5
    fields = set(model.model_fields) - ({"content"} if table == "blame" else set())
    assert fields == set(plain[0])
    as_text = {name: value for name, value in plain[0].items() if name != "path"}
    assert as_text.items() <= made[0].model_dump().items()
    with pytest.raises(pydantic.ValidationError):
        made[0].repo = "x"
    assert model.model_json_schema()["properties"]["repo"] == {"title": "Repo", "type": "string"}


def test_blame_row_has_the_content_of_its_line(history):
    lines = gitfleet.Repository(history).blame(lines=True).to_pydantic(rows.BlameRow)
    assert all(line.content is not None for line in lines)


def test_model_of_the_user_takes_the_columns_it_names(history):
    class Sums(pydantic.BaseModel):
        additions: int
        deletions: int

    repo = gitfleet.Repository(history)
    made = repo.commits().to_pydantic(Sums)
    assert sum(one.additions for one in made) == repo.commits().to_pandas()["additions"].sum()

    class Wrong(pydantic.BaseModel):
        nonsense: int

    with pytest.raises(pydantic.ValidationError, match="nonsense"):
        repo.commits().to_pydantic(Wrong)


def test_clone_states_are_converted_to_models():
    status = gitfleet.compat.CloneStatus("failed", error="why")
    model = to_pydantic_status(status)
    assert (model.status_type, model.error) == (CloneStatusType.FAILED, "why")
    task = to_pydantic_task(gitfleet.compat.CloneTask("u", status, None))
    assert task.model_dump(mode="json") == {
        "url": "u",
        "status": {"status_type": "failed", "progress": None, "error": "why"},
        "temp_dir": None,
    }
    assert to_pydantic_task(task.model_dump()) == task
    with pytest.raises(pydantic.ValidationError):
        to_pydantic_status(object())


def test_packages_list_their_names():
    for package in (gitfleet, gitfleet.models, gitfleet.compat.utils):
        assert set(package.__all__) <= set(dir(package))
        assert all(getattr(package, name) is not None for name in package.__all__)
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            _ = package.nonsense


WITHOUT = """
import sys
for name in {absent!r}:
    sys.modules[name] = None
import asyncio, gitfleet
repo = gitfleet.Repository({path!r})
assert repo.commits().to_pylist()
asyncio.run(gitfleet.compat.RepoManager([]).extract_commits({path!r}))
from gitfleet import Fleet, mine
from gitfleet.compat import CloneStatus, CredentialManager, to_dict
from gitfleet.providers import TokenManager
manager = TokenManager()
manager.add_token("a token", "github")
try:
    manager.get_all_tokens("github")[0].secret_token
except ImportError as error:
    assert "gitfleet[models]" in str(error), error
for name, extra in {missing!r}:
    try:
        getattr(gitfleet.compat, name)
    except ImportError as error:
        assert f"gitfleet[{{extra}}]" in str(error), error
    else:
        raise AssertionError(name)
"""


def test_core_works_without_other_packages(history):
    absent = ["pandas", "polars", "pyarrow", "pydantic", "typing_extensions", "numpy"]
    names = ["GitHubClient", "RepoInfo", "PydanticCloneTask"]
    script = WITHOUT.format(
        absent=absent, path=str(history), missing=[(name, "models") for name in names]
    )
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "name", ["exceptions", "models.rows", "compat.utils.auth", "compat.models"]
)
def test_modules_are_attributes_without_an_import(name):
    code = f"import gitfleet; assert gitfleet.{name}.__name__ == 'gitfleet.{name}'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_year_beyond_pythons_range_stays_a_number(tmp_path):
    repo = SampleRepository(tmp_path)
    repo.commit({"f": "1\n"}, "First", time=300_000_000_000)
    (commit,) = gitfleet.Repository(tmp_path).commits().to_pydantic(CommitRow)
    (line,) = gitfleet.Repository(tmp_path).blame().to_pydantic(BlameRow)
    assert commit.author_time == commit.committer_time == line.author_time == 300_000_000_000
    gitfleet.Repository(tmp_path).commits().write_jsonl(tmp_path / "c.jsonl")
    assert CommitRow.model_validate_json((tmp_path / "c.jsonl").read_text()) == commit
    assert CommitRow.model_validate(commit.model_dump()) == commit
    text = commit.model_dump_json()
    assert CommitRow.model_validate_json(text) == commit
    repo.commit({"f": "2\n"}, "Second", time=1_700_000_000)
    (commit,) = gitfleet.Repository(tmp_path).commits(max_count=1).to_pydantic(CommitRow)
    assert commit.author_time.isoformat() == "2023-11-14T22:13:20+00:00"
    assert CommitRow.model_validate_json(commit.model_dump_json()) == commit
