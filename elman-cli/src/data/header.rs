//! What each column of a CSV file is for, by what somebody says, by its name and by its first cells.

use super::cells;
use super::column_names::{DATES, GROUPS, LABELS, METADATA, SEQUENCES, STEPS};
use super::dates::DateFormat;
use super::numbers::may_be_text;
use super::table::Wanted;

/// The complaint about a first line of values.
pub const NO_HEADER: &str =
    "the first line holds no names of columns; put a header such as seq,t,x1,label above the data";

/// Columns by their places in a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// All names, in the order of the file.
    pub names: Vec<String>,
    /// `seq`: which sequence a row belongs to.
    pub sequence: Option<usize>,
    /// `t`: the place in the sequence.
    pub step: Option<usize>,
    pub label: Option<usize>,
    pub split: Option<usize>,
    /// Who or what a sequence comes from.
    pub group: Option<usize>,
    /// What to call the steps of a series.
    pub stamp: Option<usize>,
    /// The time of day, where it has a column beside the date.
    pub clock: Option<usize>,
    /// The values.
    pub inputs: Vec<usize>,
    /// What is none of these, with the reason.
    pub left_out: Vec<String>,
}

impl Header {
    /// Reads the header line. `sample` holds the first lines of data, cell by cell: a column without a number
    /// there is text.
    ///
    /// # Errors
    /// No header, a name that comes twice, a wanted column that is not there.
    pub fn read(
        names: Vec<String>,
        wanted: &Wanted,
        sample: &[Vec<String>],
    ) -> Result<Self, String> {
        check_names(&names)?;
        let named = |aliases: &[&str]| {
            names
                .iter()
                .position(|name| aliases.iter().any(|alias| name.eq_ignore_ascii_case(alias)))
        };
        let is_wanted = |column: &usize| {
            let mut columns = wanted.columns.iter().flatten().chain(&wanted.targets);
            columns.any(|name| *name == names[*column])
        };
        let unless_wanted = |column: Option<usize>| column.filter(|column| !is_wanted(column));
        let purpose = |said: &Option<String>, aliases: [&[&str]; 2]| match said {
            Some(name) => find(&names, name).map(Some),
            None => Ok(unless_wanted(aliases.into_iter().find_map(named))),
        };
        let split = match &wanted.split_column {
            Some(name) => Some(find(&names, name)?),
            None => None,
        };
        let dialect = &wanted.dialect;
        let mut stamp = unless_wanted(named(&DATES));
        let sequence = purpose(&dialect.seq_column, SEQUENCES)?;
        // By a name that may as well be a value's only what rises.
        let rises = |column: &usize| {
            let is_usual = STEPS[0]
                .iter()
                .any(|name| names[*column].eq_ignore_ascii_case(name));
            is_usual
                || dialect.step_column.is_some()
                || steps(*column, sequence, sample).all(|step| step > 0.0)
        };
        // A time of day, and no date, may have a column beside the date, before it or after it.
        let clock = unless_wanted(named(&["time"])).filter(|&column| is_clock(column, sample));
        let date = unless_wanted(named(&["date"])).filter(|_| clock.is_some());
        if stamp.is_none_or(|stamp| Some(stamp) == clock) {
            stamp = date.or(stamp);
        }
        let mut header = Self {
            sequence,
            step: purpose(&dialect.step_column, STEPS)?.filter(rises),
            // A file to be answered may lack the column of labels.
            label: match purpose(&dialect.label_column, LABELS) {
                Err(_) if !wanted.needs_labels => None,
                label => label?,
            },
            stamp,
            split,
            group: unless_wanted(GROUPS.iter().find_map(|name| named(&[name]))),
            ..Self::default()
        };
        header.clock = clock.filter(|_| stamp.is_some() && stamp == date);
        if wanted.needs_labels && header.label.is_none() {
            return Err(format!(
                "no column is called label; the header names {}; --label-column says which holds the labels",
                listed(&names)
            ));
        }
        header.find_inputs(&names, wanted, sample)?;
        header.stamp = header.stamp.or_else(|| header.find_dates(&names, sample));
        header.names = names;
        Ok(header)
    }

    /// The wanted columns, or all that may be learnt from.
    fn find_inputs(
        &mut self,
        names: &[String],
        wanted: &Wanted,
        sample: &[Vec<String>],
    ) -> Result<(), String> {
        let places = |wanted: &[String]| -> Result<Vec<usize>, String> {
            wanted.iter().map(|name| find(names, name)).collect()
        };
        let targets = places(&wanted.targets)?;
        match &wanted.columns {
            Some(columns) => self.inputs = places(columns)?,
            None => self.choose_inputs(names, &targets, sample),
        }
        if self.inputs.is_empty() {
            return Err(format!(
                "no column has numbers to learn from; the header names {}",
                listed(names)
            ));
        }
        self.inputs.extend(targets);
        Ok(())
    }

    /// Takes every column that has no other purpose, is no target and not text.
    fn choose_inputs(&mut self, names: &[String], targets: &[usize], sample: &[Vec<String>]) {
        let purposes = [self.sequence, self.step, self.label, self.split];
        for (column, name) in names.iter().enumerate() {
            if purposes.contains(&Some(column)) || targets.contains(&column) {
                continue;
            }
            let is_metadata = METADATA.iter().any(|word| name.eq_ignore_ascii_case(word));
            if name.is_empty() {
                if !is_empty(column, sample) {
                    self.left_out
                        .push(format!("column {} (it has no name)", column + 1));
                }
            } else if is_nameless(name)
                || name.eq_ignore_ascii_case("index") && self.counts_rows(column, sample)
            {
                self.left_out.push(format!("{name} (it counts the rows)"));
            } else if is_metadata {
                self.left_out.push(format!("{name} (metadata)"));
            } else if is_text(column, sample) {
                self.left_out.push(format!("{name} (text)"));
            } else {
                self.inputs.push(column);
            }
        }
    }

    /// Whether a column rises by one from row to row of a sequence.
    fn counts_rows(&self, column: usize, sample: &[Vec<String>]) -> bool {
        let mut steps = steps(column, self.sequence, sample).peekable();
        steps.peek().is_some() && steps.all(|step| step == 1.0)
    }

    /// The first column of dates among those without a purpose.
    fn find_dates(&self, names: &[String], sample: &[Vec<String>]) -> Option<usize> {
        let purposes = [self.sequence, self.step, self.label, self.split];
        (0..names.len()).find(|&column| {
            let is_free = !purposes.contains(&Some(column)) && !self.inputs.contains(&column);
            let cells = sample.iter().filter_map(|row| row.get(column));
            let cells: Vec<&str> = cells
                .map(String::as_str)
                .filter(|cell| !cell.is_empty())
                .collect();
            is_free && is_text(column, sample) && DateFormat::find_mostly(&cells).is_some()
        })
    }
}

/// A column that pandas wrote because nobody told it not to.
fn is_nameless(name: &str) -> bool {
    let number = name.strip_prefix("Unnamed: ");
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether cells say a time of day, such as 14:05, and no date.
fn is_clock(column: usize, sample: &[Vec<String>]) -> bool {
    let cells = sample.iter().filter_map(|row| row.get(column));
    let cells: Vec<&str> = cells
        .map(String::as_str)
        .filter(|cell| !cell.is_empty())
        .collect();
    let is_time = |cell: &&str| cell.contains([':', '.']) && cells::number(cell).is_err();
    cells.iter().all(is_time) && DateFormat::find_mostly(&cells).is_none()
}

fn is_empty(column: usize, sample: &[Vec<String>]) -> bool {
    let cells = sample.iter().filter_map(|row| row.get(column));
    cells.into_iter().all(String::is_empty)
}

/// The names there are.
fn listed(names: &[String]) -> String {
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    names.join(", ")
}

/// Whether the first cells of a column hold something, and not one number.
fn is_text(column: usize, sample: &[Vec<String>]) -> bool {
    let cells = sample.iter().filter_map(|row| row.get(column));
    let filled = cells.filter(|cell| may_be_text(cell) || !cells::is_missing(cell));
    let is_number = |cell: &String| cells::number(cell).is_ok_and(|value| !value.is_nan());
    let mut filled = filled.peekable();
    filled.peek().is_some() && !filled.any(is_number)
}

/// How the first numbers of a column change within a sequence, from row to row.
fn steps(
    column: usize,
    sequence: Option<usize>,
    sample: &[Vec<String>],
) -> impl Iterator<Item = f64> {
    let number = move |row: &[String]| cells::number(row.get(column)?).ok();
    sample.windows(2).filter_map(move |pair| {
        let [before, after] = pair else { return None };
        let name = |row: &[String]| row.get(sequence?).cloned();
        let is_same = name(before) == name(after);
        is_same.then(|| Some(number(after)? - number(before)?))?
    })
}

fn find(names: &[String], name: &str) -> Result<usize, String> {
    names.iter().position(|known| known == name).ok_or_else(|| {
        format!(
            "there is no column {name}; the header names {}",
            listed(names)
        )
    })
}

fn check_names(names: &[String]) -> Result<(), String> {
    let is_number = |name: &String| cells::number(name).is_ok_and(|value| !value.is_nan());
    // Years may be names, and so may 0, 1, 2; measurements may not.
    let is_measured = |name: &String| is_number(name) && name.contains(['.', '-', '\u{2212}']);
    let mut filled = names.iter().filter(|name| !name.is_empty());
    if filled.clone().all(|name| cells::number(name).is_ok()) || filled.any(is_measured) {
        return Err(NO_HEADER.to_owned());
    }
    for (column, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..column].contains(name) {
            return Err(format!("the header names the column {name} twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &str, wanted: &Wanted, sample: &[&str]) -> Result<Header, String> {
        let cells = |line: &str| line.split(',').map(String::from).collect::<Vec<_>>();
        let sample: Vec<_> = sample.iter().map(|line| cells(line)).collect();
        Header::read(cells(names), wanted, &sample)
    }

    #[test]
    fn names_and_first_cells_tell_the_purpose() {
        let wanted = Wanted {
            split_column: Some("part".into()),
            ..Wanted::default()
        };
        let sample = ["0,0,1821,,2.5,anna,x,train,a", "0,1,1822,,3,ben,x,train,a"];
        let header = read("seq,t,date,gap,x,who,fold,part,Label", &wanted, &sample).unwrap();
        assert_eq!(
            (header.sequence, header.step, header.stamp),
            (Some(0), Some(1), Some(2))
        );
        assert_eq!((header.split, header.label), (Some(7), Some(8)));
        assert_eq!(header.group, Some(6));
        assert_eq!(header.inputs, [3, 4]);
        assert_eq!(
            header.left_out,
            ["date (metadata)", "who (text)", "fold (metadata)"]
        );
    }

    #[test]
    fn wanted_columns_come_in_the_wanted_order_whatever_their_names() {
        let wanted = Wanted {
            columns: Some(["time", "x"].map(String::from).into()),
            ..Wanted::default()
        };
        let header = read("x,y,time", &wanted, &[]).unwrap();
        assert_eq!((header.inputs, header.stamp), (vec![2, 0], None));
    }

    #[test]
    fn complaints_name_what_is_there() {
        let none = Wanted::default();
        let labels = Wanted {
            needs_labels: true,
            ..Wanted::default()
        };
        let complaint = |names, wanted: &Wanted| read(names, wanted, &["a,a"]).unwrap_err();
        assert!(complaint("0,1.5", &none).contains("put a header"));
        assert_eq!(
            complaint("x,x", &none),
            "the header names the column x twice"
        );
        assert!(complaint("-0.5,a", &none).contains("put a header"));
        assert!(complaint("x,y", &none).contains("no column has numbers"));
        assert!(
            complaint("x,y", &labels)
                .contains("called label; the header names x, y; --label-column")
        );
    }

    #[test]
    fn columns_that_only_count_or_have_no_name_are_left_out() {
        let sample = ["0,5,0.5,1", "1,6,-0.5,2"];
        let header = read("seq,x,index,y", &Wanted::default(), &sample).unwrap();
        assert_eq!(header.inputs, [1, 2, 3]);
        let sample = ["0,5,7,1.5,,2", "1,6,8,2.5,,3"];
        let header = read(",Unnamed: 0,Index,x,,", &Wanted::default(), &sample).unwrap();
        assert_eq!(header.inputs, [3]);
        let left_out = [
            "column 1 (it has no name)",
            "Unnamed: 0 (it counts the rows)",
            "Index (it counts the rows)",
            "column 6 (it has no name)",
        ];
        assert_eq!(header.left_out, left_out);
        let wanted = Wanted {
            columns: Some(vec!["index".into()]),
            ..Wanted::default()
        };
        assert_eq!(read("index,x", &wanted, &[]).unwrap().inputs, [0]);
    }

    #[test]
    fn words_are_missing_values_only_beside_numbers() {
        let sample = ["M,-,M,1", "M,-,2.5,2"];
        let header = read("sex,note,wind,y", &Wanted::default(), &sample).unwrap();
        assert_eq!((header.inputs, header.left_out.len()), (vec![2, 3], 2));
    }

    #[test]
    fn a_step_of_a_doubtful_name_rises() {
        let step = |sample: &[&str]| {
            let header = read("seq,timestep,x", &Wanted::default(), sample).unwrap();
            (header.step, header.inputs)
        };
        assert_eq!(step(&["0,0.1,5", "0,0.1,6"]), (None, vec![1, 2]));
        assert_eq!(step(&["0,1,5", "0,2,6", "1,0,7"]), (Some(1), vec![2]));
    }

    #[test]
    fn purposes_are_said_or_known_by_usual_names() {
        let header = read(
            "unique_id,ds,time_step,y,activity",
            &Wanted::default(),
            &["a,2020-01-01,0,1,b"],
        )
        .unwrap();
        let places = |header: &Header| (header.sequence, header.stamp, header.step, header.label);
        assert_eq!(places(&header), (Some(0), Some(1), Some(2), Some(4)));
        let header = read(
            "seq,activity,x,label,unique_id",
            &Wanted::default(),
            &["0,1,2,a,3"],
        )
        .unwrap();
        assert_eq!((header.sequence, header.label), (Some(0), Some(3)));
        assert_eq!(header.inputs, [1, 2, 4]);
        let mut wanted = Wanted::default();
        wanted.dialect.seq_column = Some("user".into());
        wanted.dialect.step_column = Some("ms".into());
        wanted.dialect.label_column = Some("what".into());
        let header = read("user,ms,x,what", &wanted, &["a,0,1.5,b"]).unwrap();
        assert_eq!(places(&header), (Some(0), None, Some(1), Some(3)));
        assert_eq!(header.inputs, [2]);
        assert!(
            read("x,y", &wanted, &[])
                .unwrap_err()
                .contains("no column user")
        );
    }

    #[test]
    fn a_column_of_dates_is_known_by_its_cells() {
        let wanted = Wanted {
            columns: Some(vec!["y".into()]),
            ..Wanted::default()
        };
        let header = read(
            "note,Month,y",
            &wanted,
            &["a,2018-01-01,1", "b,2018-02-01,2"],
        )
        .unwrap();
        assert_eq!(header.stamp, Some(1));
        let header = read("Date,Time,y", &wanted, &[]).unwrap();
        assert_eq!((header.stamp, header.clock), (Some(0), Some(1)));
        let header = read("time,date,y", &wanted, &[]).unwrap();
        assert_eq!((header.stamp, header.clock), (Some(1), Some(0)));

        let header = read("ds,date,y", &wanted, &["2020-01-02,2,1", "2020-01-03,3,2"]).unwrap();
        assert_eq!((header.stamp, header.clock), (Some(0), None));
        let sample = [
            "2020-01-02 11:00,2020-01-02,1",
            "2020-01-02 12:00,2020-01-02,2",
        ];
        let header = read("time,date,y", &wanted, &sample).unwrap();
        assert_eq!((header.stamp, header.clock), (Some(0), None));
        let header = read(
            "date,time,y",
            &wanted,
            &["2020-01-02,13,1", "2020-01-02,14,2"],
        )
        .unwrap();
        assert_eq!((header.stamp, header.clock), (Some(0), None));
        let header = read("Month,y", &wanted, &[",1", "2018-02-01,2"]).unwrap();
        assert_eq!(header.stamp, Some(0));
    }
}
