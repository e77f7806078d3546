//! Every table and column.

use super::column::ColumnType::{Bytes, Flag, Integer, SmallInteger, Text, Texts, Time};
use super::column::{Column, column};

/// A table of a dataset.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TableDefinition {
    /// The name of the table; its file has the same name.
    pub name: &'static str,
    /// The meaning of a row.
    pub row: &'static str,
    /// The columns that together identify a row.
    pub key: &'static [&'static str],
    /// The columns, in order.
    pub columns: &'static [Column],
}

/// Every table.
pub const TABLES: &[TableDefinition] = &[COMMITS, CHANGES, BLAME, REPOSITORIES];

const REPO: Column = column(
    "repo",
    Text,
    "the repository: host/owner/name in a dataset and in `repositories`, elsewhere the name of its directory",
);
const NO_COUNT: &str = "content that is needed is missing, as in a partial clone";
const BINARY: &str = "the file is binary (git shows -), or its content is missing";

/// The commits table.
pub const COMMITS: TableDefinition = TableDefinition {
    name: "commits",
    row: "one row per commit, newest first as git log lists them",
    key: &["repo", "commit_id"],
    columns: &[
        REPO.refers_to("repositories.repo"),
        column("commit_id", Text, "id of the commit, lower-case hex"),
        column("tree_id", Text, "id of its tree, lower-case hex"),
        column(
            "parent_ids",
            Texts,
            "ids of its parents, in order; none for a root commit",
        ),
        column(
            "author_name",
            Bytes,
            "name of the author, after the mailmap unless that is off",
        ),
        column(
            "author_email",
            Bytes,
            "e-mail of the author, after the mailmap unless that is off",
        ),
        column("author_time", Time, "author date of the commit").unit("UTC"),
        column(
            "author_offset",
            SmallInteger,
            "time zone in which author_time was recorded",
        )
        .unit("minutes east of UTC"),
        column(
            "committer_name",
            Bytes,
            "name of the committer, after the mailmap unless that is off",
        ),
        column(
            "committer_email",
            Bytes,
            "e-mail of the committer, after the mailmap unless that is off",
        ),
        column(
            "committer_time",
            Time,
            "time of committing; git log orders by it",
        )
        .unit("UTC"),
        column(
            "committer_offset",
            SmallInteger,
            "time zone in which committer_time was recorded",
        )
        .unit("minutes east of UTC"),
        column(
            "summary",
            Bytes,
            "first paragraph of the message on one line, as git's %s",
        ),
        column("message", Bytes, "the whole message, as git's %B"),
        column("is_merge", Flag, "true if it has more than one parent"),
        column(
            "files_changed",
            Integer,
            "number of files it changed, compared with the parents that gitfleet.diff_merges selects",
        )
        .unit("files"),
        column(
            "additions",
            Integer,
            "lines added, as git log --numstat counts them",
        )
        .unit("lines")
        .null(NO_COUNT),
        column(
            "deletions",
            Integer,
            "lines deleted, as git log --numstat counts them",
        )
        .unit("lines")
        .null(NO_COUNT),
        column("raw_author_name", Bytes, "name of the author as committed"),
        column(
            "raw_author_email",
            Bytes,
            "e-mail of the author as committed",
        ),
        column(
            "raw_committer_name",
            Bytes,
            "name of the committer as committed",
        ),
        column(
            "raw_committer_email",
            Bytes,
            "e-mail of the committer as committed",
        ),
    ],
};

/// The changes table.
pub const CHANGES: TableDefinition = TableDefinition {
    name: "changes",
    row: "one row per file that a commit changed, commits in the order of the commits table, files in path order",
    key: &["repo", "commit_id", "parent_id", "path"],
    columns: &[
        REPO.refers_to("commits.repo"),
        column("commit_id", Text, "id of the commit, lower-case hex")
            .refers_to("commits.commit_id"),
        column(
            "parent_id",
            Text,
            "id of the parent that the commit was compared with",
        )
        .null("a root commit"),
        column(
            "path",
            Bytes,
            "path of the file; of a deleted file the path it had",
        ),
        column(
            "old_path",
            Bytes,
            "path of the file that this one was renamed or copied from",
        )
        .null("neither renamed nor copied"),
        column(
            "change_type",
            Text,
            "added, modified, deleted, renamed, copied or type_changed",
        ),
        column("old_mode", Text, "mode before, such as 100644").null("the file was added"),
        column("new_mode", Text, "mode after, such as 100644").null("the file was deleted"),
        column(
            "old_blob_id",
            Text,
            "id of the blob before; of a submodule its commit",
        )
        .null("the file was added"),
        column(
            "new_blob_id",
            Text,
            "id of the blob after; of a submodule its commit",
        )
        .null("the file was deleted"),
        column(
            "similarity",
            SmallInteger,
            "similarity of a renamed or copied file with its source",
        )
        .unit("percent")
        .null("neither renamed nor copied"),
        column("is_binary", Flag, "true if git treats the file as binary").null(NO_COUNT),
        column("additions", Integer, "lines added")
            .unit("lines")
            .null(BINARY),
        column("deletions", Integer, "lines deleted")
            .unit("lines")
            .null(BINARY),
    ],
};

/// The blame table, with a row per run of lines.
pub const BLAME: TableDefinition = TableDefinition {
    name: "blame",
    row: "one row per run of lines that one commit wrote, in line order within a file; with --lines one row per line",
    key: &["repo", "path", "start_line"],
    columns: &[
        REPO.refers_to("commits.repo"),
        column("path", Bytes, "path of the file"),
        column(
            "start_line",
            Integer,
            "first line of the run in the file, counted from 1",
        )
        .unit("line"),
        column("line_count", Integer, "number of lines in the run").unit("lines"),
        column(
            "commit_id",
            Text,
            "id of the commit that the lines are attributed to; zeros if they are not committed",
        )
        .refers_to("commits.commit_id"),
        column("orig_path", Bytes, "path of the file in that commit"),
        column(
            "orig_start_line",
            Integer,
            "first line of the run in that commit's file, counted from 1",
        )
        .unit("line"),
        column(
            "author_name",
            Bytes,
            "name of that commit's author, after the mailmap unless that is off",
        ),
        column(
            "author_email",
            Bytes,
            "e-mail of that commit's author, after the mailmap unless that is off",
        ),
        column("author_time", Time, "author date of the commit").unit("UTC"),
        column(
            "is_boundary",
            Flag,
            "true if the search ended at that commit: a root, or the edge of a shallow clone, a range or --since",
        ),
    ],
};

/// The additional column of a blame with one row per line.
pub const CONTENT: Column = column(
    "content",
    Bytes,
    "the line, without its end; only with --lines",
);

/// The repositories table.
pub const REPOSITORIES: TableDefinition = TableDefinition {
    name: "repositories",
    row: "one row per repository that a hosting service describes",
    key: &["repo"],
    columns: &[
        REPO,
        column("full_name", Text, "owner and name").null(UNKNOWN),
        column("description", Text, "description").null(UNKNOWN),
        column("language", Text, "main language, as the service detects it").null(UNKNOWN),
        column("license", Text, "licence, as an SPDX identifier").null(UNKNOWN),
        column("default_branch", Text, "name of the default branch").null(UNKNOWN),
        column("visibility", Text, "public, private or internal").null(UNKNOWN),
        column("homepage", Text, "address of the project's home page").null(UNKNOWN),
        column("html_url", Text, "address of the repository's page").null(UNKNOWN),
        column("clone_url", Text, "address to clone from over https").null(UNKNOWN),
        column("owner_type", Text, "User or Organization").null(UNKNOWN),
        column("topics", Texts, "topics"),
        column("is_fork", Flag, "true for a fork").null(UNKNOWN),
        column("is_archived", Flag, "true if it is archived").null(UNKNOWN),
        column("is_private", Flag, "true if it is private").null(UNKNOWN),
        column("github_id", Integer, "number of the repository at GitHub").null(UNKNOWN),
        column("stars", Integer, "stars")
            .unit("stars")
            .null(UNKNOWN),
        column("forks", Integer, "forks")
            .unit("forks")
            .null(UNKNOWN),
        column("open_issues", Integer, "open issues and pull requests")
            .unit("issues")
            .null(UNKNOWN),
        column("size_kb", Integer, "size, as the service counts it")
            .unit("kilobytes")
            .null(UNKNOWN),
        column("created_at", Time, "creation")
            .unit("UTC")
            .null(UNKNOWN),
        column(
            "updated_at",
            Time,
            "last change of the description or settings",
        )
        .unit("UTC")
        .null(UNKNOWN),
        column("pushed_at", Time, "last push")
            .unit("UTC")
            .null(UNKNOWN),
    ],
};

const UNKNOWN: &str = "the service does not say";

/// The path of a repositories column in GitHub's response.
pub(in crate::table) fn github_path(column: &'static str) -> Vec<&'static str> {
    match column {
        "license" => vec!["license", "spdx_id"],
        "owner_type" => vec!["owner", "type"],
        "is_fork" => vec!["fork"],
        "is_archived" => vec!["archived"],
        "is_private" => vec!["private"],
        "github_id" => vec!["id"],
        "stars" => vec!["stargazers_count"],
        "forks" => vec!["forks_count"],
        "open_issues" => vec!["open_issues_count"],
        "size_kb" => vec!["size"],
        other => vec![other],
    }
}
