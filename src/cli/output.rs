//! The destination of rows: standard output, or a file that is renamed into place when complete.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::args::{FormatArg, OutputArgs};
use super::streams::Streams;
use super::table::TablePrinter;
use crate::edge::new_file::NewFile;
use crate::error::{Error, Result};
use crate::table::{Format, RecordBatch, SchemaRef, Sink};

/// The name of standard output in errors.
const STANDARD_OUTPUT: &str = "standard output";

pub(super) struct Output {
    writer: Writer,
    /// The file that is being written; `None` for standard output.
    file: Option<NewFile>,
}

enum Writer {
    Rows(Box<Sink>),
    Table(TablePrinter),
}

impl Output {
    /// Returns the requested format, or else the destination's default. `None` means a table with
    /// aligned columns.
    pub(super) fn format(args: &OutputArgs, streams: &Streams) -> Option<Format> {
        let csv = if args.raw_bytes {
            Format::RawCsv
        } else {
            Format::Csv
        };
        match args.format {
            Some(FormatArg::Table) => None,
            Some(FormatArg::Csv) => Some(csv),
            Some(FormatArg::Jsonl) => Some(Format::JsonLines),
            Some(FormatArg::Parquet) => Some(Format::Parquet),
            Some(FormatArg::Arrow) => Some(Format::Arrow),
            None => match &args.output {
                Some(path) => match Format::of_path(path) {
                    None | Some(Format::Csv) => Some(csv),
                    format => format,
                },
                None => (!streams.out_is_terminal).then_some(csv),
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
                "would write binary data to the terminal; name a file with -o",
            ));
        }
        let (out, file, path): (Box<dyn Write + Send>, _, _) = match &args.output {
            Some(path) => {
                let (out, file) = NewFile::create(path)?;
                let path = file.path().to_owned();
                (Box::new(out), Some(file), path)
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

    /// Ends the output after a failure: flushes it if it is standard output, a device or a pipe,
    /// and discards it if it is a regular file.
    pub(super) fn abandon(self) -> Result<()> {
        let is_stream = self.file.is_none_or(|file| file.is_stream());
        match self.writer {
            Writer::Rows(sink) if is_stream => sink.finish(),
            Writer::Table(printer) if is_stream => printer
                .finish()
                .map_err(Error::storage("write", STANDARD_OUTPUT)),
            _ => Ok(()),
        }
    }

    /// A warning about values that the format cannot express, if there are any.
    pub(super) fn warning(&self) -> Option<String> {
        match &self.writer {
            Writer::Rows(sink) => sink.warning(),
            Writer::Table(_) => None,
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        match self.writer {
            Writer::Rows(sink) => sink.finish()?,
            Writer::Table(printer) => printer
                .finish()
                .map_err(Error::storage("write", STANDARD_OUTPUT))?,
        }
        self.file.map_or(Ok(()), NewFile::keep)
    }
}
