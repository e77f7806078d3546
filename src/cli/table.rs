//! Rows as a table for reading: aligned columns, cut to the width of the terminal.

use std::io::{Result, Write};

use super::terminal;
use crate::table::{RecordBatch, write_cell};

/// The maximum width of a column, except for the last.
const COLUMN_WIDTH: usize = 40;
/// The width to which ids are abbreviated.
const ID_WIDTH: usize = 10;

pub(super) struct TablePrinter {
    out: Box<dyn Write + Send>,
    /// The terminal's width in columns. With `None`, lines are not cut.
    width: Option<usize>,
    is_headed: bool,
}

impl TablePrinter {
    pub(super) fn new(out: Box<dyn Write + Send>, is_terminal: bool) -> Self {
        let width = is_terminal.then(|| usize::from(console::Term::stdout().size().1));
        Self {
            out,
            width,
            is_headed: false,
        }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let mut rows = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let cells = names
                .iter()
                .enumerate()
                .map(|(column, name)| cell(batch, column, row, name));
            rows.push(cells.collect::<Result<Vec<_>>>()?);
        }
        let widest = |column: usize| {
            let cells = rows
                .iter()
                .map(|row: &Vec<String>| console::measure_text_width(&row[column]));
            cells
                .max()
                .unwrap_or(0)
                .max(names[column].len())
                .min(COLUMN_WIDTH)
        };
        let widths: Vec<usize> = (0..names.len()).map(widest).collect();
        let is_number: Vec<bool> = schema
            .fields()
            .iter()
            .map(|field| field.data_type().is_numeric())
            .collect();
        if !self.is_headed {
            self.is_headed = true;
            let head: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            self.line(&head, &widths, &is_number)?;
        }
        rows.iter()
            .try_for_each(|row| self.line(row, &widths, &is_number))
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.out.flush()
    }

    fn line(&mut self, cells: &[String], widths: &[usize], is_number: &[bool]) -> Result<()> {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let is_last = column + 1 == cells.len();
            let cell = if is_last {
                cell.into()
            } else {
                console::truncate_str(cell, widths[column], "…")
            };
            let pad = " ".repeat(widths[column].saturating_sub(console::measure_text_width(&cell)));
            if column > 0 {
                line.push_str("  ");
            }
            if is_number[column] {
                line.push_str(&pad);
            }
            line.push_str(&cell);
            if !is_number[column] && !is_last {
                line.push_str(&pad);
            }
        }
        let line = match self.width {
            Some(width) => console::truncate_str(&line, width, "…"),
            None => line.as_str().into(),
        };
        writeln!(self.out, "{line}")
    }
}

/// A cell as one line of text. Control characters, which could move the cursor, are shown as
/// escapes.
fn cell(batch: &RecordBatch, column: usize, row: usize, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    write_cell(&mut bytes, batch, column, row, true)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut shown = terminal::line(&text.replace('\t', "  "));
    if name.ends_with("_id") && shown.len() > ID_WIDTH {
        shown.truncate(ID_WIDTH); // hex
    }
    Ok(shown)
}
