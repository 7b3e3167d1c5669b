//! Which columns of a file of lines hold the text and its label, where somebody said so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The column of the token or text and that of its label or class, counted from 1: `2,4`. Without a second number the label
/// is in the last column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Columns {
    /// Counted from 0.
    pub text: usize,
    /// Counted from 0; none is the last.
    pub label: Option<usize>,
}

impl FromStr for Columns {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{written} is no pair of columns; write the column of the text and that of its label, counted from 1: 2,4"
            )
        };
        let place = |number: &str| match number.trim().parse::<u16>() {
            Ok(number @ 1..) => Ok(usize::from(number) - 1),
            _ => Err(wrong()),
        };
        let (text, label) = match written.split_once(',') {
            Some((text, label)) => (place(text)?, Some(place(label)?)),
            None => (place(written)?, None),
        };
        if label == Some(text) {
            return Err(format!(
                "{written}: text and label cannot be in the same column"
            ));
        }
        Ok(Self { text, label })
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text + 1)?;
        self.label
            .map_or(Ok(()), |label| write!(f, ",{}", label + 1))
    }
}

impl TryFrom<String> for Columns {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        written.parse()
    }
}

impl From<Columns> for String {
    fn from(columns: Columns) -> Self {
        columns.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_from_one() {
        let columns: Columns = "2,4".parse().unwrap();
        assert_eq!((columns.text, columns.label), (1, Some(3)));
        assert_eq!(columns.to_string(), "2,4");
        assert_eq!("3".parse::<Columns>().unwrap().to_string(), "3");
        for wrong in ["0,1", "a", "2,2", "", "1,2,3", "-1", "99999"] {
            assert!(wrong.parse::<Columns>().is_err(), "{wrong}");
        }
    }
}
