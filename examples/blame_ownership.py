"""Plot how many lines of a repository each author wrote.

    python blame_ownership.py REPOSITORY PLOT.png

Needs gitfleet[pandas] and matplotlib.
"""

import sys

import matplotlib as mpl

import gitfleet

mpl.use("Agg")
from matplotlib import pyplot as plt

MOST = 6
"""Number of authors that have a colour of their own."""

repo = gitfleet.Repository(sys.argv[1])
lines = repo.blame().to_pandas()
lines["directory"] = [path.partition("/")[0] if "/" in path else "." for path in lines["path"]]
top = lines.groupby("author_name")["line_count"].sum().nlargest(MOST).index
lines["owner"] = lines["author_name"].where(lines["author_name"].isin(top), "others")
shares = lines.pivot_table(
    index="directory", columns="owner", values="line_count", aggfunc="sum", fill_value=0
)
shares = shares.loc[shares.sum(axis=1).sort_values().index]
shares.plot.barh(stacked=True, figsize=(10, 1 + 0.4 * len(shares)))
plt.title(f"Surviving lines of {repo.name}")
plt.xlabel("lines")
plt.tight_layout()
plt.savefig(sys.argv[2])
print(shares.sum().sort_values(ascending=False).to_string())
