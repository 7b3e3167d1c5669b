//! What somebody says about a table that the table does not say: which columns have a purpose of their own, and what stands
//! for no value. Kept with the model, so that whatever is read later is read alike.

use clap::Args;
use serde::{Deserialize, Serialize};

/// How a table is to be understood.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Dialect {
    /// Tables: a value that means missing, besides empty cells, NaN, NA and the like; may be given several times
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Tables: the column that says which sequence a row belongs to [default: seq, sequence, unique_id or series_id]
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq_column: Option<String>,
    /// Tables: the column that counts the steps of a sequence [default: t, step or time_step]
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_column: Option<String>,
    /// Tables: the column of the labels [default: label, class, activity or category]
    #[arg(long, value_name = "COLUMN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_column: Option<String>,
}

impl Dialect {
    /// Whether a column has a purpose because somebody said so.
    pub const fn names_columns(&self) -> bool {
        self.seq_column.is_some() || self.step_column.is_some() || self.label_column.is_some()
    }

    /// Whether nobody said anything.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}
