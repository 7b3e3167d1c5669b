//! The dates of a series: their order, how far apart they are, and which come next.

use std::collections::BTreeMap;

use jiff::civil::DateTime;

use crate::data::dates::{DateFormat, Pace, distance, seconds};
use crate::data::is_missing;
use crate::data::table::Block;

/// How the dates of a series go on.
#[derive(Clone, Debug)]
pub struct Calendar {
    format: DateFormat,
    /// None where they are uneven.
    pace: Option<Pace>,
}

impl Calendar {
    /// Of the dates as they stand in a file; `None` where they are no dates.
    pub fn of(stamps: &[String]) -> Option<Self> {
        let dated = Dated::of(stamps, None)?;
        Some(Self {
            pace: Pace::of(&dated.dates),
            format: dated.format,
        })
    }

    /// The date so many steps after another, in the same form.
    pub fn after(&self, last: &str, steps: usize) -> Option<String> {
        let next = self.pace?.after(self.format.parse(last)?, steps)?;
        self.format.write(next, last)
    }
}

/// The dates of a series, where rows have one.
struct Dated<'a> {
    format: DateFormat,
    stamps: Vec<&'a str>,
    dates: Vec<DateTime>,
}

impl<'a> Dated<'a> {
    /// Of cells nearly all of which are dates, but for those that are empty or say that nothing is known. Their form is the
    /// `known` one, where all of them are in it, or the one that fits best.
    fn of(stamps: &'a [String], known: Option<&DateFormat>) -> Option<Self> {
        /// So many cells tell the form.
        const LOOKED_AT: usize = 1000;
        let cells = stamps.iter().map(|stamp| stamp.trim());
        let mut cells: Vec<&str> = cells.filter(|cell| !is_missing(cell)).collect();
        if cells.is_empty() || 2 * cells.len() < stamps.len() {
            return None;
        }
        let in_known = known.and_then(|format| Some((format.clone(), format.parse_all(&cells)?)));
        let (format, dates) = in_known.or_else(|| {
            let format = DateFormat::find_mostly(&cells[..cells.len().min(LOOKED_AT)])?;
            cells.retain(|cell| format.parse(cell).is_some());
            let dates = format.parse_all(&cells)?;
            Some((format, dates))
        })?;
        Some(Self {
            format,
            stamps: cells,
            dates,
        })
    }

    /// Whether nearly all dates come after the next one: a few may be wrong.
    fn falls(&self) -> bool {
        let (mut falling, mut rising) = (0, 0);
        for pair in self.dates.windows(2) {
            falling += usize::from(pair[1] < pair[0]);
            rising += usize::from(pair[1] > pair[0]);
        }
        falling > 0 && falling >= 9 * rising
    }
}

/// So many series of a file are talked about.
const TOLD: usize = 3;

/// Turns series round whose dates fall from row to row. Returns what people should know about the dates, or about the count
/// of the steps where there are none.
pub fn put_in_order(blocks: &mut [Block], width: usize, stamp_name: Option<&str>) -> Vec<String> {
    let mut notes = Vec::new();
    let name = stamp_name.unwrap_or("t");
    let are_several = blocks.len() > 1;
    let mut known: Option<DateFormat> = None;
    for block in blocks {
        let of_series = if are_several {
            format!("series {}: ", block.name)
        } else {
            String::new()
        };
        let mut note = |what: String| notes.push(of_series.clone() + &what);
        let Some(mut dated) = Dated::of(&block.stamps, known.as_ref()) else {
            if block.stamps.is_empty() {
                note_counts(&block.steps, &mut note);
            }
            continue;
        };
        known = Some(dated.format.clone());
        let (rows, empty) = (block.stamps.len(), block.stamps.len() - dated.dates.len());
        if empty > 0 {
            note(format!(
                "{name} is no date in {empty} of {rows} rows; they count as steps like the others"
            ));
        }
        let is_reversed = dated.falls();
        if is_reversed {
            let [first, .., last] = dated.stamps[..] else {
                continue;
            };
            if !block.steps.is_empty() {
                note(format!(
                    "{name} falls from {first} to {last} while the count of the steps rises; the rows stay in the order of that count"
                ));
                continue;
            }
            note(format!(
                "{name} falls from {first} to {last}, so the rows are read from the last to the first"
            ));
            dated.stamps.reverse();
            dated.dates.reverse();
        }
        note_order(&dated, name, &mut note);
        if is_reversed {
            reverse(block, width);
        }
    }
    let count = notes.len();
    notes.truncate(TOLD);
    if count > TOLD {
        notes.push(format!(
            "there is more of the same about the dates, {} remarks in all",
            count
        ));
    }
    notes
}

/// Whether these are dates and fall from each to the next.
pub fn falls_in(stamps: &[String]) -> bool {
    let dated = Dated::of(stamps, None);
    dated.is_some_and(|dated| dated.dates.is_sorted_by(|before, after| before > after))
}

fn reverse(block: &mut Block, width: usize) {
    let rows = block.values.chunks_exact(width.max(1)).rev();
    block.values = rows.flatten().copied().collect();
    block.parts.reverse();
    block.stamps.reverse();
}

/// What is odd about dates that should rise by the same step.
fn note_order(dated: &Dated<'_>, name: &str, note: &mut impl FnMut(String)) {
    let Dated { stamps, dates, .. } = dated;
    let pairs = || dates.windows(2).enumerate();
    let back: Vec<usize> = pairs()
        .filter(|(_, pair)| pair[1] < pair[0])
        .map(|(i, _)| i)
        .collect();
    let twice: Vec<usize> = pairs()
        .filter(|(_, pair)| pair[1] == pair[0])
        .map(|(i, _)| i)
        .collect();
    if let Some(&first) = back.first() {
        let more = more(back.len());
        note(format!(
            "{name} is out of order: {} stands after {}{more}; the rows stay as they are, so sort them by {name}",
            stamps[first + 1],
            stamps[first]
        ));
    }
    if let Some(&first) = twice.first() {
        note(format!(
            "{name} {} comes twice{}; every row counts as a step",
            stamps[first],
            more(twice.len())
        ));
    }
    let rising = || {
        pairs()
            .map(|(_, pair)| seconds(pair[0], pair[1]))
            .filter(|&step| step > 0)
    };
    if matches!(Pace::of(dates), None | Some(Pace::Weekdays)) && !are_months(dates) {
        note_steps(rising(), distance, name, note);
    }
}

/// Every month once, whatever the day.
fn are_months(dates: &[DateTime]) -> bool {
    const LONGEST: i64 = 31 * 86_400;
    const SHORTEST: i64 = 28 * 86_400;
    dates
        .windows(2)
        .all(|pair| (SHORTEST..=LONGEST).contains(&seconds(pair[0], pair[1])))
}

fn more(count: usize) -> String {
    match count {
        1 => String::new(),
        count => format!(", and {} others like it", count - 1),
    }
}

/// Jumps in a count of steps.
fn note_counts(counts: &[f64], note: &mut impl FnMut(String)) {
    // Parts of a thousandth are rounding.
    const PARTS: f64 = 1000.0;
    let steps = counts
        .windows(2)
        .map(|pair| ((pair[1] - pair[0]) * PARTS).round() as i64);
    let describe = |step: i64| (step as f64 / PARTS).to_string();
    note_steps(steps, describe, "t", note);
}

/// Says how far apart steps are if that is not always the same.
fn note_steps(
    steps: impl Iterator<Item = i64>,
    describe: impl Fn(i64) -> String,
    name: &str,
    note: &mut impl FnMut(String),
) {
    const SHOWN: usize = 3;
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    steps.for_each(|step| *counts.entry(step).or_default() += 1);
    let total: usize = counts.values().sum();
    if counts.len() < 2 {
        return;
    }
    let mut counts: Vec<(i64, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let share = |&(step, count): &(i64, usize)| {
        let percent = 100.0 * count as f64 / total as f64;
        let digits = usize::from(!(1.0..=99.0).contains(&percent));
        format!("{} {percent:.digits$} %", describe(step))
    };
    let shown: Vec<String> = counts.iter().take(SHOWN).map(share).collect();
    let dots = if counts.len() > SHOWN {
        " \u{2026}"
    } else {
        ""
    };
    note(format!(
        "{name} steps by {}{dots}; a season is counted in rows, and gaps shift it",
        shown.join(", ")
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(stamps: &[&str]) -> Block {
        Block {
            values: (0..stamps.len()).map(|row| row as f64).collect(),
            rows: stamps.len(),
            stamps: stamps.iter().map(|&stamp| stamp.to_owned()).collect(),
            ..Block::default()
        }
    }

    fn notes(stamps: &[&str]) -> Vec<String> {
        put_in_order(&mut [block(stamps)], 1, Some("day"))
    }

    #[test]
    fn dates_that_fall_are_turned_round() {
        let mut blocks = [block(&["2020-01-03", "2020-01-02", "2020-01-01"])];
        let notes = put_in_order(&mut blocks, 1, Some("day"));
        assert!(notes[0].starts_with(
            "day falls from 2020-01-03 to 2020-01-01, so the rows are read from the last"
        ));
        assert_eq!(
            (notes.len(), &blocks[0].values[..]),
            (1, &[2.0, 1.0, 0.0][..])
        );
        assert_eq!(blocks[0].stamps[0], "2020-01-01");
    }

    #[test]
    fn a_wrong_date_or_none_does_not_hide_that_they_fall() {
        let days = |day: usize| format!("2020-01-{:02}", 30 - day);
        let mut stamps: Vec<String> = (0..25).map(days).collect();
        stamps[3].clear();
        stamps[7] = "2020-02-31".to_owned();
        stamps.swap(10, 11);
        let stamps: Vec<&str> = stamps.iter().map(String::as_str).collect();
        let mut blocks = [block(&stamps)];
        let notes = put_in_order(&mut blocks, 1, Some("day"));
        assert!(notes[0].starts_with("day is no date in 2 of 25 rows"));
        assert!(notes[1].starts_with("day falls from 2020-01-30 to 2020-01-06"));
        assert!(notes[2].starts_with("day is out of order: 2020-01-19 stands after 2020-01-20;"));
        assert_eq!(
            (blocks[0].values[0], blocks[0].stamps[21].as_str()),
            (24.0, "")
        );
    }

    #[test]
    fn a_count_of_the_steps_says_more_than_dates() {
        let mut blocks = [Block {
            steps: vec![0.0, 1.0, 2.0],
            ..block(&["2020-01-03", "2020-01-02", "2020-01-01"])
        }];
        let notes = put_in_order(&mut blocks, 1, Some("day"));
        assert!(
            notes[0].ends_with("the rows stay in the order of that count"),
            "{notes:?}"
        );
        assert_eq!(
            (notes.len(), &blocks[0].values[..]),
            (1, &[0.0, 1.0, 2.0][..])
        );
        assert_eq!(blocks[0].stamps[0], "2020-01-03");
    }

    #[test]
    fn gaps_doubles_and_disorder_are_said() {
        let found = notes(&[
            "2020-01-01",
            "2020-01-02",
            "2020-01-02",
            "2020-01-04",
            "2020-01-03",
            "2020-01-04",
        ]);
        assert!(
            found[0].starts_with("day is out of order: 2020-01-03 stands after 2020-01-04;"),
            "{found:?}"
        );
        assert!(found[1].starts_with("day 2020-01-02 comes twice; "));
        assert!(found[2].starts_with("day steps by 1 day 67 %, 2 days 33 %;"));
        assert_eq!(notes(&["2020-01-01", "2020-02-01", "2020-03-01"]), [""; 0]);
        assert_eq!(notes(&["2020-01-31", "2020-02-28", "2020-03-30"]), [""; 0]);
        assert_eq!(notes(&["a", "b"]), [""; 0]);
        let mut counted = [Block {
            steps: vec![0.0, 1.0, 5.0, 6.0],
            rows: 4,
            ..Block::default()
        }];
        let found = put_in_order(&mut counted, 1, None);
        assert!(
            found[0].starts_with("t steps by 1 67 %, 4 33 %;"),
            "{found:?}"
        );
    }
}
