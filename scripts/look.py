"""Print a summary of a dataset: tables, newest rows, and the authors of the surviving lines."""

import sys
from pathlib import Path

import polars as pl


def main() -> None:
    """Read every repository's tables below the dataset named on the command line."""
    root = Path(sys.argv[1])
    tables = {}
    for name in ("commits", "changes", "blame"):
        files = sorted(root.glob(f"repos/*/*/*/{name}.parquet"))
        tables[name] = pl.concat([pl.read_parquet(file) for file in files])
    commits, changes, blame = tables["commits"], tables["changes"], tables["blame"]
    with pl.Config(tbl_rows=10, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        for name, table in tables.items():
            print(f"{name}: {table.height:,} rows, {table.width} columns")
        print("\nThe newest commits:")
        shown = ("author_time", "author_name", "files_changed", "additions", "deletions", "summary")
        print(commits.select(shown).head(5))
        print("The files changed most often:")
        print(changes.group_by("path").len("changes").sort("changes", descending=True).head(5))
        print("The authors of the surviving lines:")
        lines = blame.group_by("author_name").agg(pl.col("line_count").sum().alias("lines"))
        print(lines.sort("lines", descending=True).head(5))


if __name__ == "__main__":
    main()
