//! The `.tsf` files of the Monash forecasting archive (Godahewa et al. 2021): lines that begin with `@` describe the data; after
//! `@data` every line is one series: attributes, then values parted by commas, all of these parted by colons.

use std::io::BufRead;

use jiff::civil::DateTime;

use super::Lines;
use super::cells;
use super::dates::Pace;
use super::table::{Block, Blocks, Wanted, choose};
use super::ts::next_setting;
use crate::base::failure::Result;

/// What the values are called.
const COLUMN: &str = "y";

/// How dates stand in these files, and how elman writes days and times.
const START: &str = "%Y-%m-%d %H-%M-%S";
const DAY: &str = "%Y-%m-%d";
const TIME: &str = "%Y-%m-%d %H:%M:%S";

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// A file being read.
pub struct Tsf<R> {
    lines: Lines<R>,
    columns: Vec<String>,
    /// Names of the attributes in front of the values.
    attributes: Vec<String>,
    pace: Option<Pace>,
}

impl<R: BufRead> Tsf<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A header that does not fit, or labels are wanted, of which there are none.
    pub fn open(mut lines: Lines<R>, wanted: &Wanted) -> Result<Self> {
        if wanted.needs_labels {
            return Err(lines.complain_of_file(
                "the file is a .tsf of series to forecast, and holds no labels: elman train forecast --target y",
            ));
        }
        let (mut attributes, mut pace) = (Vec::new(), None);
        loop {
            let (keyword, value) = next_setting(&mut lines)?;
            let value = value
                .split_whitespace()
                .next()
                .unwrap_or("")
                .to_ascii_lowercase();
            match keyword.as_str() {
                "@data" => break,
                "@attribute" => attributes.push(value),
                "@frequency" => pace = pace_of(&value),
                _ => {}
            }
        }
        let names = [COLUMN.to_owned()];
        let chosen = choose(&names, wanted).map_err(|what| lines.complain_of_file(&what))?;
        Ok(Self {
            columns: chosen.iter().map(|&place| names[place].clone()).collect(),
            lines,
            attributes,
            pace,
        })
    }

    /// One line as a series.
    fn parse(&self, line: &str) -> Result<Block, String> {
        let mut fields = line.splitn(self.attributes.len() + 1, ':').map(str::trim);
        let attributes: Vec<&str> = fields.by_ref().take(self.attributes.len()).collect();
        let Some(cells) = fields.next() else {
            return Err(format!(
                "{} fields parted by colons, where the header names {} attributes and values follow",
                attributes.len(),
                self.attributes.len()
            ));
        };
        let number = |(step, cell): (usize, &str)| {
            cells::number(cell.trim()).map_err(|what| format!("value {}: {what}", step + 1))
        };
        let values: Vec<f64> = cells
            .split(',')
            .enumerate()
            .map(number)
            .collect::<Result<_, _>>()?;
        let named = |name: &str| {
            let place = self.attributes.iter().position(|known| known == name)?;
            attributes.get(place).copied()
        };
        let start = named("start_timestamp").map(start_of).transpose()?;
        let stamps = match (start, self.pace) {
            (Some(start), Some(pace)) => stamps(start, pace, values.len()),
            _ => None,
        };
        Ok(Block {
            rows: values.len(),
            values,
            stamps: stamps.unwrap_or_default(),
            name: named("series_name")
                .or(attributes.first().copied())
                .unwrap_or_default()
                .to_owned(),
            ..Block::default()
        })
    }
}

fn start_of(cell: &str) -> Result<DateTime, String> {
    DateTime::strptime(START, cell)
        .map_err(|_| format!("{cell} is no date such as 1990-12-31 00-00-00"))
}

/// The dates of a series, as long as the calendar goes.
fn stamps(start: DateTime, pace: Pace, count: usize) -> Option<Vec<String>> {
    let is_daily = matches!(pace, Pace::Months { .. })
        || matches!(pace, Pace::Seconds(seconds) if seconds % (24 * HOUR) == 0);
    let form = if is_daily { DAY } else { TIME };
    let stamp = |step| Some(pace.after(start, step)?.strftime(form).to_string());
    (0..count).map(stamp).collect()
}

/// `daily`, `10_minutes` and the like; none where a word is not known.
fn pace_of(word: &str) -> Option<Pace> {
    let (count, unit): (i64, &str) = match word.split_once('_') {
        Some(("half", "hourly")) => return Some(Pace::Seconds(HOUR / 2)),
        Some((count, unit)) => (count.parse().ok()?, unit),
        None => (1, word),
    };
    let months = |months| {
        Some(Pace::Months {
            months: i32::try_from(count).ok()?.checked_mul(months)?,
            last: false,
        })
    };
    let seconds = |seconds: i64| Some(Pace::Seconds(count.checked_mul(seconds)?));
    match unit {
        "secondly" | "seconds" => seconds(1),
        "minutely" | "minutes" => seconds(MINUTE),
        "hourly" | "hours" => seconds(HOUR),
        "daily" | "days" => seconds(24 * HOUR),
        "weekly" | "weeks" => seconds(7 * 24 * HOUR),
        "monthly" | "months" => months(1),
        "quarterly" => months(3),
        "yearly" => months(12),
        _ => None,
    }
}

impl<R: BufRead> Blocks for Tsf<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn left_out(&self) -> &[String] {
        &[]
    }

    fn stamp_name(&self) -> Option<String> {
        let has_dates =
            self.pace.is_some() && self.attributes.iter().any(|name| name == "start_timestamp");
        has_dates.then(|| "date".to_owned())
    }

    fn next_block(&mut self) -> Result<Option<Block>> {
        loop {
            let Some((line, text)) = self.lines.next_batch(1)?.pop() else {
                return Ok(None);
            };
            if text.starts_with('#') {
                continue;
            }
            let block = self.parse(&text);
            let block = block.map_err(|what| self.lines.complain_at(line, &what))?;
            return Ok(Some(Block { line, ..block }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::table::Table;
    use super::*;

    const HEAD: &str = "# note\n@relation r\n@attribute series_name string\n@attribute start_timestamp date\n\
                        @frequency monthly\n@missing true\n@equallength false\n@data\n";

    fn read(text: &str) -> Result<Table> {
        let mut tsf = Tsf::open(Lines::new("f", text.as_bytes()), &Wanted::default())?;
        Table::collect(&mut tsf, Path::new("f"))
    }

    #[test]
    fn series_have_names_dates_and_gaps() {
        let table = read(&format!(
            "{HEAD}T1:1990-11-01 00-00-00:1,?,2.5\n\nT2:2000-01-01 00-00-00:4\n"
        ))
        .unwrap();
        assert_eq!(
            (table.columns, table.stamp_name.as_deref()),
            (vec!["y".to_owned()], Some("date"))
        );
        let [first, second] = &table.sequences[..] else {
            panic!("{:?}", table.sequences)
        };
        assert_eq!((first.name.as_str(), first.rows, first.line), ("T1", 3, 9));
        assert_eq!(first.stamps, ["1990-11-01", "1990-12-01", "1991-01-01"]);
        assert!(first.values[1].is_nan() && first.values[2] == 2.5);
        assert_eq!((second.values.as_slice(), second.line), (&[4.0][..], 11));
    }

    #[test]
    fn frequencies_are_paces() {
        let paces = ["half_hourly", "10_minutes", "4_seconds", "weekly"].map(pace_of);
        assert_eq!(
            paces,
            [1800, 600, 4, 7 * 86_400].map(|seconds| Some(Pace::Seconds(seconds)))
        );
        assert_eq!(
            pace_of("quarterly"),
            Some(Pace::Months {
                months: 3,
                last: false
            })
        );
        assert_eq!(
            (pace_of("sometimes"), pace_of("9999999999999999999_days")),
            (None, None)
        );
    }

    #[test]
    fn complaints_name_the_line() {
        let complaint = |row: &str| read(&format!("{HEAD}{row}\n")).unwrap_err().to_string();
        assert!(complaint("T1:1,2").starts_with("f:9: 2 fields parted by colons"));
        assert!(complaint("T1:yesterday:1").starts_with("f:9: yesterday is no date"));
        assert!(complaint("T1:1990-01-01 00-00-00:1,x").contains("value 2: \"x\" is not a number"));
        let labelled = Wanted {
            needs_labels: true,
            ..Wanted::default()
        };
        let refused = Tsf::open(Lines::new("f", HEAD.as_bytes()), &labelled).err();
        assert!(refused.unwrap().to_string().contains("no labels"));
    }
}
