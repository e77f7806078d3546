//! Where rows go: standard output, or a file that appears when it is complete.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Streams;
use super::args::{FormatArg, OutputArgs};
use super::table::TablePrinter;
use crate::durable::file_builder;
use crate::error::{Error, Result};
use crate::table::{Format, RecordBatch, SchemaRef, Sink};

/// What errors call standard output.
const STANDARD_OUTPUT: &str = "standard output";

pub(super) struct Output {
    writer: Writer,
    /// The file under way, and its name to be.
    file: Option<(tempfile::NamedTempFile, PathBuf)>,
}

enum Writer {
    Rows(Box<Sink>),
    Table(TablePrinter),
}

impl Output {
    /// What was asked for, or what the place asks for; `None` is the table for people.
    pub(super) fn format(args: &OutputArgs, streams: &Streams) -> Option<Format> {
        match args.format {
            Some(FormatArg::Table) => None,
            Some(FormatArg::Csv) => Some(Format::Csv),
            Some(FormatArg::Jsonl) => Some(Format::JsonLines),
            Some(FormatArg::Parquet) => Some(Format::Parquet),
            Some(FormatArg::Arrow) => Some(Format::Arrow),
            None => match &args.output {
                Some(path) => Some(Format::of_path(path).unwrap_or(Format::Csv)),
                None => (!streams.out_is_terminal).then_some(Format::Csv),
            },
        }
    }

    pub(super) fn open(
        args: &OutputArgs,
        format: Option<Format>,
        schema: &SchemaRef,
        streams: &mut Streams,
    ) -> Result<Self> {
        let binary = matches!(format, Some(Format::Parquet | Format::Arrow));
        if binary && args.output.is_none() && streams.out_is_terminal {
            return Err(Error::invalid(
                "--format",
                "would write bytes to the terminal; name a file with -o",
            ));
        }
        let (out, file, path): (Box<dyn Write + Send>, _, _) = match &args.output {
            Some(path) => {
                // A link is followed; a device or pipe is written to, not replaced.
                let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                let reason = "it is a directory".to_owned();
                match std::fs::metadata(&path) {
                    Ok(found) if found.is_dir() => {
                        return Err(Error::DestinationExists { path, reason });
                    }
                    Ok(found) if !found.is_file() => {
                        let device = std::fs::File::options().write(true).open(&path);
                        let device = device.map_err(Error::storage("write", &path))?;
                        (Box::new(BufWriter::new(device)), None, path)
                    }
                    _ => {
                        let directory = match path.parent() {
                            Some(parent) if !parent.as_os_str().is_empty() => parent,
                            _ => Path::new("."),
                        };
                        let file = file_builder()
                            .prefix(".gitfleet-")
                            .tempfile_in(directory)
                            .map_err(Error::storage("create a file in", directory))?;
                        let handle = file.reopen().map_err(Error::storage("write", &path))?;
                        let out = Box::new(BufWriter::new(handle));
                        (out, Some((file, path.clone())), path)
                    }
                }
            }
            None => {
                let out = std::mem::replace(&mut streams.out, Box::new(std::io::sink()));
                (
                    Box::new(BufWriter::new(out)),
                    None,
                    PathBuf::from(STANDARD_OUTPUT),
                )
            }
        };
        let writer = match format {
            Some(format) => Writer::Rows(Box::new(Sink::new(format, out, &path, schema)?)),
            None => Writer::Table(TablePrinter::new(out, streams.out_is_terminal)),
        };
        Ok(Self { writer, file })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.writer {
            Writer::Rows(sink) => sink.write(batch),
            Writer::Table(printer) => printer
                .write(batch)
                .map_err(Error::storage("write", STANDARD_OUTPUT)),
        }
    }

    /// Flushes what a stream has; a file is given up.
    pub(super) fn abandon(self) -> Result<()> {
        let is_stream = self.file.is_none();
        match self.writer {
            Writer::Rows(sink) if is_stream => sink.finish(),
            Writer::Table(printer) if is_stream => printer
                .finish()
                .map_err(Error::storage("write", STANDARD_OUTPUT)),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.writer {
            Writer::Rows(sink) => sink.finish()?,
            Writer::Table(printer) => printer
                .finish()
                .map_err(Error::storage("write", STANDARD_OUTPUT))?,
        }
        let Some((file, path)) = self.file else {
            return Ok(());
        };
        file.as_file()
            .sync_all()
            .map_err(Error::storage("write", &path))?;
        file.persist(&path)
            .map(|_| ())
            .map_err(|error| error.error)
            .map_err(Error::storage("write", &path))
    }
}
