//! The cells of one line of a CSV file.

use std::cell::RefCell;
use std::collections::BTreeMap;

pub use super::numbers::{is_missing, number};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The delimiters that are looked for; of equals the first is the most usual.
pub const DELIMITERS: [u8; 4] = *b",\t;|";

/// The complaint about a cell that begins with a mark and does not end with one.
pub const UNCLOSED: &str = r#"a quotation mark (") is not closed on this line"#;

thread_local! {
    /// A parser for every delimiter: building one takes as long as parsing a thousand lines (175,000 instructions), and a copy
    /// of csv-core 0.1.13 is none (`Dfa::clone` leaves out tables).
    static PARSERS: RefCell<BTreeMap<u8, Reader>> = const { RefCell::new(BTreeMap::new()) };
}

/// What a parser at its start makes of a line.
fn parse<T>(delimiter: u8, parse: impl FnOnce(&mut Reader) -> T) -> T {
    PARSERS.with_borrow_mut(|parsers| {
        let build = || ReaderBuilder::new().delimiter(delimiter).build();
        let parser = parsers.entry(delimiter).or_insert_with(build);
        parser.reset();
        parse(parser)
    })
}

/// Takes lines apart. Buffers are kept, so that nothing is allocated once the longest line has been seen.
pub struct Cells {
    delimiter: u8,
    text: Vec<u8>,
    ends: Vec<usize>,
    len: usize,
}

impl Cells {
    /// For lines of that delimiter.
    pub fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            text: Vec::new(),
            ends: Vec::new(),
            len: 0,
        }
    }

    /// Takes a line apart.
    ///
    /// # Errors
    /// A quotation mark is not closed.
    pub fn split(&mut self, line: &str) -> Result<(), String> {
        if is_open(line) {
            return Err(UNCLOSED.to_owned());
        }
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(line.len() + 2, 0);
        let Self { text, ends, .. } = self;
        let (first, len) = parse(self.delimiter, |parser| {
            let (first, _, taken, found) = parser.read_record(line.as_bytes(), text, ends);
            let (_, _, _, more) = parser.read_record(&[], &mut text[taken..], &mut ends[found..]);
            (first, found + more)
        });
        self.len = len;
        match first {
            // The whole line was taken, and its end closed the record.
            ReadRecordResult::InputEmpty => Ok(()),
            // For the parser a carriage return in the middle of a line ends a record, and so does a line end where quotation marks
            // stand otherwise than in pairs.
            _ if line.contains('\r') => Err("the line holds a carriage return".to_owned()),
            _ => Err(UNCLOSED.to_owned()),
        }
    }

    /// How many cells the line has.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// One cell without the spaces around it, or an empty one beyond the last.
    pub fn get(&self, cell: usize) -> &str {
        if cell >= self.len {
            return "";
        }
        let start = if cell == 0 { 0 } else { self.ends[cell - 1] };
        // Lines are UTF-8 and delimiters are ASCII, so a cell is UTF-8.
        std::str::from_utf8(&self.text[start..self.ends[cell]])
            .unwrap_or("")
            .trim()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len).map(|cell| self.get(cell))
    }
}

/// Whether a cell in quotes goes on after the end of this text.
pub fn is_open(text: &str) -> bool {
    quotes(text, false).is_open
}

/// What quotation marks do to cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotes {
    /// A cell in quotes goes on after the end of the text.
    pub is_open: bool,
    /// A mark within a cell in quotes neither ends it nor is written twice.
    pub has_stray: bool,
}

/// Looks through a text that begins within a cell in quotes or not. Only a mark at the beginning of a cell opens it.
pub fn quotes(text: &str, is_open: bool) -> Quotes {
    let mut quotes = Quotes {
        is_open,
        has_stray: false,
    };
    let bytes = text.as_bytes();
    if !bytes.contains(&b'"') {
        return quotes;
    }
    let is_end = |byte: Option<&u8>| {
        byte.is_none_or(|byte| DELIMITERS.contains(byte) || matches!(byte, b' ' | b'\r' | b'\n'))
    };
    let begins_cell = |at: usize| {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        before.is_none_or(|byte| DELIMITERS.contains(&byte) || byte == b'\n')
    };
    let mut from = 0;
    // From mark to mark: what stands between says nothing.
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == b'"') {
        let at = from + found;
        from = at + 1;
        let next = bytes.get(from);
        if quotes.is_open && next == Some(&b'"') {
            from += 1;
        } else if quotes.is_open {
            quotes.is_open = false;
            quotes.has_stray |= !is_end(next);
        } else if begins_cell(at) {
            quotes.is_open = true;
        }
    }
    quotes
}

/// A name that is a whole number, as one writes it without a point: `1.0` and `1e0` are called 1. Leading zeros make a
/// code of a number, and it stays what it is.
pub fn whole_name(name: &str) -> Option<String> {
    /// Beyond it doubles do not tell neighbours apart.
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    let digits = name.trim_start_matches(['-', '+']).as_bytes();
    let is_code = matches!(digits, [b'0', b'0'..=b'9', ..]);
    let value: f64 = name.parse().ok()?;
    let is_whole = value.fract() == 0.0 && value.abs() < LARGEST;
    (is_whole && !is_code).then(|| format!("{}", value as i64))
}

/// A text as a cell of a CSV file, in quotes where it must be.
pub fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(delimiter: u8, line: &str) -> Result<Vec<String>, String> {
        let mut cells = Cells::new(delimiter);
        cells.split("a,much,longer,line,before,,,,")?;
        cells.split(line)?;
        Ok(cells.iter().map(String::from).collect())
    }

    #[test]
    fn cells_may_be_quoted_empty_or_spaced() {
        assert_eq!(
            split(b',', r#" a ,"b,c",,"say ""no""", é"#).unwrap(),
            ["a", "b,c", "", r#"say "no""#, "é"]
        );
        assert_eq!(split(b'\t', "a,b\tc\t").unwrap(), ["a,b", "c", ""]);
        assert_eq!(split(b',', "x").unwrap(), ["x"]);
        assert!(split(b',', "\"a,b").is_err() && split(b',', "a\rb").is_err());
    }

    #[test]
    fn whole_numbers_have_one_name() {
        let names = ["1", "1.0", "1.", "+1", "1e0", "1.0000000e+00"];
        assert!(
            names
                .iter()
                .all(|name| whole_name(name).as_deref() == Some("1"))
        );
        assert_eq!(whole_name("-0.0").as_deref(), Some("0"));
        assert!(
            ["01", "1.5", "a", "", "nan", "inf", "1e300"]
                .iter()
                .all(|name| whole_name(name).is_none())
        );
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(
            ["a b", "a,b", "a\"b"].map(quoted),
            ["a b", "\"a,b\"", "\"a\"\"b\""]
        );
    }
}
