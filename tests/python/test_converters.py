"""Models and objects as dictionaries, JSON and DataFrames."""

import dataclasses
import datetime
import enum
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, computed_field

import gitfleet
from gitfleet.compat import flatten_dataframe, to_dataframe, to_dict, to_json
from gitfleet.compat.utils.auth import CredentialEntry
from gitfleet.models.common import RepoInfo, UserInfo
from gitfleet.providers.token_manager import TokenInfo

NOON = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.timezone.utc)


class Colour(enum.Enum):
    RED = "red"


class Inner(BaseModel):
    when: datetime.datetime = NOON
    secret: SecretStr = SecretStr("hidden")


class Outer(BaseModel):
    model_config = ConfigDict(extra="allow")
    inner: Inner = Inner()
    several: list[Inner] = [Inner()]


@dataclasses.dataclass
class Data:
    name: str
    at: Inner | None = None
    token: str = dataclasses.field(default="hidden", repr=False, metadata={"secret": True})
    big: int = dataclasses.field(default=1, repr=False)


class Plain:
    def __init__(self):
        self.a, self._b = {1, 2}, "private"


class Slotted:
    __slots__ = ()

    def __str__(self):
        return "slotted"


class Whole(RootModel[list[int]]):
    pass


class Shaped(BaseModel):
    side: int
    hidden: int = Field(exclude=True)

    @computed_field
    @property
    def area(self) -> int:
        return self.side**2


INNER = {"when": NOON, "secret": "**********"}


def test_to_dict_makes_plain_values_of_everything():
    assert to_dict(Outer(more=Data("x"))) == {
        "inner": INNER,
        "several": [INNER],
        "more": {"name": "x", "at": None, "token": "**********", "big": 1},
    }
    assert to_dict(Plain()) == {"a": [1, 2]}
    assert to_dict(Colour.RED) == "red"
    assert to_dict(pathlib.PurePosixPath("/a")) == "/a"
    assert to_dict(gitfleet.Reference("a", "b", "c")) == dict(
        zip(("name", "target_id", "peeled_id"), "abc", strict=True)
    )
    assert to_dict(number for number in range(3)) == [0, 1, 2]
    assert to_dict({Colour.RED: (1, b"2")}) == {"red": [1, b"2"]}
    assert to_dict(Whole([1])) == [1]
    assert to_dict(Shaped(side=2, hidden=1)) == {"side": 2, "area": 4}
    for plain in (None, True, 1.5, "text", b"bytes", NOON, Plain, Slotted):
        assert to_dict(plain) is plain


@pytest.mark.parametrize(
    "holder", [TokenInfo("canary", "github"), CredentialEntry("github", "canary"), Inner()]
)
def test_secrets_stay_secret(holder):
    for shown in (to_json(holder), repr(to_dict(holder)), to_dataframe([holder]).to_csv()):
        assert "canary" not in shown
        assert "hidden" not in shown
        assert "**********" in shown


def test_records_and_tasks_are_converted(history):
    repo = gitfleet.Repository(history)
    assert to_dict(repo.commits(max_count=1)) == repo.commits(max_count=1).to_pylist()
    assert to_dataframe(repo.commits()).equals(repo.commits().to_pandas())
    tasks = {"u": gitfleet.compat.CloneTask("u", gitfleet.compat.CloneStatus("cloning", 5))}
    frame = to_dataframe(tasks)
    assert (list(frame.index), frame.loc["u", "url"]) == (["u"], "u")
    flat = flatten_dataframe(frame)
    assert flat.loc["u", "status_progress"] == 5


def test_to_json_writes_valid_json():
    value = {
        "at": NOON,
        ("a", 1): datetime.timedelta(seconds=2),
        "bytes": b"caf\xe9",
        "none": None,
        "object": Slotted(),
        "set": {1},
        "later": datetime.time(1, 2),
    }
    assert json.loads(to_json(value)) == {
        "at": "2024-05-01T12:00:00+00:00",
        "('a', 1)": 2.0,
        "bytes": "caf\udce9",
        "none": None,
        "object": "slotted",
        "set": [1],
        "later": "01:02:00",
    }
    assert to_json([{"a": 1}], indent=1) == '[\n {\n  "a": 1\n }\n]'
    assert to_json([]) == "[]"


def test_to_dataframe_has_a_row_for_each_object():
    owner = UserInfo(id=1, login="o")
    repos = [
        RepoInfo(
            id=number, name="r", full_name="o/r", clone_url="u", owner=owner, raw_data={"a": 1}
        )
        for number in range(2)
    ]
    frame = to_dataframe(repos)
    assert list(frame["id"]) == [0, 1]
    assert "raw_data" not in frame.columns
    assert frame["owner"][0]["login"] == "o"
    assert len(to_dataframe(repos[0])) == 1
    assert len(to_dataframe(repo for repo in repos)) == 2
    assert len(to_dataframe({"a": 1, "b": [1]})) == 1
    assert list(to_dataframe([1, 2])["value"]) == [1, 2]
    for nothing in ([], (), {}, iter(())):
        assert to_dataframe(nothing).columns.empty
    given = pd.DataFrame({"a": [1]})
    assert to_dataframe(given) is given
    with pytest.raises(TypeError, match="str is not a row"):
        to_dataframe("text")


def test_flatten_dataframe_makes_columns_of_nested_fields():
    rows = [
        {"id": 1, "owner": {"login": "a", "plan": {"name": "x"}}, "tags": ["t"], "owner_login": 0},
        {"id": 2, "owner": None, "tags": [], "owner_login": 1},
        {"id": 3, "owner": {"login": "b"}, "tags": None, "owner_login": 2},
    ]
    frame = to_dataframe(rows)
    frame["at"] = pd.to_datetime([NOON] * 3)
    flat = flatten_dataframe(frame)
    assert list(flat.columns) == [
        "id",
        "owner_login_",
        "owner_plan_name",
        "tags",
        "owner_login",
        "at",
    ]
    assert list(flat["owner_login_"].fillna("-")) == ["a", "-", "b"]
    assert list(flat["owner_plan_name"].fillna("-")) == ["x", "-", "-"]
    assert flat["tags"][0] == ["t"]
    assert flat["at"].dtype == frame["at"].dtype
    assert "owner" in frame.columns
    dotted = flatten_dataframe(frame, separator=".")
    assert "owner.plan.name" in dotted.columns
    mixed = flatten_dataframe(pd.DataFrame({"a": [{"b": 1}, "text", float("nan")]}))
    assert list(mixed["a_b"].fillna(0)) == [1, 0, 0]
    assert list(mixed["a"].fillna("-")) == ["-", "text", "-"]
    assert flatten_dataframe(pd.DataFrame()).empty
    assert list(flatten_dataframe(frame.iloc[:0]).columns) == list(frame.columns)
    with pytest.raises(ValueError, match="same name"):
        flatten_dataframe(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_missing_pandas_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    for call in (lambda: to_dataframe([]), lambda: flatten_dataframe(None)):
        with pytest.raises(ImportError, match=r"gitfleet\[pandas\]"):
            call()


def test_tables_and_numbers_of_other_packages_are_plain():
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for table in (pd.DataFrame(rows), pl.DataFrame(rows), pa.Table.from_pylist(rows)):
        assert to_dict(table) == rows
        assert len(to_dataframe(table)) == 2
    assert json.loads(to_json(np.array([1.5, np.nan]))) == [1.5, None]
    assert to_dict([np.int64(3), np.bool_(True), np.array(7), pd.NA, pd.NaT]) == [
        3,
        True,
        7,
        None,
        None,
    ]
    assert to_json(float("inf")) == "null"
    mixed = flatten_dataframe(pd.DataFrame({"a": [{"b": 1}, pd.NA, np.array([1, 2])]}))
    assert next(iter(mixed["a_b"])) == 1


def test_cyclic_object_is_an_error():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="contains itself"):
        to_dict(loop)


def test_flatten_dataframe_keeps_every_column():
    frame = to_dataframe([{"id": 1, "a": {"b": {}}, "c": {}}, {"id": 2, "a": {"b": {}}, "c": {}}])
    flat = flatten_dataframe(frame)
    assert flat.columns.to_list() == ["id", "a_b", "c"]
    assert flat["a_b"].isna().all()
    collides = to_dataframe([{"o": {"a": 1}, "oa": 2}])
    assert flatten_dataframe(collides, "").to_dict("list") == {"oa_": [1], "oa": [2]}
