//! JSON, one object per line.

use std::io::{Result, Write};

use arrow_array::RecordBatch;

use crate::table::cell::{Value, value, write_cell};

pub(super) struct JsonLinesSink {
    out: Box<dyn Write + Send>,
    cell: Vec<u8>,
}

impl JsonLinesSink {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self {
            out,
            cell: Vec::new(),
        }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            for (column, field) in schema.fields().iter().enumerate() {
                self.out.write_all(if column == 0 { b"{" } else { b"," })?;
                serde_json::to_writer(&mut self.out, field.name())?;
                self.out.write_all(b":")?;
                match value(batch, column, row) {
                    Value::Null => self.out.write_all(b"null")?,
                    Value::Text(text) => serde_json::to_writer(&mut self.out, text)?,
                    Value::Int(number) => write!(self.out, "{number}")?,
                    Value::Bool(truth) => write!(self.out, "{truth}")?,
                    Value::List(items) => serde_json::to_writer(&mut self.out, &items)?,
                    Value::Time(_) => {
                        self.cell.clear();
                        write_cell(&mut self.cell, batch, column, row, false)?;
                        serde_json::to_writer(&mut self.out, &String::from_utf8_lossy(&self.cell))?;
                    }
                }
            }
            self.out.write_all(b"}\n")?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.out.flush()
    }
}
