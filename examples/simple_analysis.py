"""Commits and changed lines of each author, and changed lines of each month.

    python simple_analysis.py [REPOSITORY]

Needs gitfleet[pandas].
"""

import sys

import gitfleet

repo = gitfleet.Repository(sys.argv[1] if len(sys.argv) > 1 else ".")
commits = repo.commits().to_pandas()

authors = (
    commits.groupby("author_name")
    .agg(
        commits=("commit_id", "size"),
        additions=("additions", "sum"),
        deletions=("deletions", "sum"),
        last=("author_time", "max"),
    )
    .sort_values("commits", ascending=False)
)
print(f"{repo.name}: {len(commits)} commits by {len(authors)} people\n")
print(authors.head(10).to_string())

months = commits["author_time"].dt.strftime("%Y-%m")
print("\nLines added and deleted in the last months\n")
print(commits.groupby(months)[["additions", "deletions"]].sum().tail(6).to_string())
