//! The `commits` and `changes` tables.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Int32Builder, Int64Builder, ListBuilder, StringBuilder,
    TimestampSecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef};

use super::batch::{BATCH_BYTES, BatchSize, batch};
use super::schema;
use super::text::encode;
use crate::error::Result;
use crate::git::{Change, Commit, HistoryOptions, LineCounts, ObjectId, Signature, Timestamp};

/// Collects commits into batches of the `commits` table.
pub struct CommitsTable {
    schema: SchemaRef,
    repo_name: String,
    hex: String,
    batch: BatchSize,
    text_bytes: usize,
    repo: StringBuilder,
    commit_id: StringBuilder,
    tree_id: StringBuilder,
    parent_ids: ListBuilder<StringBuilder>,
    author: SignatureColumns,
    committer: SignatureColumns,
    summary: StringBuilder,
    message: StringBuilder,
    is_merge: BooleanBuilder,
    files_changed: Int64Builder,
    additions: Int64Builder,
    deletions: Int64Builder,
}

impl CommitsTable {
    /// Creates an empty table for the repository `repo_name`.
    pub fn new(repo_name: &str, options: &HistoryOptions) -> Self {
        let item = Arc::new(Field::new("item", DataType::Utf8, false));
        Self {
            schema: schema::commits(options),
            repo_name: repo_name.to_owned(),
            hex: String::new(),
            batch: BatchSize::default(),
            text_bytes: 0,
            repo: StringBuilder::new(),
            commit_id: StringBuilder::new(),
            tree_id: StringBuilder::new(),
            parent_ids: ListBuilder::new(StringBuilder::new()).with_field(item),
            author: SignatureColumns::default(),
            committer: SignatureColumns::default(),
            summary: StringBuilder::new(),
            message: StringBuilder::new(),
            is_merge: BooleanBuilder::new(),
            files_changed: Int64Builder::new(),
            additions: Int64Builder::new(),
            deletions: Int64Builder::new(),
        }
    }

    /// The columns of the table.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds a commit as a row.
    pub fn push(&mut self, commit: &Commit) {
        self.repo.append_value(&self.repo_name);
        self.commit_id.append_value(hex(&mut self.hex, &commit.id));
        self.tree_id
            .append_value(hex(&mut self.hex, &commit.tree_id));
        for parent in &commit.parent_ids {
            self.parent_ids
                .values()
                .append_value(hex(&mut self.hex, parent));
        }
        self.parent_ids.append(true);
        self.author.push(&commit.author);
        self.committer.push(&commit.committer);
        self.summary.append_value(encode(&commit.summary));
        self.message.append_value(encode(&commit.message));
        self.is_merge.append_value(commit.is_merge());
        self.files_changed
            .append_value(count(commit.changes.len() as u64));
        self.additions.append_option(commit.additions().map(count));
        self.deletions.append_option(commit.deletions().map(count));
        self.text_bytes += commit.message.len() + commit.summary.len();
    }

    /// Returns true if a batch should be taken.
    pub fn is_full(&self) -> bool {
        self.batch.is_full(ArrayBuilder::len(&self.is_merge)) || self.text_bytes >= BATCH_BYTES
    }

    /// Returns the rows added since the last batch; there may be none.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if columns and schema disagree, which is a
    /// defect.
    pub fn take(&mut self) -> Result<RecordBatch> {
        self.text_bytes = 0;
        self.batch.grow();
        let author = self.author.finish();
        let committer = self.committer.finish();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.repo.finish()),
            Arc::new(self.commit_id.finish()),
            Arc::new(self.tree_id.finish()),
            Arc::new(self.parent_ids.finish()),
            author.name,
            author.email,
            author.time,
            author.offset,
            committer.name,
            committer.email,
            committer.time,
            committer.offset,
            Arc::new(self.summary.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.is_merge.finish()),
            Arc::new(self.files_changed.finish()),
            Arc::new(self.additions.finish()),
            Arc::new(self.deletions.finish()),
            author.raw_name,
            author.raw_email,
            committer.raw_name,
            committer.raw_email,
        ];
        batch(&self.schema, columns)
    }
}

/// Collects changes into batches of the `changes` table.
pub struct ChangesTable {
    schema: SchemaRef,
    repo_name: String,
    hex: String,
    batch: BatchSize,
    rows: usize,
    repo: StringBuilder,
    commit_id: StringBuilder,
    parent_id: StringBuilder,
    path: StringBuilder,
    old_path: StringBuilder,
    change_type: StringBuilder,
    old_mode: StringBuilder,
    new_mode: StringBuilder,
    old_blob_id: StringBuilder,
    new_blob_id: StringBuilder,
    similarity: Int32Builder,
    is_binary: BooleanBuilder,
    additions: Int64Builder,
    deletions: Int64Builder,
}

impl ChangesTable {
    /// Creates an empty table for the repository `repo_name`.
    pub fn new(repo_name: &str, options: &HistoryOptions) -> Self {
        Self {
            schema: schema::changes(options),
            repo_name: repo_name.to_owned(),
            hex: String::new(),
            batch: BatchSize::default(),
            rows: 0,
            repo: StringBuilder::new(),
            commit_id: StringBuilder::new(),
            parent_id: StringBuilder::new(),
            path: StringBuilder::new(),
            old_path: StringBuilder::new(),
            change_type: StringBuilder::new(),
            old_mode: StringBuilder::new(),
            new_mode: StringBuilder::new(),
            old_blob_id: StringBuilder::new(),
            new_blob_id: StringBuilder::new(),
            similarity: Int32Builder::new(),
            is_binary: BooleanBuilder::new(),
            additions: Int64Builder::new(),
            deletions: Int64Builder::new(),
        }
    }

    /// The columns of the table.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds a change as a row.
    pub fn push(&mut self, commit_id: &ObjectId, change: &Change) {
        let hex_buffer = &mut self.hex;
        self.rows += 1;
        self.repo.append_value(&self.repo_name);
        self.commit_id.append_value(hex(hex_buffer, commit_id));
        self.parent_id
            .append_option(change.parent_id.as_ref().map(|id| hex(hex_buffer, id)));
        self.path.append_value(encode(&change.path));
        self.old_path
            .append_option(change.old_path.as_deref().map(encode));
        self.change_type.append_value(change.kind.name());
        self.old_mode.append_option(change.old_mode);
        self.new_mode.append_option(change.new_mode);
        self.old_blob_id
            .append_option(change.old_blob_id.as_ref().map(|id| hex(hex_buffer, id)));
        self.new_blob_id
            .append_option(change.new_blob_id.as_ref().map(|id| hex(hex_buffer, id)));
        self.similarity
            .append_option(change.similarity.map(i32::from));
        let (is_binary, additions, deletions) = match change.counts {
            LineCounts::Lines {
                additions,
                deletions,
            } => (Some(false), Some(additions), Some(deletions)),
            LineCounts::Binary => (Some(true), None, None),
            LineCounts::Missing => (None, None, None),
        };
        self.is_binary.append_option(is_binary);
        self.additions.append_option(additions.map(count));
        self.deletions.append_option(deletions.map(count));
    }

    /// Returns true if a batch should be taken.
    pub fn is_full(&self) -> bool {
        self.batch.is_full(self.rows)
    }

    /// Returns the rows added since the last batch; there may be none.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if columns and schema disagree, which is a
    /// defect.
    pub fn take(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        self.batch.grow();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.repo.finish()),
            Arc::new(self.commit_id.finish()),
            Arc::new(self.parent_id.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.old_path.finish()),
            Arc::new(self.change_type.finish()),
            Arc::new(self.old_mode.finish()),
            Arc::new(self.new_mode.finish()),
            Arc::new(self.old_blob_id.finish()),
            Arc::new(self.new_blob_id.finish()),
            Arc::new(self.similarity.finish()),
            Arc::new(self.is_binary.finish()),
            Arc::new(self.additions.finish()),
            Arc::new(self.deletions.finish()),
        ];
        batch(&self.schema, columns)
    }
}

/// The columns of an author or committer.
#[derive(Default)]
struct SignatureColumns {
    name: StringBuilder,
    email: StringBuilder,
    seconds: Vec<i64>,
    offset: Int32Builder,
    raw_name: StringBuilder,
    raw_email: StringBuilder,
}

struct SignatureArrays {
    name: ArrayRef,
    email: ArrayRef,
    time: ArrayRef,
    offset: ArrayRef,
    raw_name: ArrayRef,
    raw_email: ArrayRef,
}

impl SignatureColumns {
    fn push(&mut self, signature: &Signature) {
        let Timestamp {
            seconds,
            offset_minutes,
        } = signature.time;
        self.name.append_value(encode(&signature.name));
        self.email.append_value(encode(&signature.email));
        self.seconds.push(seconds);
        self.offset.append_value(offset_minutes);
        self.raw_name.append_value(encode(&signature.raw_name));
        self.raw_email.append_value(encode(&signature.raw_email));
    }

    fn finish(&mut self) -> SignatureArrays {
        SignatureArrays {
            name: Arc::new(self.name.finish()),
            email: Arc::new(self.email.finish()),
            time: seconds_column(&std::mem::take(&mut self.seconds)),
            offset: Arc::new(self.offset.finish()),
            raw_name: Arc::new(self.raw_name.finish()),
            raw_email: Arc::new(self.raw_email.finish()),
        }
    }
}

/// Makes a time column of seconds since the Unix epoch.
pub(super) fn seconds_column(seconds: &[i64]) -> ArrayRef {
    let mut builder = TimestampSecondBuilder::with_capacity(seconds.len()).with_timezone("UTC");
    builder.append_slice(seconds);
    Arc::new(builder.finish())
}

/// Writes an id as hex into a reused buffer.
pub(super) fn hex<'a>(buffer: &'a mut String, id: &ObjectId) -> &'a str {
    buffer.clear();
    let _ = write!(buffer, "{id}"); // writing to a String does not fail
    buffer
}

/// Converts a count to the type of the tables; no file has 2^63 lines.
pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
