//! From files to numbers. One file per format, behind [`Loader`] where the steps are words and behind
//! [`table::Blocks`] where they are rows of numbers; everything after it sees [`Sequences`].

mod archive;
mod bare_rows;
mod blanked;
pub mod cells;
mod column_names;
mod columns;
pub mod conll;
pub mod csv;
pub mod dates;
pub mod demo;
mod dialect;
pub mod features;
mod foreign;
mod format;
pub mod frequency;
mod head;
mod header;
mod layout;
mod lines;
mod load;
mod nfc;
mod npy;
mod npy_array;
mod numbers;
mod open;
mod opening;
pub mod pairs;
pub mod reading;
pub mod running;
mod sequences;
pub mod spans;
pub mod spelling;
pub mod spread;
pub mod survey;
pub mod table;
pub mod text;
mod text_shape;
mod ts;
mod tsf;
mod ucr;
mod utf16;
pub mod vectors;

pub use cells::{is_missing, quoted, whole_name};
pub use columns::Columns;
pub use dialect::Dialect;
pub use format::Format;
pub use layout::Layout;
pub use lines::{Lines, Loader};
pub use load::{DataFile, load_table, open_table, table_of};
pub use nfc::nfc;
pub use open::{Bytes, is_pipe, unpacked};
pub use sequences::{Hiding, Rows, Sequences, Targets};
pub use text_shape::{Shape, Told};

#[cfg(test)]
mod tests;
