//! Plain text: the whole of a file as one string of UTF-8.

use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::path::Path;

use super::lines::NOT_UTF8;
use super::nfc;
use super::open;
use crate::base::failure::{Failure, Result};

/// Reads a text that will be read again: of a pipe all of it stays there.
///
/// # Errors
/// As [`load`].
pub fn look(path: &Path) -> Result<String> {
    let text = load(path)?;
    if open::is_pipe(path) {
        open::keep(path, Box::new(Cursor::new(text.clone().into_bytes())));
    }
    Ok(text)
}

/// Reads a text. A byte-order mark is taken off, line ends become LF and letters take Normalization Form C, so that a text is
/// the same wherever it was saved.
///
/// # Errors
/// Missing, unreadable or empty files; bytes that are not UTF-8, by line and column.
pub fn load(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    open::open(path)?
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::read(path, &error))?;
    decode(bytes).map_err(|place| {
        let what = match place {
            None => "the file is empty".to_owned(),
            Some((line, column)) => {
                let path = path.display();
                return Failure::input(format!(
                    "{path}:{line}:{column}: the text is not UTF-8{NOT_UTF8}"
                ));
            }
        };
        Failure::input(what).in_file(path)
    })
}

/// The text, or line and column where it stops being one; `None` where there is nothing.
fn decode(mut bytes: Vec<u8>) -> Result<String, Option<(usize, usize)>> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let good = String::from_utf8_lossy(good);
        let line = good.matches('\n').count() + 1;
        let column = good.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some((line, column))
    })?;
    if text.contains("\r\n") {
        text = text.replace("\r\n", "\n");
    }
    if let Cow::Owned(normal) = nfc(&text) {
        text = normal;
    }
    if text.is_empty() { Err(None) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_and_line_ends_are_made_equal() {
        let decoded = decode("\u{feff}é\r\nb\n\n".as_bytes().to_vec());
        assert_eq!(decoded.unwrap(), "é\nb\n\n");
        assert_eq!(decode("e\u{301}\n".into()).unwrap(), "é\n");
        assert_eq!(decode(b"a\n\xC3\xA9b\xFFc".to_vec()), Err(Some((2, 3))));
        assert_eq!(decode(Vec::new()), Err(None));
        assert_eq!(decode("\u{feff}".into()), Err(None));
    }

    #[test]
    fn complaints_name_file_line_and_column() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f");
        std::fs::write(&path, b"ab\n\xFF").unwrap();
        let complaint = load(&path).unwrap_err().to_string();
        assert!(
            complaint.contains("f:2:1: the text is not UTF-8; if it is Latin-1"),
            "{complaint}"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in "[^\r\u{feff}]{1,40}") {
            prop_assert_eq!(decode(text.clone().into_bytes()), Ok(nfc(&text).into_owned()));
        }

        #[test]
        fn any_bytes_are_a_text_or_a_place(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(bytes);
        }
    }
}
