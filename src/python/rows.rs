//! Rows as Python dictionaries.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use super::runtime::GilYielder;
use crate::table::{RecordBatch, Value, decode, value};

/// Bytes as a Python string. Bytes that are not UTF-8 become surrogate escapes, as in Python's file
/// names.
pub(super) fn text<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(_) => PyBytes::new(py, bytes).call_method1("decode", ("utf-8", "surrogateescape")),
    }
}

/// Appends a dictionary per row to `rows`.
pub(super) fn append(
    rows: &Bound<'_, PyList>,
    batch: &RecordBatch,
    surrogates: bool,
    yielder: &mut GilYielder<'_>,
) -> PyResult<()> {
    let py = rows.py();
    let schema = batch.schema();
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| PyString::intern(py, field.name()))
        .collect();
    for row in 0..batch.num_rows() {
        yielder.turn()?;
        let dict = PyDict::new(py);
        for (column, name) in names.iter().enumerate() {
            dict.set_item(name, to_py(py, &value(batch, column, row), surrogates)?)?;
        }
        rows.append(dict)?;
    }
    Ok(())
}

fn to_py<'py>(py: Python<'py>, value: &Value<'_>, surrogates: bool) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Text(encoded) if surrogates => text(py, &decode(encoded)),
        Value::Text(encoded) => Ok(PyString::new(py, encoded).into_any()),
        Value::Int(number) => Ok(number.into_pyobject(py)?.into_any()),
        Value::Bool(truth) => Ok(truth.into_pyobject(py)?.to_owned().into_any()),
        Value::Time(seconds) => time(py, *seconds),
        Value::List(items) => Ok(items.into_pyobject(py)?.into_any()),
    }
}

/// An aware datetime in UTC; plain seconds for a year that Python does not support.
fn time(py: Python<'_>, seconds: i64) -> PyResult<Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    let (epoch, delta) = EPOCH.get_or_try_init(py, || -> PyResult<_> {
        let module = py.import("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        let epoch = module
            .getattr("datetime")?
            .call1((1970, 1, 1, 0, 0, 0, 0, utc))?;
        Ok((epoch.unbind(), module.getattr("timedelta")?.unbind()))
    })?;
    let shifted = delta
        .bind(py)
        .call1((0, seconds))
        .and_then(|delta| epoch.bind(py).add(delta));
    shifted.or_else(|_| Ok(seconds.into_pyobject(py)?.into_any()))
}
