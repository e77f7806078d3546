"""Checked by mypy, not run: the code of users has the types that they expect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import gitfleet
from gitfleet.exceptions import GitFleetError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def tables(path: Path) -> tuple[pd.DataFrame, pl.DataFrame, list[dict[str, Any]]]:
    repo = gitfleet.Repository(path, threads=2)
    commits = repo.commits(since="2024-01-01", diff_merges="first-parent").to_pandas()
    changes = repo.changes(max_count=3).to_polars()
    failures: list[tuple[str, GitFleetError]] = []
    return commits, changes, repo.blame(["src"], failures=failures).to_pylist()


async def clones(urls: list[str]) -> dict[str, str | None]:
    manager = gitfleet.compat.RepoManager(urls, github_token="x")
    future = manager.clone_all()
    done: bool = future.done()
    await future
    tasks = await manager.fetch_clone_tasks()
    return {url: task.temp_dir for url, task in tasks.items() if done or task.status.error is None}


def outcomes(targets: list[Path]) -> list[str]:
    return [str(outcome.error) for outcome in gitfleet.mine(targets, "data") if outcome.error]
