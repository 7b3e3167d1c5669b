//! What each column of a CSV file is for, by its name and its first cells.

use super::cells;
use super::table::Wanted;

/// Columns that say who or when and are nothing to learn from, unless asked for by name.
const METADATA: [&str; 10] = [
    "fold",
    "group",
    "speaker",
    "subject",
    "id",
    "split",
    "date",
    "time",
    "datetime",
    "timestamp",
];

/// Those of them that say when.
const DATES: [&str; 4] = ["date", "time", "datetime", "timestamp"];

/// Those of them that say who, the most telling first.
const GROUPS: [&str; 4] = ["subject", "group", "speaker", "fold"];

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
            let columns = wanted.columns.as_ref();
            columns.is_some_and(|columns| columns.contains(&names[*column]))
        };
        let unless_wanted = |column: Option<usize>| column.filter(|column| !is_wanted(column));
        let split = match &wanted.split_column {
            Some(name) => Some(find(&names, name)?),
            None => None,
        };
        let mut header = Self {
            sequence: unless_wanted(named(&["seq", "sequence"])),
            step: unless_wanted(named(&["t", "step"])),
            label: unless_wanted(named(&["label", "class"])),
            stamp: unless_wanted(named(&DATES)),
            split,
            group: unless_wanted(GROUPS.iter().find_map(|name| named(&[name]))),
            ..Self::default()
        };
        if wanted.needs_labels && header.label.is_none() {
            return Err(format!(
                "no column is called label; the header names {}",
                names.join(", ")
            ));
        }
        match &wanted.columns {
            Some(columns) => {
                header.inputs = columns
                    .iter()
                    .map(|name| find(&names, name))
                    .collect::<Result<_, _>>()?;
            }
            None => header.choose_inputs(&names, sample),
        }
        if header.inputs.is_empty() {
            return Err(format!(
                "no column has numbers to learn from; the header names {}",
                names.join(", ")
            ));
        }
        header.names = names;
        Ok(header)
    }

    /// Takes every column that has no other purpose and is not text.
    fn choose_inputs(&mut self, names: &[String], sample: &[Vec<String>]) {
        let purposes = [self.sequence, self.step, self.label, self.split];
        for (column, name) in names.iter().enumerate() {
            if purposes.contains(&Some(column)) {
                continue;
            }
            let is_metadata = METADATA.iter().any(|word| name.eq_ignore_ascii_case(word));
            if is_metadata {
                self.left_out.push(format!("{name} (metadata)"));
            } else if is_text(column, sample) {
                self.left_out.push(format!("{name} (text)"));
            } else {
                self.inputs.push(column);
            }
        }
    }
}

/// Whether the first cells of a column hold something, and not one number.
fn is_text(column: usize, sample: &[Vec<String>]) -> bool {
    let cells = sample.iter().filter_map(|row| row.get(column));
    let mut filled = cells.filter(|cell| !cells::is_missing(cell)).peekable();
    filled.peek().is_some() && filled.all(|cell| cells::number(cell).is_err())
}

fn find(names: &[String], name: &str) -> Result<usize, String> {
    names.iter().position(|known| known == name).ok_or_else(|| {
        format!(
            "there is no column {name}; the header names {}",
            names.join(", ")
        )
    })
}

fn check_names(names: &[String]) -> Result<(), String> {
    if names.iter().all(|name| cells::number(name).is_ok()) {
        return Err(
            "the first line holds no names of columns; put a header such as seq,t,x1,label above the data"
                .to_owned(),
        );
    }
    for (column, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} of the header has no name", column + 1));
        }
        if names[..column].contains(name) {
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
        assert_eq!(complaint("x,", &none), "column 2 of the header has no name");
        assert!(complaint("x,y", &none).contains("no column has numbers"));
        assert!(complaint("x,y", &labels).contains("called label; the header names x, y"));
    }
}
