//! Streams of record batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, SchemaRef};

use super::{BlameTable, ChangesTable, CommitsTable};
use crate::error::{Error, Result};
use crate::git::{
    BlameOptions, Change, Commit, CommitStream, FileBlame, HistoryOptions, LineCounts, Repo,
};

/// A stream of record batches with one schema, made on demand. An error is the last item; batches
/// before it stay valid.
pub struct Records {
    schema: SchemaRef,
    batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
    missing: MissingCount,
}

/// Number of changes so far whose lines could not be counted, because a blob is missing. Clones
/// share this number.
#[derive(Clone, Debug, Default)]
pub struct MissingCount(Arc<AtomicU64>);

impl MissingCount {
    /// Returns the number of changes without counts among the rows read so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, changes: &[Change]) {
        let is_missing = |change: &&Change| change.counts == LineCounts::Missing;
        let missing = changes.iter().filter(is_missing).count() as u64;
        if missing > 0 {
            self.0.fetch_add(missing, Ordering::Relaxed);
        }
    }
}

impl Records {
    /// The columns of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Number of changes whose lines could not be counted; final once the last row is read.
    pub fn missing_blobs(&self) -> MissingCount {
        self.missing.clone()
    }

    /// Reads all batches now, and keeps them in memory.
    #[must_use]
    pub fn collected(self) -> Self {
        let batches: Vec<_> = self.batches.collect();
        Self {
            batches: Box::new(batches.into_iter()),
            ..self
        }
    }

    /// Keeps the named columns, in the order named.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if a column does not exist; the message lists those that do.
    pub fn select(self, columns: &[String]) -> Result<Self> {
        let find = |name: &String| {
            self.schema.index_of(name).map_err(|_| {
                let known: Vec<_> = self
                    .schema
                    .fields()
                    .iter()
                    .map(|field| field.name().as_str())
                    .collect();
                Error::invalid(
                    format!("column `{name}`"),
                    format!("does not exist; there are {}", known.join(", ")),
                )
            })
        };
        let indices = columns.iter().map(find).collect::<Result<Vec<_>>>()?;
        let project = |error: ArrowError| Error::internal(format!("choosing columns: {error}"));
        let schema = Arc::new(self.schema.project(&indices).map_err(project)?);
        let batches = self
            .batches
            .map(move |batch| batch?.project(&indices).map_err(project));
        Ok(Self {
            schema,
            batches: Box::new(batches),
            missing: self.missing,
        })
    }
}

impl Iterator for Records {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.next()
    }
}

/// Conversions to Arrow's own interfaces.
impl Records {
    /// Creates a stream of `batches`, all with `schema`.
    pub(crate) fn new(
        schema: SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    ) -> Self {
        Self {
            schema,
            batches: Box::new(batches),
            missing: MissingCount::default(),
        }
    }

    /// Converts the stream to Arrow's C stream interface.
    pub fn into_c_stream(self) -> FFI_ArrowArrayStream {
        FFI_ArrowArrayStream::new(Box::new(Reader(self)))
    }

    /// Converts the columns to Arrow's C data interface.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if Arrow cannot export a type, which is a defect.
    pub fn c_schema(&self) -> Result<FFI_ArrowSchema> {
        FFI_ArrowSchema::try_from(self.schema.as_ref())
            .map_err(|error| Error::internal(format!("schema: {error}")))
    }
}

struct Reader(Records);

impl Iterator for Reader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.0.next()?;
        Some(batch.map_err(|error| ArrowError::ExternalError(Box::new(Reported(error)))))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.0.schema)
    }
}

/// An error whose text includes its causes: Arrow's C interface passes on only text.
#[derive(Debug)]
struct Reported(Error);

impl std::fmt::Display for Reported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.report())
    }
}

impl std::error::Error for Reported {}

/// The `commits` table of a repository; see [`Repo::commits`] for order and errors.
///
/// # Errors
///
/// Those of [`Repo::commits`].
///
/// # Example
///
/// ```no_run
/// use std::fs::File;
/// use std::path::Path;
///
/// use gitfleet::git::{HistoryOptions, OpenOptions, Repo};
/// use gitfleet::table::{Format, Sink, commits};
///
/// # fn main() -> gitfleet::Result<()> {
/// let repo = Repo::open("ripgrep", &OpenOptions::new())?;
/// let records = commits(&repo, &HistoryOptions::new())?;
/// let path = Path::new("commits.csv");
/// let out = Box::new(File::create(path).unwrap());
/// let mut sink = Sink::new(Format::Csv, out, path, records.schema())?;
/// for batch in records {
///     sink.write(&batch?)?;
/// }
/// sink.finish()?;
/// # Ok(())
/// # }
/// ```
pub fn commits(repo: &Repo, options: &HistoryOptions) -> Result<Records> {
    let table = CommitsTable::new(repo.name(), options);
    let schema = SchemaRef::clone(table.schema());
    let missing = MissingCount::default();
    let count = missing.clone();
    let push = move |table: &mut CommitsTable, commit: Commit| {
        count.add(&commit.changes);
        table.push(&commit);
        table.is_full()
    };
    let batches = Batches::new(history(repo, options)?, table, push, CommitsTable::take);
    Ok(Records {
        schema,
        batches: Box::new(batches),
        missing,
    })
}

/// The `changes` table of a repository: commits in the order of [`Repo::commits`], the files of
/// each in path order.
///
/// # Errors
///
/// Those of [`Repo::commits`].
pub fn changes(repo: &Repo, options: &HistoryOptions) -> Result<Records> {
    let table = ChangesTable::new(repo.name(), options);
    let schema = SchemaRef::clone(table.schema());
    let missing = MissingCount::default();
    let count = missing.clone();
    let push = move |table: &mut ChangesTable, commit: Commit| {
        count.add(&commit.changes);
        for change in &commit.changes {
            table.push(&commit.id, change);
        }
        table.is_full()
    };
    let batches = Batches::new(history(repo, options)?, table, push, ChangesTable::take);
    Ok(Records {
        schema,
        batches: Box::new(batches),
        missing,
    })
}

/// The `blame` table of a repository, with files in the order in which they are finished; see
/// [`Repo::blame`]. A file that cannot be blamed is left out, and reported to `on_failure`.
///
/// # Errors
///
/// Those of [`Repo::blame`].
pub fn blame(
    repo: &Repo,
    options: &BlameOptions,
    mut on_failure: impl FnMut(&[u8], Error) + Send + 'static,
) -> Result<Records> {
    let table = BlameTable::new(repo.name(), options);
    let schema = SchemaRef::clone(table.schema());
    let push = move |table: &mut BlameTable, file: FileBlame| {
        match file.rows {
            Ok(rows) => table.push(&file.path, &rows, file.content.as_deref()),
            Err(error) => on_failure(&file.path, error),
        }
        table.is_full()
    };
    // An empty repository has no lines, but a file that the caller names must be reported as
    // missing.
    let is_whole = options.paths.is_none() && !options.working_tree;
    let is_head = options.rev.as_deref().is_none_or(names_head);
    let files = if is_whole && is_head && repo.is_empty()? {
        None
    } else {
        Some(repo.blame(options)?)
    };
    let batches = Batches::new(files.into_iter().flatten(), table, push, BlameTable::take);
    Ok(Records::new(schema, batches))
}

/// Returns the commits of a repository. An empty repository has none, without an error.
fn history(
    repo: &Repo,
    options: &HistoryOptions,
) -> Result<impl Iterator<Item = Result<Commit>> + use<>> {
    let is_head = options.all_refs || options.rev.iter().all(|name| names_head(name));
    let stream: Option<CommitStream> = if is_head && repo.is_empty()? {
        None
    } else {
        Some(repo.commits(options)?)
    };
    Ok(stream.into_iter().flatten())
}

fn names_head(revision: &str) -> bool {
    matches!(revision, "HEAD" | "@")
}

/// Pushes items into a table, and takes a batch each time it is full. Ends after the first error;
/// rows before it are kept.
struct Batches<I, T, P, F> {
    items: I,
    table: T,
    push: P,
    take: F,
    pending: Option<Error>,
    has_rows: bool,
    ended: bool,
}

impl<I, T, P, F> Batches<I, T, P, F> {
    fn new(items: I, table: T, push: P, take: F) -> Self {
        Self {
            items,
            table,
            push,
            take,
            pending: None,
            has_rows: false,
            ended: false,
        }
    }
}

impl<I, R, T, P, F> Iterator for Batches<I, T, P, F>
where
    I: Iterator<Item = Result<R>>,
    P: FnMut(&mut T, R) -> bool,
    F: FnMut(&mut T) -> Result<RecordBatch>,
{
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.pending.take() {
            return Some(Err(error));
        }
        while !self.ended {
            match self.items.next() {
                Some(Ok(row)) => {
                    self.has_rows = true;
                    if (self.push)(&mut self.table, row) {
                        self.has_rows = false;
                        return Some((self.take)(&mut self.table));
                    }
                }
                Some(Err(error)) => {
                    self.ended = true;
                    self.pending = Some(error);
                }
                None => self.ended = true,
            }
        }
        if self.has_rows {
            self.has_rows = false;
            return Some((self.take)(&mut self.table));
        }
        self.pending.take().map(Err)
    }
}
