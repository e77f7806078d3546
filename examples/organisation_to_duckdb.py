"""Mine all repositories of an owner on GitHub into a DuckDB file.

    python organisation_to_duckdb.py OWNER DIRECTORY

Needs gitfleet[models] and duckdb. A token in GITHUB_TOKEN raises GitHub's limit from 60 requests an
hour to 5,000. Running it again mines only the repositories that are missing or have new commits.
"""

import sys
from pathlib import Path

import duckdb

import gitfleet

owner, directory = sys.argv[1], Path(sys.argv[2])
for mined in gitfleet.mine(
    [f"github:{owner}"], directory / "dataset", keep_clones=directory / "clones"
):
    print(mined.target, mined.error or f"{mined.rows['commits']} commits in {mined.seconds:.1f} s")

with duckdb.connect(str(directory / "fleet.duckdb")) as database:
    for table in ("commits", "changes", "blame", "repositories"):
        files = str(directory / "dataset" / "repos" / "*" / "*" / "*" / f"{table}.parquet")
        database.execute(
            f"CREATE OR REPLACE TABLE {table} AS FROM read_parquet(?, union_by_name=true)",
            [files],
        )
    database.sql("""
        SELECT repo, count(*) AS commits, sum(additions) AS added, max(author_time) AS last
        FROM commits GROUP BY repo ORDER BY commits DESC LIMIT 20
    """).show()
