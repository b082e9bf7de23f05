//! Values as both databases know them.

use jiff::Timestamp;

use crate::StoreError;

/// A value of a column or a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number; truth is 0 or 1, time is milliseconds since 1970.
    Int(i64),
    /// A fraction.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.as_millisecond())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer. Columns are taken from the left, each once, in the order in which the
/// statement names them.
#[derive(Debug, Clone)]
pub struct Row {
    values: std::vec::IntoIter<Value>,
    column: usize,
}

impl Row {
    /// Makes a row of its values.
    pub fn new(values: Vec<Value>) -> Self {
        Self { values: values.into_iter(), column: 0 }
    }

    fn take(&mut self) -> Result<Value, StoreError> {
        self.column += 1;
        self.values.next().ok_or_else(|| StoreError::Form(format!("there is no column {}", self.column)))
    }

    fn unfit(&self, wanted: &str) -> StoreError {
        StoreError::Form(format!("column {} is no {wanted}", self.column))
    }

    /// Takes a whole number.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn int(&mut self) -> Result<i64, StoreError> {
        self.opt_int()?.ok_or_else(|| self.unfit("number"))
    }

    /// Takes a whole number or nothing.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn opt_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.take()? {
            Value::Int(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(self.unfit("number")),
        }
    }

    /// Takes a count.
    ///
    /// # Errors
    /// When the column is missing, something else or negative.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.int()?).map_err(|_| self.unfit("count"))
    }

    /// Takes a fraction.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn real(&mut self) -> Result<f64, StoreError> {
        match self.take()? {
            Value::Real(value) => Ok(value),
            // SQLite gives back a whole fraction as what it is.
            Value::Int(value) => i32::try_from(value).map(f64::from).map_err(|_| self.unfit("fraction")),
            _ => Err(self.unfit("fraction")),
        }
    }

    /// Takes truth.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn truth(&mut self) -> Result<bool, StoreError> {
        Ok(self.int()? != 0)
    }

    /// Takes a text.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn text(&mut self) -> Result<String, StoreError> {
        self.opt_text()?.ok_or_else(|| self.unfit("text"))
    }

    /// Takes a text or nothing.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn opt_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.take()? {
            Value::Text(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(self.unfit("text")),
        }
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        self.opt_blob()?.ok_or_else(|| self.unfit("bytes"))
    }

    /// Takes bytes or nothing.
    ///
    /// # Errors
    /// When the column is missing or something else.
    pub fn opt_blob(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.take()? {
            Value::Blob(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(self.unfit("bytes")),
        }
    }

    /// Takes a time.
    ///
    /// # Errors
    /// When the column is missing, something else or beyond the years that are times.
    pub fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.opt_time()?.ok_or_else(|| self.unfit("time"))
    }

    /// Takes a time or nothing.
    ///
    /// # Errors
    /// When the column is missing, something else or beyond the years that are times.
    pub fn opt_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let Some(value) = self.opt_int()? else { return Ok(None) };
        Timestamp::from_millisecond(value).map(Some).map_err(|_| self.unfit("time"))
    }

    /// Takes a JSON text and reads it.
    ///
    /// # Errors
    /// When the column is missing, no text, or not of the form.
    pub fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|error| StoreError::Form(format!("column {}: {error}", self.column)))
    }

    /// Takes a JSON text or nothing and reads it.
    ///
    /// # Errors
    /// When the column is missing, no text, or not of the form.
    pub fn opt_json<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let Some(text) = self.opt_text()? else { return Ok(None) };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| StoreError::Form(format!("column {}: {error}", self.column)))
    }
}

/// Writes a value as the JSON text of a column.
///
/// # Errors
/// When the value has no JSON form (a map whose keys are no texts).
pub(crate) fn json(value: &impl serde::Serialize) -> Result<Value, StoreError> {
    serde_json::to_string(value).map(Value::Text).map_err(|error| StoreError::Form(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_taken_from_the_left() {
        let mut row = Row::new(vec![Value::Int(1), Value::Text("a".into()), Value::Null, Value::Int(5)]);
        assert_eq!(row.int().unwrap(), 1);
        assert_eq!(row.text().unwrap(), "a");
        assert_eq!(row.opt_text().unwrap(), None);
        assert!(row.text().is_err(), "a number is no text");
        assert!(row.int().unwrap_err().to_string().contains("column 5"));
    }

    #[test]
    fn times_beyond_the_calendar_are_refused() {
        assert!(Row::new(vec![Value::Int(i64::MAX)]).time().is_err());
    }
}
