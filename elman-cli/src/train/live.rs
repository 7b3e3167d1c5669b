//! `--live`: a picture of the training in letters – the loss so far, and what the net makes of the validation data.

use std::time::{Duration, Instant};

use crate::base::plot::{bars, curve};
use crate::train::report::{Evidence, KindScore, Mistake, Sample, Series};

/// Columns of every part of the picture, and lines of the curve.
const COLUMNS: usize = 64;
const LINES: usize = 5;
/// Mistakes, types or lines of a text that are shown.
const SHOWN: usize = 3;

/// A new look at the validation data takes time, of which training shall not lose more than one part in so many; nor is there
/// anything to see in looks that are closer together than this.
const SHARE: u32 = 20;
const SHORTEST: Duration = Duration::from_millis(500);

/// What is drawn.
pub struct Live {
    /// The highest loss of each column of the curve, which is the whole training: no peak is lost.
    losses: Vec<Option<f64>>,
    /// Updates of the whole training, and those that are done.
    all: usize,
    done: usize,
    /// The net at work, as it was at the end of an epoch.
    at_work: Vec<String>,
    /// When it may be looked at anew.
    due: Instant,
}

impl Live {
    /// For a training of so many batches, of which some are done.
    pub fn new(all: usize, done: usize) -> Self {
        Self {
            losses: vec![None; COLUMNS],
            all: all.max(1),
            done,
            at_work: Vec::new(),
            due: Instant::now(),
        }
    }

    /// Some batches are done, the last with this loss.
    pub fn push(&mut self, batches: usize, loss: f64) {
        let column = (self.done * COLUMNS / self.all).min(COLUMNS - 1);
        let highest = &mut self.losses[column];
        *highest = Some(highest.map_or(loss, |highest| highest.max(loss)));
        self.done += batches;
    }

    /// Whether it is worth its time to look at the net again.
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// The net was looked at, which began then.
    pub fn look(&mut self, evidence: &[Evidence], began: Instant) {
        self.at_work = evidence.iter().find_map(at_work).unwrap_or_default();
        self.due = Instant::now() + (began.elapsed() * SHARE).max(SHORTEST);
    }

    /// The picture.
    pub fn lines(&self) -> Vec<String> {
        let known = self.losses.iter().flatten();
        let top = known.fold(0.0, |top: f64, &loss| top.max(loss));
        let scale = [format!("{top:.3}"), "0".to_owned()];
        let last = LINES - 1;
        let curve = curve(&self.losses, top.max(f64::MIN_POSITIVE), LINES);
        let lines = curve.into_iter().enumerate();
        let named = lines.map(|(number, line)| match number {
            0 => row(&format!("loss {}", scale[0]), &line),
            number if number == last => row(&format!("     {}", scale[1]), &line),
            _ => row("", &line),
        });
        named.chain(self.at_work.iter().cloned()).collect()
    }
}

/// A line with its name.
fn row(name: &str, line: &str) -> String {
    format!("{name:12} {}", line.trim_end())
}

/// At most so many letters, of one line.
fn short(text: &str, letters: usize) -> String {
    let one_line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    one_line.take(letters).collect()
}

/// What there is to see; the table of probabilities and the lists are for the page.
fn at_work(evidence: &Evidence) -> Option<Vec<String>> {
    match evidence {
        Evidence::Series(series) => Some(both(series)),
        Evidence::Samples(samples) => samples.first().map(written),
        Evidence::Spans(kinds) => Some(kinds.iter().take(1 + SHOWN).map(kind).collect()),
        Evidence::Mistakes(mistakes) => {
            let worst = mistakes.worst.iter().take(SHOWN);
            Some(worst.map(mistake).collect())
        }
        Evidence::Confusion(_) | Evidence::Reliability(_) => None,
    }
}

/// The first values and what was said of them, on one scale.
fn both(series: &Series) -> Vec<String> {
    let first = |all: &[f64]| -> Vec<f64> { all.iter().copied().take(COLUMNS).collect() };
    let (target, said) = (first(&series.target), first(&series.prediction));
    let known = || target.iter().copied().filter(|value| value.is_finite());
    let low = known().fold(f64::INFINITY, f64::min);
    let range = known().fold(f64::NEG_INFINITY, f64::max) - low;
    // The lowest is seen as well.
    let height = |value: &f64| (0.1 + 0.9 * (value - low) / range.max(f64::MIN_POSITIVE)) as f32;
    let name = short(&series.name, 12);
    vec![
        row(&name, &bars(target.iter().map(height))),
        row("  predicted", &bars(said.iter().map(height))),
    ]
}

fn written(sample: &Sample) -> Vec<String> {
    let letters: Vec<char> = sample.text.chars().take(SHOWN * COLUMNS).collect();
    let lines = letters.chunks(COLUMNS).enumerate();
    let line = |(number, line): (usize, &[char])| {
        let name = if number == 0 { "it writes" } else { "" };
        row(name, &short(&line.iter().collect::<String>(), COLUMNS))
    };
    lines.map(line).collect()
}

fn kind(kind: &KindScore) -> String {
    let share = (kind.f1 * 40.0).round() as usize;
    let line = format!("F1 {:5.3} {}", kind.f1, "█".repeat(share.min(40)));
    row(&short(&kind.name, 12), &line)
}

fn mistake(mistake: &Mistake) -> String {
    let Mistake {
        what, real, found, ..
    } = mistake;
    let line = format!("{}: {found}, not {real}", short(what, 30));
    row("wrong", &short(&line, COLUMNS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::report::Mistakes;
    use std::path::Path;

    #[test]
    fn the_curve_spans_the_whole_training_and_keeps_its_peaks() {
        let mut live = Live::new(128, 0);
        for update in 0..64 {
            live.push(1, if update == 9 { 4.0 } else { 1.0 });
        }
        let lines = live.lines();
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[0], format!("loss 4.000       {}", "█"));
        assert!(
            lines[0].ends_with("    █") && lines[1].ends_with("    █"),
            "{lines:?}"
        );
        assert_eq!(lines[LINES - 1].chars().count(), 13 + 32, "half is done");
        assert!(lines[LINES - 1].starts_with("     0"));
    }

    #[test]
    fn a_resumed_training_is_drawn_from_where_it_is() {
        let mut live = Live::new(128, 64);
        live.push(64, 1.0);
        live.push(64, 1.0);
        assert_eq!(live.losses.iter().filter(|loss| loss.is_some()).count(), 2);
        assert!(live.losses[32].is_some() && live.losses[COLUMNS - 1].is_some());
    }

    #[test]
    fn the_net_at_work() {
        let mut live = Live::new(1, 0);
        let series = Evidence::Series(Series {
            name: "sunspots".to_owned(),
            target: vec![0.0, 10.0, f64::NAN],
            prediction: vec![10.0, 0.0, 5.0],
            ..Series::default()
        });
        live.look(&[series], Instant::now());
        assert!(!live.is_due(), "training goes first");
        assert_eq!(
            live.lines()[LINES..],
            ["sunspots     ▁█", "  predicted  █▁▄"]
        );
        let sample = Evidence::Samples(vec![Sample {
            text: format!("{}\nb", "a".repeat(COLUMNS)),
            ..Sample::default()
        }]);
        live.look(&[sample], Instant::now());
        assert_eq!(
            live.lines()[LINES..],
            [row("it writes", &"a".repeat(COLUMNS)), row("", " b")]
        );
        let mistakes = Mistakes::of(
            Path::new("f"),
            ("line", "nats"),
            [Mistake {
                what: "up\x1b[2J".to_owned(),
                real: "a".to_owned(),
                found: "b".to_owned(),
                ..Mistake::default()
            }],
        );
        live.look(&[Evidence::Mistakes(mistakes)], Instant::now());
        assert_eq!(live.lines()[LINES..], ["wrong        up [2J: b, not a"]);
    }
}
