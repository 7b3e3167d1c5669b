//! Rows of the UCR archive as it is handed out: no header, a class and the values of one sequence on every line, parted by
//! TAB, comma, semicolon or spaces. Shorter sequences are filled up with NaN.

use std::io::BufRead;

use super::bare_rows::split;
use super::cells;
use super::table::{Block, Blocks, Labels, Wanted, choose, cut_padding};
use super::{Lines, whole_name};
use crate::base::failure::Result;

/// A file being read.
pub struct Ucr<R> {
    lines: Lines<R>,
    columns: Vec<String>,
    needs_labels: bool,
}

/// What the values of a row are called.
pub const UCR_COLUMN: &str = "x1";

impl<R: BufRead> Ucr<R> {
    /// Says what the file is taken for.
    ///
    /// # Errors
    /// A column is wanted that is not there.
    pub fn open(lines: Lines<R>, wanted: &Wanted) -> Result<Self> {
        let names = vec![UCR_COLUMN.to_owned()];
        let chosen = choose(&names, wanted).map_err(|what| lines.complain_of_file(&what))?;
        lines.note(
            "no header; a row is taken for a class and the values of one sequence, as in the UCR archive; other rows need a \
             header such as seq,t,x1,label",
        );
        Ok(Self {
            columns: chosen
                .into_iter()
                .map(|column| names[column].clone())
                .collect(),
            lines,
            needs_labels: wanted.needs_labels,
        })
    }
}

impl<R: BufRead> Blocks for Ucr<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn left_out(&self) -> &[String] {
        &[]
    }

    fn next_block(&mut self) -> Result<Option<Block>> {
        let Some((line, text)) = self.lines.next_batch(1)?.pop() else {
            return Ok(None);
        };
        let block = parse(&text, self.needs_labels);
        let block = block.map_err(|what| self.lines.complain_at(line, &what))?;
        Ok(Some(Block { line, ..block }))
    }
}

/// One line as a sequence.
fn parse(line: &str, needs_labels: bool) -> Result<Block, String> {
    let mut cells = split(line);
    let class = cells.next().unwrap_or("");
    let labels = if !cells::is_missing(class) {
        Labels::Same(whole_name(class).unwrap_or_else(|| class.to_owned()))
    } else if needs_labels {
        return Err("the class at the start of the line is missing".to_owned());
    } else {
        Labels::None
    };
    let number = |(step, cell): (usize, &str)| {
        cells::number(cell).map_err(|what| format!("column {}: {what}", step + 2))
    };
    let values: Vec<f64> = cells.enumerate().map(number).collect::<Result<_, _>>()?;
    if values.is_empty() {
        return Err("the line has a class and no values".to_owned());
    }
    let mut block = Block {
        rows: values.len(),
        values,
        labels,
        ..Block::default()
    };
    cut_padding(&mut block, 1);
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn read(text: &str) -> Result<Table> {
        let wanted = Wanted {
            needs_labels: true,
            ..Wanted::default()
        };
        let mut rows = Ucr::open(Lines::new("f", text.as_bytes()), &wanted)?;
        Table::collect(&mut rows, Path::new("f"))
    }

    #[test]
    fn every_way_to_part_the_cells_is_one_file() {
        let written = [
            "1\t0.5\t-1\t2\n-1\t4\tNaN\tNaN\n",
            "1,0.5,-1,2\r\n\r\n-1,4,,\r\n",
            "  1.0000000e+00   5.0e-01  -1.0  2.0\n -1.0  4.0  NaN NaN",
            "1; 0.5; -1; 2\n-1; 4; ; \n",
        ];
        for text in written {
            let table = read(text).unwrap();
            let [first, second] = &table.sequences[..] else {
                panic!("{table:?}")
            };
            assert_eq!(
                (&first.values[..], first.rows),
                (&[0.5, -1.0, 2.0][..], 3),
                "{text}"
            );
            assert_eq!(
                (&second.values[..], second.rows),
                (&[4.0][..], 1),
                "padding is cut"
            );
            assert_eq!(first.labels, Labels::Same("1".into()));
            assert_eq!(second.labels, Labels::Same("-1".into()));
        }
    }

    #[test]
    fn complaints_name_line_and_column() {
        let complaint = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            complaint("1\t2\tx\n"),
            "f:1: column 3: \"x\" is not a number"
        );
        assert!(complaint("\n?\t2\n").starts_with("f:2: the class at the start"));
        assert!(complaint("1\n").contains("a class and no values"));
    }

    proptest! {
        #[test]
        fn any_text_is_rows_or_an_error(text in "[-0-9a.,;\t \n]{0,60}") {
            let _ = read(&text);
        }
    }
}
