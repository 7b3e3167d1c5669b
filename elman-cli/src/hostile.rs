//! One function per kind of file that a stranger can hand in: bytes go in, and out comes whether they were accepted.
//! Fuzz targets and tests call them. Whatever the bytes are, nothing may panic, hang, or take much more memory than they do.

use std::io::Cursor;
use std::path::Path;

use crate::data::conll::Conll;
use crate::data::pairs::Pairs;
use crate::data::table::Wanted;
use crate::data::{self, Bytes, Format, Lines, Loader};
use crate::failure::Result;
use crate::import;

/// What complaints call the bytes.
const NAME: &str = "the bytes";

/// Sentences in columns.
pub fn conll(bytes: &[u8]) -> bool {
    let tokens = reads_all(&Conll::TokensOnly, bytes);
    reads_all(&Conll::Labelled, bytes) || tokens
}

/// Texts and their classes.
pub fn pairs(bytes: &[u8]) -> bool {
    let texts = reads_all(&Pairs::TextsOnly, bytes);
    reads_all(&Pairs::Labelled, bytes) || texts
}

/// Tables with a header.
pub fn csv(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Csv))
}

/// Problems of the UCR and UEA archives.
pub fn ts(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Ts))
}

/// One array.
pub fn npy(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Npy))
}

/// An archive of arrays.
pub fn npz(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Npz))
}

/// Numbers in whichever format the bytes look like, packed by gzip or not.
pub fn any_table(bytes: &[u8]) -> bool {
    table(bytes, None)
}

/// Nets of other frameworks as ONNX graphs.
pub fn onnx(bytes: &[u8]) -> bool {
    import::reads_onnx(bytes.to_vec()).is_ok()
}

/// Nets of PyTorch as tensors.
pub fn state_dict(bytes: &[u8]) -> bool {
    import::reads_state_dict(bytes).is_ok()
}

fn reads_all(loader: &impl Loader, bytes: &[u8]) -> bool {
    let Ok(unpacked) = unpacked(bytes) else {
        return false;
    };
    let mut lines = Lines::new(NAME, unpacked).quiet();
    while let Ok(next) = loader.next_sequence(&mut lines) {
        if next.is_none() {
            return true;
        }
    }
    false
}

/// A table, read in all the ways that commands read one.
fn table(bytes: &[u8], format: Option<Format>) -> bool {
    let plain = Wanted {
        format,
        ..Wanted::default()
    };
    let ways = [
        Wanted {
            needs_labels: true,
            ..plain.clone()
        },
        Wanted {
            columns: Some(vec!["x2".to_owned(), "x1".to_owned()]),
            ..plain.clone()
        },
        Wanted {
            split_column: Some("split".to_owned()),
            ..plain.clone()
        },
        plain,
    ];
    ways.map(|wanted| reads_blocks(bytes, &wanted).is_ok())
        .contains(&true)
}

fn reads_blocks(bytes: &[u8], wanted: &Wanted) -> Result<()> {
    let mut table = data::table_of(unpacked(bytes)?, Path::new(NAME), wanted)?;
    let width = table.columns().len();
    while let Some(block) = table.next_block()? {
        assert!(
            block.rows > 0 && block.values.len() == block.rows * width,
            "rows are there and whole"
        );
    }
    Ok(())
}

fn unpacked(bytes: &[u8]) -> Result<Bytes> {
    data::unpacked(Box::new(Cursor::new(bytes.to_vec())), Path::new(NAME))
}
