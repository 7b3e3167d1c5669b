//! Dates as they stand in files: in which form, how far apart, and which comes next.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::{SignedDuration, Span};

/// Days and months in the orders that people use; of ambiguous ones the first is the most usual in files.
const DAYS: [&str; 20] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%B %d %Y",
];
/// Months without a day, and years.
const MONTHS: [&str; 9] = [
    "%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%b-%y", "%Y",
];
/// What follows a day.
const TIMES: [&str; 13] = [
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S%.f",
    "T%H:%M",
    "T%H:%M:%S",
    "T%H:%M:%S%.f",
    " %H.%M.%S",
    " %H.%M",
    // A blank in a form stands for none, too: those without come first.
    " %I:%M%p",
    " %I:%M:%S%p",
    " %I:%M %p",
    " %I:%M:%S %p",
];
const ZONES: [&str; 4] = ["", "Z", "%:z", "%z"];

/// Years that dates are taken from: a number beyond is no year.
const YEARS: std::ops::Range<i16> = 1000..3000;

const DAY: i64 = 86_400;

/// The form of a column of dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateFormat(String);

/// How far apart dates are, where all steps are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Seconds(i64),
    Months {
        months: i32,
        /// Whether every date is the last of its month.
        last: bool,
    },
    /// From Monday to Friday, but for a holiday now and then.
    Weekdays,
}

impl DateFormat {
    /// The form in which nearly all of these cells are dates, where it is not that of all: a few may be wrong.
    pub fn find_mostly(cells: &[&str]) -> Option<Self> {
        /// One of the first so many cells is right.
        const TRIED: usize = 3;
        let is_most = |count: usize| 10 * count >= 9 * cells.len();
        let in_form = |format: &Self| -> Vec<&str> {
            let fits = cells.iter().filter(|cell| format.parse(cell).is_some());
            fits.copied().collect()
        };
        Self::find(cells).or_else(|| {
            cells.iter().take(TRIED).find_map(|cell| {
                // The forms of one cell, then the best of those cells that most of them have.
                let all = Self::fitting(cell)?;
                let most = all
                    .map(|format| in_form(&format))
                    .find(|found| is_most(found.len()))?;
                Self::find(&most)
            })
        })
    }

    /// The form in which all of these cells are dates; of several that in which the dates are the most even.
    pub fn find(cells: &[&str]) -> Option<Self> {
        let fitting = Self::fitting(cells.first()?)?;
        let fitting = fitting.filter_map(|format| Some((format.parse_all(cells)?, format)));
        // A day is not taken for a month where that makes the dates jump.
        let unevenness = |dates: &[DateTime]| match Pace::of(dates) {
            Some(_) => 0,
            None => {
                let mut steps: Vec<i64> = dates
                    .windows(2)
                    .map(|pair| seconds(pair[0], pair[1]))
                    .collect();
                steps.sort_unstable();
                steps.dedup();
                steps.len()
            }
        };
        let best = fitting.min_by_key(|(dates, _)| unevenness(dates));
        best.map(|(_, format)| format)
    }

    /// The forms in which a cell is a date.
    fn fitting(first: &str) -> Option<impl Iterator<Item = Self>> {
        // Every date has a digit; thousands of forms need not be tried on a word.
        if !first.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let times = TIMES
            .iter()
            .flat_map(|time| ZONES.iter().map(move |zone| format!("{time}{zone}")));
        let times: Vec<String> = times.collect();
        let days = DAYS
            .iter()
            .flat_map(|day| times.iter().map(move |time| format!("{day}{time}")));
        let all = days
            .chain(MONTHS.iter().map(|&month| month.to_owned()))
            .map(Self);
        let fitting: Vec<Self> = all.filter(|format| format.parse(first).is_some()).collect();
        Some(fitting.into_iter())
    }

    /// A date, in the time of its zone if it has one.
    pub fn parse(&self, cell: &str) -> Option<DateTime> {
        let found = strtime::parse(&self.0, cell).ok()?;
        let year = found.year().filter(|year| YEARS.contains(year))?;
        let date = Date::new(year, found.month().unwrap_or(1), found.day().unwrap_or(1)).ok()?;
        let date = date.to_datetime(clock(&found)?);
        match found.offset() {
            // All on one clock, so that they can be compared.
            Some(offset) => date
                .checked_sub(SignedDuration::from_secs(i64::from(offset.seconds())))
                .ok(),
            None => Some(date),
        }
    }

    /// All of them, or none.
    pub fn parse_all(&self, cells: &[&str]) -> Option<Vec<DateTime>> {
        cells.iter().map(|cell| self.parse(cell)).collect()
    }

    /// A date in the form of `model`, a cell of the column; `None` where the form cannot be written as it was.
    pub fn write(&self, date: DateTime, model: &str) -> Option<String> {
        let without_zeros = |fields: &[&str]| {
            fields.iter().fold(self.0.clone(), |form, field| {
                form.replace(field, &field.replace('%', "%-"))
            })
        };
        let offset = strtime::parse(&self.0, model).ok()?.offset();
        let known = self.parse(model)?;
        let forms = [
            self.0.clone(),
            without_zeros(&["%H", "%I"]),
            without_zeros(&["%d", "%m", "%H", "%I"]),
        ];
        let small = forms.clone().map(|form| form.replace("%p", "%P"));
        forms.iter().chain(&small).find_map(|form| {
            let written = |date: DateTime| match offset {
                None => strtime::format(form, date).ok(),
                Some(offset) => {
                    let ahead = SignedDuration::from_secs(i64::from(offset.seconds()));
                    let mut found = BrokenDownTime::from(date.checked_add(ahead).ok()?);
                    found.set_offset(Some(offset));
                    found.to_string(form).ok()
                }
            };
            (written(known)? == model).then(|| written(date)).flatten()
        })
    }
}

fn clock(found: &BrokenDownTime) -> Option<Time> {
    match found.hour() {
        None => Some(Time::midnight()),
        Some(_) => found.to_time().ok(),
    }
}

impl Pace {
    /// How even dates go on; `None` where they do not, or are fewer than two.
    pub fn of(dates: &[DateTime]) -> Option<Self> {
        let (&first, &second) = (dates.first()?, dates.get(1)?);
        let goes_on = |pace: &Self| (dates.windows(2)).all(|pair| pace.leads(pair[0], pair[1]));
        let seconds = Self::Seconds(seconds(first, second));
        let months = Self::Months {
            months: months(first, second),
            last: dates.iter().all(|&date| is_last(date)),
        };
        let even = [months, seconds].into_iter().find(goes_on);
        even.or_else(|| are_weekdays(dates).then_some(Self::Weekdays))
    }

    /// The date so many steps after another.
    pub fn after(self, date: DateTime, steps: usize) -> Option<DateTime> {
        let steps = i64::try_from(steps).ok()?;
        match self {
            Self::Seconds(seconds) => {
                let whole = seconds.checked_mul(steps)?;
                date.checked_add(SignedDuration::from_secs(whole)).ok()
            }
            Self::Months { months, last } => {
                let months = i64::from(months).checked_mul(steps)?;
                let next = date
                    .checked_add(Span::new().try_months(months).ok()?)
                    .ok()?;
                Some(if last {
                    next.date().last_of_month().to_datetime(next.time())
                } else {
                    next
                })
            }
            Self::Weekdays => {
                let mut next = date;
                for _ in 0..steps {
                    let days = if next.weekday() == Weekday::Friday {
                        3
                    } else {
                        1
                    };
                    next = next
                        .checked_add(SignedDuration::from_secs(days * DAY))
                        .ok()?;
                }
                Some(next)
            }
        }
    }

    fn leads(self, from: DateTime, to: DateTime) -> bool {
        match self {
            Self::Weekdays => false,
            Self::Seconds(pace) => pace != 0 && seconds(from, to) == pace,
            Self::Months { months: pace, last } => {
                let is_same = from.day() == to.day() || last;
                pace != 0 && months(from, to) == pace && is_same && from.time() == to.time()
            }
        }
    }
}

/// Whether no date lies on a weekend, and four of five follow the weekday before.
fn are_weekdays(dates: &[DateTime]) -> bool {
    /// Two weeks show what a week is like.
    const FEWEST: usize = 10;
    let is_workday =
        |date: &DateTime| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let follows = |pair: &&[DateTime]| {
        let days = if pair[0].weekday() == Weekday::Friday {
            3
        } else {
            1
        };
        seconds(pair[0], pair[1]) == days * DAY
    };
    let following = dates.windows(2).filter(follows).count();
    dates.len() >= FEWEST && dates.iter().all(is_workday) && 5 * following >= 4 * dates.len()
}

fn is_last(date: DateTime) -> bool {
    date.date() == date.date().last_of_month()
}

/// Seconds from one date to another.
pub fn seconds(from: DateTime, to: DateTime) -> i64 {
    to.duration_since(from).as_secs()
}

fn months(from: DateTime, to: DateTime) -> i32 {
    let count = |date: DateTime| i32::from(date.year()) * 12 + i32::from(date.month());
    count(to) - count(from)
}

/// A distance in time as people say it.
pub fn distance(seconds: i64) -> String {
    let units = [(DAY, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (unit, name) = units
        .into_iter()
        .find(|(unit, _)| seconds % unit == 0)
        .unwrap_or((1, "second"));
    let count = seconds / unit;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cells: &[&str], steps: usize) -> Option<String> {
        let format = DateFormat::find(cells)?;
        let dates = format.parse_all(cells)?;
        let last = *dates.last()?;
        let after = Pace::of(&dates)?.after(last, steps)?;
        format.write(after, cells.last()?)
    }

    #[test]
    fn dates_go_on_in_their_own_form() {
        let cases: [(&[&str], usize, &str); 21] = [
            (&["2018-11-01", "2018-12-01"], 1, "2019-01-01"),
            (&["2024-02-28", "2024-02-29"], 1, "2024-03-01"),
            (&["2024-01-31", "2024-02-29", "2024-03-31"], 1, "2024-04-30"),
            (&["2023-01-28", "2023-02-28"], 1, "2023-03-28"),
            (&["2023-03-30", "2023-04-30"], 1, "2023-05-30"),
            (&["2023-12-04", "2023-12-11"], 2, "2023-12-25"),
            (&["1949-11", "1949-12"], 2, "1950-02"),
            (
                &["10/03/2004 22.00.00", "10/03/2004 23.00.00"],
                1,
                "11/03/2004 00.00.00",
            ),
            (&["01/01/2018", "01/02/2018", "01/03/2018"], 1, "01/04/2018"),
            (&["1/30/2018", "1/31/2018"], 1, "2/1/2018"),
            (
                &["2020-01-01T00:00:00Z", "2020-01-01T00:15:00Z"],
                1,
                "2020-01-01T00:30:00Z",
            ),
            (
                &["2020-01-01 23:59:59", "2020-01-02 00:00:00"],
                1,
                "2020-01-02 00:00:01",
            ),
            (
                &["1/30/2020 11:00:00 PM", "1/31/2020 12:00:00 AM"],
                1,
                "1/31/2020 1:00:00 AM",
            ),
            (
                &["2020-01-02 11:00AM", "2020-01-02 12:00PM"],
                1,
                "2020-01-02 01:00PM",
            ),
            (
                &["2020-01-02 1:00 am", "2020-01-02 1:00 pm"],
                1,
                "2020-01-03 1:00 am",
            ),
            (&["20200131", "20200201"], 1, "20200202"),
            (&["1998", "1999"], 1, "2000"),
            (&["Nov-2019", "Dec-2019"], 1, "Jan-2020"),
            (
                &["2020-01-01T00:30:00+02:00", "2020-01-01T01:00:00+02:00"],
                1,
                "2020-01-01T01:30:00+02:00",
            ),
            (&["Jan 2020", "Feb 2020"], 1, "Mar 2020"),
            (&["05-Jan-2020", "06-Jan-2020"], 1, "07-Jan-2020"),
        ];
        for (cells, steps, expected) in cases {
            assert_eq!(next(cells, steps).as_deref(), Some(expected), "{cells:?}");
        }
        assert_eq!(next(&["2020-01-01", "2020-01-02", "2020-01-05"], 1), None);
    }

    #[test]
    fn weekdays_follow_weekdays() {
        let days = (0..14).map(|day| format!("2022-01-{:02}", 3 + day));
        let is_workday = |day: &String| {
            !["08", "09", "15", "16"]
                .iter()
                .any(|end| day.ends_with(end))
        };
        let days: Vec<String> = days.filter(is_workday).collect();
        let days: Vec<&str> = days.iter().map(String::as_str).collect();
        assert_eq!(next(&days, 1).as_deref(), Some("2022-01-17"));
        assert_eq!(next(&days, 6).as_deref(), Some("2022-01-24"));
    }

    #[test]
    fn other_cells_are_no_dates() {
        for cells in [
            &["a"][..],
            &["12.5"],
            &["0"],
            &["2020-13-01"],
            &["2020-01-01", "x"],
            &[""],
            &[],
        ] {
            assert_eq!(DateFormat::find(cells), None, "{cells:?}");
        }
    }

    #[test]
    fn distances_are_said_in_the_largest_whole_unit() {
        assert_eq!(
            [DAY, 3 * DAY, 7200, 900, 1].map(distance),
            ["1 day", "3 days", "2 hours", "15 minutes", "1 second"]
        );
    }
}
