//! A stream of record batches for Python.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};

use super::error::to_py;
use super::rows;
use super::runtime::{
    GilYielder, Waited, awaitable_until, hears_ctrl_c, is_main_thread, wait, wait_without_python,
};
use crate::cancel::CancelToken;
use crate::edge::new_file::NewFile;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::table::{Format, MissingCount, RecordBatch, Records, SchemaRef, Sink};

/// A lazy stream of batches. It can be read once.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct RecordStream {
    schema: SchemaRef,
    /// `None` while a reader uses the records, after they were read, and after the stream was
    /// closed.
    records: Arc<Mutex<Option<Records>>>,
    missing: MissingCount,
    cancel: CancelToken,
    /// The process whose threads make the rows.
    process: u32,
}

impl RecordStream {
    pub(super) fn new(records: Records, cancel: CancelToken) -> Self {
        Self {
            schema: SchemaRef::clone(records.schema()),
            missing: records.missing_blobs(),
            records: Arc::new(Mutex::new(Some(records))),
            cancel,
            process: std::process::id(),
        }
    }

    /// Returns a stream of one batch, with a cancel token of its own.
    fn of_batch(schema: SchemaRef, batch: RecordBatch) -> Self {
        let records = Records::new(schema, std::iter::once(Ok(batch)));
        Self::new(records, CancelToken::new())
    }

    /// Puts the remaining records back, unless the stream was closed in the meantime.
    fn put_back(&self, records: Records) {
        if !self.cancel.is_cancelled() {
            *self.locked() = Some(records);
        }
    }

    fn locked(&self) -> MutexGuard<'_, Option<Records>> {
        lock(&self.records)
    }

    fn take(&self) -> PyResult<Records> {
        if self.process != std::process::id() {
            let what = "records opened in another process; open them again from the repository";
            return Err(to_py(&Error::unsupported(what)));
        }
        self.locked().take().ok_or_else(|| {
            to_py(&Error::invalid(
                "records",
                "were read or closed already; open them again from the repository",
            ))
        })
    }

    /// Reads all batches with the GIL released.
    fn read(&self, py: Python<'_>) -> PyResult<Vec<RecordBatch>> {
        let records = self.take()?;
        wait(py, &self.cancel, move || {
            records.collect::<Result<Vec<_>>>()
        })
    }
}

#[pymethods]
impl RecordStream {
    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// Arrow's names of the columns' types, in order.
    #[getter]
    fn column_types(&self) -> Vec<String> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.data_type().to_string()).collect()
    }

    /// The metadata of the schema.
    #[getter]
    fn metadata(&self) -> std::collections::HashMap<String, String> {
        self.schema.metadata().clone().into()
    }

    /// The number of changes, among the rows read so far, that have no line counts because a blob
    /// is missing.
    #[getter]
    fn missing_blobs(&self) -> u64 {
        self.missing.count()
    }

    /// Moves the remaining rows to a new stream. This stream then counts as read.
    fn take_over(&self) -> PyResult<Self> {
        Ok(Self {
            schema: SchemaRef::clone(&self.schema),
            records: Arc::new(Mutex::new(Some(self.take()?))),
            missing: self.missing.clone(),
            cancel: self.cancel.clone(),
            process: self.process,
        })
    }

    /// Read everything into memory; the result can be read once, like this stream.
    fn collect(&self, py: Python<'_>) -> PyResult<Self> {
        let batches = self.read(py)?;
        let records = Records::new(SchemaRef::clone(&self.schema), batches.into_iter().map(Ok));
        Ok(Self::new(records, CancelToken::new()))
    }

    /// Like `collect`, without blocking the event loop. Cancelling the task that awaits it closes
    /// the stream.
    fn collect_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let records = self.take()?;
        let schema = SchemaRef::clone(&self.schema);
        let work = move |_: &CancelToken| records.collect::<Result<Vec<_>>>();
        awaitable_until(py, self.cancel.clone(), work, |_, batches| {
            let records = Records::new(schema, batches.into_iter().map(Ok));
            Ok(Self::new(records, CancelToken::new()))
        })
    }

    /// Read everything into a list of dictionaries. Bytes that are not UTF-8 become surrogate
    /// escapes if `surrogates` is true, and the characters U+F780 to U+F7FF otherwise, as in Arrow.
    #[pyo3(signature = (*, surrogates))]
    fn to_pylist<'py>(&self, py: Python<'py>, surrogates: bool) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        let batches = self.read(py)?;
        let mut yielder = GilYielder::new(py)?;
        for batch in batches {
            rows::append(&rows, &batch, surrogates, &mut yielder)?;
        }
        Ok(rows)
    }

    /// The next batch as a stream of its own; `None` at the end.
    fn next_batch(&self, py: Python<'_>) -> PyResult<Option<Self>> {
        let mut records = self.take()?;
        let (batch, records) = wait(py, &self.cancel, move || {
            let batch = records.next().transpose()?;
            Ok((batch, records))
        })?;
        if batch.is_some() {
            self.put_back(records);
        }
        Ok(batch.map(|batch| Self::of_batch(SchemaRef::clone(&self.schema), batch)))
    }

    /// Like `next_batch`, without blocking the event loop. Cancelling the task that awaits it
    /// closes the stream.
    fn next_batch_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut records = self.take()?;
        let slot = Arc::clone(&self.records);
        let schema = SchemaRef::clone(&self.schema);
        let work = move |cancel: &CancelToken| {
            let batch = records.next().transpose()?;
            if batch.is_some() && !cancel.is_cancelled() {
                *lock(&slot) = Some(records);
            }
            Ok(batch)
        };
        awaitable_until(py, self.cancel.clone(), work, move |_, batch| {
            Ok(batch.map(|batch| Self::of_batch(schema, batch)))
        })
    }

    /// The first rows as dictionaries, without removing them from the stream; `None` if the stream
    /// was read or closed.
    fn peek<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        let Ok(mut records) = self.take() else {
            return Ok(None);
        };
        let (first, records) = wait(py, &self.cancel, move || {
            let first = records.next();
            Ok((first, records))
        })?;
        let rows = PyList::empty(py);
        if let Some(Ok(batch)) = &first {
            let head = batch.slice(0, most.min(batch.num_rows()));
            rows::append(&rows, &head, false, &mut GilYielder::new(py)?)?;
        }
        let schema = SchemaRef::clone(&self.schema);
        self.put_back(Records::new(schema, first.into_iter().chain(records)));
        Ok(Some(rows))
    }

    /// Write all rows to a file, and return their number, and a warning if not all values could be
    /// written. The file appears when it is complete.
    fn write(&self, py: Python<'_>, path: PathBuf, form: &str) -> PyResult<(u64, Option<String>)> {
        let (records, format) = (self.take()?, format(form));
        wait(py, &self.cancel, move || write(records, &path, format))
    }

    /// Like `write`, without blocking the event loop. Cancelling the task that awaits it stops the
    /// work, and leaves no file.
    fn write_async<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        form: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (records, format) = (self.take()?, format(form));
        let work = move |_: &CancelToken| write(records, &path, format);
        awaitable_until(py, self.cancel.clone(), work, |_, rows| Ok(rows))
    }

    /// Stop the work behind the stream; rows that were not read are lost.
    fn close(&self) {
        self.cancel.cancel();
        self.locked().take();
    }

    #[pyo3(signature = (requested_schema = None, *, at_end = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
        at_end: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = requested_schema; // only a hint, as the interface defines it
        hears_ctrl_c(py)?; // records the main thread for later pulls
        let records = self.take()?;
        let schema = SchemaRef::clone(records.schema());
        let pulled = Pulled {
            records: Some(records),
            cancel: self.cancel.clone(),
            at_end,
        };
        let stream = Records::new(schema, pulled).into_c_stream();
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let records = Records::new(SchemaRef::clone(&self.schema), std::iter::empty());
        let schema = records.c_schema().map_err(|error| to_py(&error))?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}

impl Drop for RecordStream {
    fn drop(&mut self) {
        // No reader has taken the records, so the work is stopped.
        if self.locked().is_some() {
            self.cancel.cancel();
        }
    }
}

/// Batches for a reader in native code, such as pyarrow or `DuckDB`. On the main thread, each call
/// of `next` releases the GIL and checks for Ctrl-C. On Ctrl-C the reader gets an error, and Python
/// raises `KeyboardInterrupt` when the reader returns.
struct Pulled {
    records: Option<Records>,
    cancel: CancelToken,
    /// Called at the end of the stream, if the reader is on the main thread.
    at_end: Option<Py<PyAny>>,
}

impl Pulled {
    /// Calls `at_end`. An exception that it raises, such as a warning turned into an error, becomes
    /// the stream's error.
    fn tell_the_end(&mut self) -> Option<Error> {
        let at_end = self.at_end.take().filter(|_| is_main_thread())?;
        let told = Python::attach(|py| at_end.call0(py).map(|_| ()));
        told.err()
            .map(|raised| Error::invalid("records", raised.to_string()))
    }
}

impl Iterator for Pulled {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut records = self.records.take()?;
        let is_main = is_main_thread();
        let pull =
            || wait_without_python(is_main, &self.cancel, move || Ok((records.next(), records)));
        let waited = if is_main {
            Python::attach(|py| py.detach(pull))
        } else {
            pull()
        };
        match waited {
            Waited::Done(Ok((None, _))) => self.tell_the_end().map(Err),
            Waited::Done(Ok((batch, records))) => {
                self.records = Some(records);
                batch
            }
            Waited::Done(Err(error)) => Some(Err(error)),
            Waited::Interrupted(_) => {
                Python::attach(interrupt_main);
                Some(Err(Error::Cancelled))
            }
        }
    }
}

fn format(name: &str) -> Format {
    match name {
        "csv" => Format::Csv,
        "csv-raw" => Format::RawCsv,
        "jsonl" => Format::JsonLines,
        _ => Format::Parquet,
    }
}

/// Writes all rows to a file. Returns their number, and a warning about values that are lost.
fn write(records: Records, path: &Path, format: Format) -> Result<(u64, Option<String>)> {
    let (out, file) = NewFile::create(path)?;
    let mut sink = Sink::new(format, Box::new(out), path, records.schema())?;
    let mut rows = 0;
    for batch in records {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        sink.write(&batch)?;
    }
    let warning = sink.warning();
    sink.finish()?;
    file.keep().map(|()| (rows, warning))
}

/// Makes Python raise `KeyboardInterrupt` as soon as the reader returns to Python.
fn interrupt_main(py: Python<'_>) {
    // A failure cannot be reported here, and the reader already has its error.
    let _ = py
        .import("_thread")
        .and_then(|thread| thread.call_method0("interrupt_main"));
}
