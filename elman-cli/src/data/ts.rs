//! The `.ts` files of the UCR and UEA archives (sktime, aeon): lines that begin with `@` describe the problem; after
//! `@data` every line is one sequence: dimensions parted by colons, their values by commas, the class last.

use std::collections::VecDeque;
use std::io::BufRead;

use rayon::prelude::*;

use super::Lines;
use super::cells;
use super::table::{Block, Blocks, Labels, Wanted, choose, cut_padding};
use crate::base::failure::Result;

const OTHER: &str = "an .arff file of Weka, or a .tsf file of the forecasting archive (--format tsf), and not a .ts file; save .arff \
                     as CSV with a header seq,t,x1,label";

/// A file being read.
pub struct Ts<R> {
    lines: Lines<R>,
    problem: Problem,
    columns: Vec<String>,
    /// Lines that were read ahead, with their numbers; the first tells how many dimensions there are.
    batch: Vec<(usize, String)>,
    /// Sequences that were made of lines together.
    blocks: VecDeque<Result<Block>>,
}

/// All that is needed to make a sequence of a line.
#[derive(Default)]
struct Problem {
    has_class: bool,
    needs_labels: bool,
    /// Classes that the header names; none where it names none.
    classes: Vec<String>,
    /// Names of all dimensions.
    dimensions: Vec<String>,
    /// Which of them are read.
    chosen: Vec<usize>,
}

/// The next line of a header that begins with `@`: its keyword in small letters, and what follows.
///
/// # Errors
/// The file ends, or there are data, before `@data`.
pub fn next_setting(lines: &mut Lines<impl BufRead>) -> Result<(String, String)> {
    loop {
        let Some(line) = lines.next_line()? else {
            return Err(lines.complain_of_file("the file has no @data"));
        };
        let line = line.trim();
        if line.starts_with('@') {
            let (keyword, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            return Ok((keyword.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if !line.is_empty() && !line.starts_with(['#', '%']) {
            return Err(lines.complain("data before the line @data"));
        }
    }
}

impl<R: BufRead> Ts<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A header that does not fit, or no data.
    pub fn open(mut lines: Lines<R>, wanted: &Wanted) -> Result<Self> {
        let mut problem = Problem {
            needs_labels: wanted.needs_labels,
            ..Problem::default()
        };
        loop {
            let (keyword, value) = next_setting(&mut lines)?;
            let mut words = value.split_whitespace();
            let value = words.next().unwrap_or("").to_ascii_lowercase();
            match (keyword.as_str(), value.as_str()) {
                ("@data", _) => break,
                ("@classlabel", _) => {
                    problem.has_class = value == "true";
                    problem.classes = words.map(str::to_owned).collect();
                }
                ("@targetlabel", "true") if wanted.needs_labels && !wanted.has_numeric_labels => {
                    return Err(lines.complain(
                        "the targets of this file are numbers (@targetLabel), which elman train regress learns; a few numbers \
                         that stand for classes are declared by @classLabel true 1 2 3",
                    ));
                }
                ("@targetlabel", "true") => problem.has_class = true,
                ("@timestamps", "true") => {
                    return Err(lines.complain(
                        "steps with time stamps are not read; save the file without them",
                    ));
                }
                ("@attribute" | "@frequency" | "@horizon", _) => return Err(lines.complain(OTHER)),
                _ => {}
            }
        }
        if wanted.needs_labels && !problem.has_class {
            return Err(lines.complain_of_file("the file has no classes (@classLabel true …)"));
        }
        let mut ts = Self {
            lines,
            problem,
            columns: Vec::new(),
            batch: Vec::new(),
            blocks: VecDeque::new(),
        };
        ts.find_dimensions(wanted)?;
        Ok(ts)
    }

    /// Counts the dimensions of the first sequence; what the header says about them is optional.
    fn find_dimensions(&mut self, wanted: &Wanted) -> Result<()> {
        self.batch = self.next_lines()?;
        let Some((_, line)) = self.batch.first() else {
            return Err(self.lines.complain_of_file("the file has no rows of data"));
        };
        let fields = line.split(':').count();
        let problem = &mut self.problem;
        let dimensions = fields.saturating_sub(usize::from(problem.has_class));
        if dimensions == 0 {
            return Err(self.lines.complain("the line has no class after a colon"));
        }
        problem.dimensions = (1..=dimensions).map(|i| format!("x{i}")).collect();
        problem.chosen =
            choose(&problem.dimensions, wanted).map_err(|what| self.lines.complain(&what))?;
        let columns = problem.chosen.iter();
        self.columns = columns.map(|&i| problem.dimensions[i].clone()).collect();
        Ok(())
    }

    /// The next lines of data; none at the end.
    fn next_lines(&mut self) -> Result<Vec<(usize, String)>> {
        loop {
            let mut batch = self.lines.next_batch(self.lines.batch())?;
            let is_end = batch.is_empty();
            batch.retain(|(_, line)| !line.starts_with('#'));
            if is_end || !batch.is_empty() {
                return Ok(batch);
            }
        }
    }
}

impl Problem {
    /// One line as a sequence.
    fn parse(&self, line: &str) -> Result<Block, String> {
        let mut fields: Vec<&str> = line.split(':').collect();
        let class = if self.has_class { fields.pop() } else { None };
        if fields.len() != self.dimensions.len() {
            return Err(format!(
                "{} dimensions where the first sequence has {}",
                fields.len(),
                self.dimensions.len()
            ));
        }
        let rows = fields[0].split(',').count();
        let width = self.chosen.len();
        let mut values = vec![0.0; rows * width];
        for (place, &dimension) in self.chosen.iter().enumerate() {
            let field = fields[dimension];
            let name = &self.dimensions[dimension];
            let steps = field.split(',').count();
            if steps != rows {
                return Err(format!(
                    "dimension {name} has {steps} steps, the first has {rows}; dimensions of one sequence need the same length"
                ));
            }
            for (step, cell) in field.split(',').enumerate() {
                values[step * width + place] = cells::number(cell.trim())
                    .map_err(|what| format!("dimension {name}, step {}: {what}", step + 1))?;
            }
        }
        let mut block = Block {
            values,
            rows,
            labels: class.map_or(Ok(Labels::None), |class| self.class(class.trim()))?,
            ..Block::default()
        };
        cut_padding(&mut block, width);
        Ok(block)
    }

    fn class(&self, class: &str) -> Result<Labels, String> {
        if cells::is_missing(class) && !self.needs_labels {
            return Ok(Labels::None);
        }
        if class.is_empty() {
            return Err("the class at the end of the line is empty".to_owned());
        }
        let is_known = self.classes.is_empty() || self.classes.iter().any(|known| known == class);
        if !is_known {
            return Err(format!(
                "the header does not name the class {class} (it names {})",
                self.classes.join(", ")
            ));
        }
        Ok(Labels::Same(class.to_owned()))
    }
}

impl<R: BufRead> Blocks for Ts<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn left_out(&self) -> &[String] {
        &[]
    }

    fn next_block(&mut self) -> Result<Option<Block>> {
        if self.blocks.is_empty() {
            let mut batch = std::mem::take(&mut self.batch);
            if batch.is_empty() {
                batch = self.next_lines()?;
            }
            let problem = &self.problem;
            let parse = |(line, text): &(usize, String)| {
                let block = problem.parse(text).map(|block| Block {
                    line: *line,
                    ..block
                });
                (*line, block)
            };
            let blocks: Vec<_> = batch.par_iter().map(parse).collect();
            let complain = |(line, block): (usize, Result<Block, String>)| {
                block.map_err(|what| self.lines.complain_at(line, &what))
            };
            self.blocks = blocks.into_iter().map(complain).collect();
        }
        self.blocks.pop_front().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Table;
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    const HEAD: &str = "# note\n@problemName p\n@timeStamps false\n@univariate false\n@classLabel true a b\n@data\n";

    fn read(text: &str, wanted: &Wanted) -> Result<Table> {
        let mut ts = Ts::open(Lines::new("f", text.as_bytes()), wanted)?;
        Table::collect(&mut ts, Path::new("f"))
    }

    fn labelled() -> Wanted {
        Wanted {
            needs_labels: true,
            ..Wanted::default()
        }
    }

    #[test]
    fn dimensions_become_columns() {
        let text = format!("{HEAD}1,2,3:4,?,6:a\n\n7:8:b\n");
        let table = read(&text, &labelled()).unwrap();
        assert_eq!(table.columns, ["x1", "x2"]);
        let [first, second] = &table.sequences[..] else {
            panic!("{table:?}")
        };
        assert_eq!((first.rows, first.row(2, 2)), (3, &[3.0, 6.0][..]));
        assert!(first.row(1, 2)[1].is_nan());
        assert_eq!((second.rows, second.line), (1, 9));
        assert_eq!(second.labels, Labels::Same("b".into()));
        let one = Wanted {
            columns: Some(vec!["x2".into()]),
            ..Wanted::default()
        };
        assert_eq!(read(&text, &one).unwrap().sequences[1].values, [8.0]);
    }

    #[test]
    fn steps_of_nothing_at_the_end_are_padding() {
        let text = format!("{HEAD}1,?,NaN,?:2,NaN,4,?:a\n?:?:b\n");
        let table = read(&text, &labelled()).unwrap();
        let [first, second] = &table.sequences[..] else {
            panic!("{table:?}")
        };
        assert_eq!(
            (first.rows, first.values.len(), first.values[5]),
            (3, 6, 4.0)
        );
        assert_eq!(second.rows, 1);
    }

    #[test]
    fn complaints_name_line_dimension_and_step() {
        let complaint = |text: &str| read(text, &labelled()).unwrap_err().to_string();
        let with_head = |data: &str| complaint(&format!("{HEAD}{data}"));
        assert_eq!(
            with_head("1,2:3,x:a\n"),
            "f:7: dimension x2, step 2: \"x\" is not a number"
        );
        assert!(with_head("1,2:3:a\n").contains("x2 has 1 steps"));
        assert!(with_head("1:2:a\n1:a\n").starts_with("f:8: 1 dimensions where"));
        assert!(with_head("1:2:c\n").contains("does not name the class c"));
        assert!(with_head("").contains("no rows of data"));
        assert!(complaint("@data\n1,2\n").contains("no classes"));
        assert!(
            complaint("@targetLabel true\n")
                .starts_with("f:1: the targets of this file are numbers")
        );
        assert!(complaint("@relation x\n@attribute a string\n").starts_with("f:2: an .arff file"));
        assert!(complaint("@timeStamps true\n").starts_with("f:1: steps with time stamps"));
        assert!(complaint("").contains("no @data") && complaint("1,2").contains("before"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            data in prop::collection::vec((prop::collection::vec((-1e6f64..1e6, -1.0f64..1.0), 1..8), 0usize..2), 1..6),
        ) {
            let mut text = HEAD.to_owned();
            for (rows, class) in &data {
                let dimension = |values: Vec<String>| values.join(",");
                text += &format!(
                    "{}:{}:{}\n",
                    dimension(rows.iter().map(|row| row.0.to_string()).collect()),
                    dimension(rows.iter().map(|row| row.1.to_string()).collect()),
                    ["a", "b"][*class],
                );
            }
            let table = read(&text, &labelled()).unwrap();
            prop_assert_eq!(table.sequences.len(), data.len());
            for (block, (rows, class)) in table.sequences.iter().zip(&data) {
                let values: Vec<f64> = rows.iter().flat_map(|&(a, b)| [a, b]).collect();
                prop_assert_eq!(&block.values, &values);
                prop_assert_eq!(block.labels.of_row(0), Some(["a", "b"][*class]));
            }
        }

        #[test]
        fn damage_is_an_error_or_a_value(place in 0usize..200, byte: u8, cut in 0usize..200) {
            let mut text = format!("{HEAD}1,2,3:4,?,6:a\n7:8:b\n").into_bytes();
            let read = |text: &[u8]| {
                Ts::open(Lines::new("f", text), &labelled())
                    .and_then(|mut ts| Table::collect(&mut ts, Path::new("f")))
            };
            let _ = read(&text[..cut.min(text.len())]);
            let place = place % text.len();
            text[place] = byte;
            let _ = read(&text);
        }
    }
}
