//! Where a table begins: remarks and other lines above its header, the delimiter, a line of units below.

use std::collections::HashSet;

use super::cells::{Cells, DELIMITERS, number};
use super::numbers::Notation;

/// A header is looked for in so many lines.
pub const TALLEST: usize = 30;

/// The beginning of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub delimiter: u8,
    pub names: Vec<String>,
    /// Which of the lines it is.
    pub line: usize,
    /// The header is a remark: `# t,y`.
    pub is_remark: bool,
    /// Lines above the header that are no remarks.
    pub preamble: usize,
}

impl Head {
    /// The header among the first lines of a table, none of which is blank; `None` where there are only remarks. The first line
    /// that names all `wanted` columns is it.
    pub fn find(lines: &[&str], wanted: Option<&[String]>) -> Option<Self> {
        let first = lines.iter().position(|line| !is_remark(line))?;
        let said = said_delimiter(lines[first]);
        let first = first + usize::from(said.is_some());
        let rest = lines.get(first..)?;
        let (&line, after) = rest.split_first()?;
        if let Some(head) = commented(lines, first) {
            return Some(head);
        }
        let names = |line: &&str| wanted.is_some_and(|wanted| names_all(line, wanted));
        let named = rest.iter().take(TALLEST).position(names);
        let (usual, fitting) = delimiter(line, after, said);
        let at = |line: usize, delimiter: u8, text: &str| {
            let mut cells = Cells::new(delimiter);
            // A header that cannot be split is complained about by who reads the table.
            let _ = cells.split(text);
            Self {
                delimiter,
                names: cells.iter().map(String::from).collect(),
                line,
                is_remark: false,
                preamble: line - first,
            }
        };
        if let Some(below) = named.filter(|&below| below > 0) {
            let text = rest[below];
            let (delimiter, _) = delimiter(text, &rest[below + 1..], said);
            return Some(at(first + below, delimiter, text));
        }
        if named.is_none() && 2 * fitting < after.len() {
            for below in 1..rest.len().min(TALLEST) {
                if let Some(delimiter) = is_header(rest[below], &rest[below + 1..]) {
                    return Some(at(first + below, delimiter, rest[below]));
                }
            }
        }
        Some(at(first, usual, line))
    }

    /// Whether a line has the cells of this header, apart from empty ones at the end.
    pub fn fits(&self, cells: &Cells) -> bool {
        fits(cells, self.names.len()) || {
            let named = self.names.iter().rposition(|name| !name.is_empty());
            named.is_some_and(|named| cells.len() > named && cells.len() <= self.names.len())
        }
    }
}

/// Whether a line names all of these columns, behind a remark's mark or not.
pub fn names_all(line: &str, columns: &[String]) -> bool {
    let has_all = |cells: &Cells| {
        let names: HashSet<&str> = cells.iter().collect();
        columns.iter().all(|column| names.contains(column.as_str()))
    };
    let bare = line.trim_start_matches('#').trim_start();
    is_split_so(line, has_all) || bare != line && is_split_so(bare, has_all)
}

/// Whether a cell of a line is a number, whatever parts its cells.
pub fn holds_number(line: &str) -> bool {
    is_split_so(line, |cells| cells.iter().any(is_number))
}

/// Whether something holds of the cells of a line, by any of the delimiters that it has.
fn is_split_so(line: &str, holds: impl Fn(&Cells) -> bool) -> bool {
    let bytes = line.as_bytes();
    let there = DELIMITERS
        .into_iter()
        .filter(|delimiter| bytes.contains(delimiter));
    let mut there = there.peekable();
    // A line without any of them is one cell, whatever parts others.
    let alone = there.peek().is_none().then_some(DELIMITERS[0]);
    there.chain(alone).any(|delimiter| {
        let mut cells = Cells::new(delimiter);
        cells.split(line).is_ok() && holds(&cells)
    })
}

fn is_number(cell: &str) -> bool {
    number(cell).is_ok_and(|value| !value.is_nan())
}

/// Whether a line above the header is a remark.
pub fn is_remark(line: &str) -> bool {
    line.starts_with('#')
}

/// `sep=;`, which spreadsheets write and understand.
pub fn said_delimiter(line: &str) -> Option<u8> {
    match line.trim().as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] => Some(*delimiter),
        _ => None,
    }
}

/// Whether a line of data holds units, types or the like: words in the columns of numbers, and in no column a number, however
/// it is written, or a date.
pub fn is_units(
    cells: &Cells,
    notation: &Notation,
    inputs: impl Iterator<Item = usize> + Clone,
) -> bool {
    let begins = |cell: &str, mark: fn(char) -> bool| cell.starts_with(mark);
    let is_infinite = |cell: &str| cell.parse::<f64>().is_ok();
    let is_measured = |cell: &str| {
        let begins_as_number = begins(cell, |c| {
            c.is_ascii_digit() || "+-\u{2212}.,$€£¥".contains(c)
        });
        !notation.is_missing(cell) && (begins_as_number || is_infinite(cell))
    };
    let is_word = |cell: &str| {
        let begins_as_word = begins(cell, |c| c.is_alphabetic() || "%‰°µ[(/".contains(c));
        begins_as_word && !notation.is_missing(cell)
    };
    let mut inputs = inputs.map(|column| cells.get(column));
    !cells.iter().any(is_measured)
        && inputs.clone().any(is_word)
        && inputs.all(|cell| is_word(cell) || notation.is_missing(cell))
}

/// The delimiter that parts the most lines into as many cells as the header, and in how many it does.
pub fn delimiter(header: &str, after: &[&str], said: Option<u8>) -> (u8, usize) {
    let count = |delimiter: u8| header.bytes().filter(|&byte| byte == delimiter).count();
    // What only ends the line parts nothing.
    let parts = |delimiter: u8| {
        let cells = header.split(char::from(delimiter));
        cells.filter(|cell| !cell.trim().is_empty()).count() > 1
    };
    let candidates = said
        .into_iter()
        .chain(DELIMITERS)
        .filter(|&delimiter| count(delimiter) > 0);
    let ranked = candidates.map(|delimiter| {
        let fitting = fitting(delimiter, header, after);
        let rank = (
            said == Some(delimiter),
            parts(delimiter),
            fitting,
            count(delimiter),
        );
        (rank, delimiter)
    });
    // Of equals the first stays.
    let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some(((_, _, fitting, _), delimiter)) => (delimiter, fitting),
        None => (DELIMITERS[0], fitting(DELIMITERS[0], header, after)),
    }
}

/// In how many lines a delimiter finds as many cells as in the header.
fn fitting(delimiter: u8, header: &str, after: &[&str]) -> usize {
    let mut cells = Cells::new(delimiter);
    if cells.split(header).is_err() {
        return 0;
    }
    let width = cells.len();
    let mut fit = |line: &&&str| cells.split(line).is_ok() && fits(&cells, width);
    after.iter().filter(|line| fit(line)).count()
}

fn fits(cells: &Cells, width: usize) -> bool {
    cells.len() == width
        || (cells.len() > width && (width..cells.len()).all(|cell| cells.get(cell).is_empty()))
}

/// Whether a line below others is a header: of some names, and all lines after it have as many cells, one of them a number.
fn is_header(line: &str, after: &[&str]) -> Option<u8> {
    let (delimiter, fitting) = delimiter(line, after, None);
    let mut cells = Cells::new(delimiter);
    cells.split(line).ok()?;
    let is_names = cells.len() > 1
        && cells
            .iter()
            .all(|name| !name.is_empty() && number(name).is_err());
    let has_number = |line: &&str| cells.split(line).is_ok() && cells.iter().any(is_number);
    (is_names && after.len() > 1 && fitting == after.len() && after.iter().any(has_number))
        .then_some(delimiter)
}

/// A header behind `#`, as NumPy writes it: the last remark, if its names fit the numbers below.
fn commented(lines: &[&str], first: usize) -> Option<Head> {
    let line = first.checked_sub(1)?;
    let text = lines[line]
        .strip_prefix('#')?
        .trim_start_matches('#')
        .trim();
    let (delimiter, _) = delimiter(text, &lines[first..], None);
    // `#,x,y` has a first name, and that is the mark.
    let text = match text.as_bytes().first() {
        Some(&mark) if mark == delimiter => lines[line],
        _ => text,
    };
    let mut cells = Cells::new(delimiter);
    cells.split(lines[first]).ok()?;
    let is_data = cells.len() > 1 && cells.iter().any(is_number);
    let width = cells.len();
    cells.split(text).ok()?;
    let names: Vec<String> = cells.iter().map(String::from).collect();
    let are_names = names.len() == width
        && names
            .iter()
            .all(|name| number(name).is_err() || name.is_empty())
        && names.first().is_some_and(|name| !name.is_empty());
    (is_data && are_names).then_some(Head {
        delimiter,
        names,
        line,
        is_remark: true,
        preamble: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        Head::find(&text.lines().collect::<Vec<_>>(), None).unwrap()
    }

    #[test]
    fn a_header_names_all_wanted_columns() {
        let wanted = ["t", "y"].map(String::from);
        let find = |text: &str| {
            let lines: Vec<&str> = text.lines().collect();
            let head = Head::find(&lines, Some(&wanted)).unwrap();
            (head.line, head.delimiter, head.preamble)
        };
        assert_eq!(find("Device,Logger\nStart,12:00\nt,y\n0,1"), (2, b',', 2));
        assert_eq!(find("Logger 1.2\nt;y\n0;1,5"), (1, b';', 1));
        assert_eq!(find("t,y\n0,1\n1,2"), (0, b',', 0));
    }

    #[test]
    fn the_delimiter_is_what_parts_all_lines_alike() {
        let found = [
            "a,b",
            "a;b;c,d",
            "a\tb",
            "a",
            "a|b",
            "a, C;b, %;c\n1,0;2,0;3,0",
        ]
        .map(|text| head(text).delimiter);
        assert_eq!(found, [b',', b';', b'\t', b',', b'|', b';']);
        assert_eq!(head("1,a,2.5;\n,;\n2,b,3.5;").delimiter, b',');
        assert_eq!(head("sep=;\na;b,c\n1;2\n").names, ["a", "b,c"]);
    }

    #[test]
    fn remarks_and_other_lines_above_a_header_are_no_header() {
        let found = head("#Demo\n#No: 1\nt,y\n0,1\n");
        assert_eq!((found.line, found.preamble, found.is_remark), (2, 0, false));
        let found = head("Demo logger\nStart,2024-05-01 12:00\nseq,t,y\n0,0,1\n0,1,2\n");
        assert_eq!((found.line, found.preamble, found.names.len()), (2, 2, 3));
        let found = head("# by me\n# t y,z\n0,1\n");
        assert_eq!(
            (found.names, found.is_remark),
            (vec!["t y".to_owned(), "z".to_owned()], true)
        );
        assert_eq!(head("#a\nx\n1\n").names, ["x"]);
        assert_eq!(head("#,x,y\n0,1,2\n1,2,3\n").names, ["#", "x", "y"]);
        assert_eq!(head("#seq,x,\n0,1,\n0,2,\n").names, ["seq", "x", ""]);
        assert_eq!(Head::find(&["#a", "#b"], None), None);
    }

    #[test]
    fn a_table_with_a_mistake_keeps_its_header() {
        assert_eq!(head("x,y\n1,2\n1\n").line, 0);
        assert_eq!(head("x,y\n1\n").line, 0);
        assert_eq!(head("y\n5,0\n6,0\n").line, 0);
    }

    #[test]
    fn units_are_no_numbers() {
        let is_units = |line: &str| {
            let mut cells = Cells::new(b',');
            cells.split(line).unwrap();
            is_units(&cells, &Notation::new(false, &["off".to_owned()]), 1..3)
        };
        for line in ["-,s,m/s2,-", "date,float,float,str", ",°C,,", "-,[V],(A),-"] {
            assert!(is_units(line), "{line}");
        }
        for line in [
            "0,s,m,-",
            "a,,NaN,b",
            "a,inf,,b",
            "a,\"1,100.00\",,b",
            "a,$100,,b",
            "a,off,,b",
            "2020-01-01,s,m,b",
        ] {
            assert!(!is_units(line), "{line}");
        }
    }
}
