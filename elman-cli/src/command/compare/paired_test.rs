//! Whether the difference between two nets on the same examples is more than chance.

use std::fmt::Write as _;

use rayon::prelude::*;
use serde::Serialize;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::data::spans::Counts;
use crate::task::paired::{Errors, Outcomes};

/// A difference that chance makes less often than this is called one.
const LEVEL: f64 = 0.05;
/// Samples of a bootstrap; fewer where so many rows would have to be drawn in all that nobody waits for it.
const SAMPLES: usize = 10_000;
const FEWEST_SAMPLES: usize = 1_000;
const DRAWN: usize = 1 << 31;
/// A bootstrap over fewer sequences says little.
const FEWEST_SEQUENCES: usize = 20;
/// No test says anything of fewer errors of forecasts.
const FEWEST_STEPS: usize = 8;

/// Which test it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    #[serde(rename = "mcnemar")]
    McNemar,
    #[serde(rename = "paired-bootstrap")]
    Bootstrap,
    DieboldMariano,
}

/// What a test says of two nets, A and B.
#[derive(Debug, PartialEq, Serialize)]
pub struct PairedTest {
    #[serde(rename = "test")]
    pub kind: Kind,
    /// How many independent examples it rests on, and what they are.
    pub examples: usize,
    pub unit: &'static str,
    /// Items that B has right and A wrong, and the other way round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_b_right: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_a_right: Option<usize>,
    /// 95 of 100 samples of a bootstrap have differences (B less A) in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// How often chance alone would make a difference as large as this, in either direction.
    pub p: f64,
    /// `A` or `B`, where that is seldom.
    pub better: Option<&'static str>,
    /// In words.
    pub sentence: String,
}

/// What is compared, and how much better B is than A (below 0: worse).
struct Difference {
    gain: f64,
    /// Such as `12 sequences right that A has wrong, 3 the other way`.
    how: Option<[String; 2]>,
}

/// Tests the outcomes of A and B on the same data.
///
/// # Errors
/// They are not of the same examples, or too few.
pub fn test(a: &Outcomes, b: &Outcomes) -> Result<PairedTest> {
    match (a, b) {
        (Outcomes::Right { noun, sequences: a }, Outcomes::Right { sequences: b, .. }) => {
            rights(noun, a, b)
        }
        (Outcomes::Spans(a), Outcomes::Spans(b)) => spans(a, b),
        (Outcomes::Errors(a), Outcomes::Errors(b)) => errors(a, b),
        (Outcomes::Nats(a), Outcomes::Nats(b)) => nats(a, b),
        _ => Err(unlike()),
    }
}

fn unlike() -> Failure {
    Failure::input(
        "the two runs find different examples in these data, so that none can be compared with another",
    )
}

/// McNemar's test (McNemar 1947) in its exact form where every sequence has one item; else, since the items of a sequence
/// hang together, a bootstrap over sequences, unless these are few.
fn rights(noun: &'static str, a: &[Vec<bool>], b: &[Vec<bool>]) -> Result<PairedTest> {
    let lengths = |all: &[Vec<bool>]| all.iter().map(Vec::len).collect::<Vec<_>>();
    if lengths(a) != lengths(b) {
        return Err(unlike());
    }
    let pairs: Vec<[f64; 3]> = (a.iter().zip(b))
        .map(|(a, b)| {
            let count = |wanted| a.iter().zip(b).filter(|&(a, b)| (*a, *b) == wanted).count();
            [count((true, false)), count((false, true)), a.len()].map(|count| count as f64)
        })
        .collect();
    let total = |part: usize| pairs.iter().map(|pair| pair[part]).sum::<f64>() as usize;
    let [only_a, only_b, items] = [0, 1, 2].map(total);
    let how = |more: usize, other: &str, fewer: usize| {
        format!("{more} {noun} right that {other} has wrong, {fewer} the other way")
    };
    let difference = Difference {
        gain: only_b as f64 - only_a as f64,
        how: Some([how(only_a, "B", only_b), how(only_b, "A", only_a)]),
    };
    let is_single = a.iter().all(|items| items.len() <= 1);
    let found = if is_single || pairs.len() < FEWEST_SEQUENCES {
        PairedTest::new(
            Kind::McNemar,
            (items, noun),
            mcnemar(only_a, only_b),
            &difference,
        )
    } else {
        let share = |[only_a, only_b, items]: [f64; 3]| (only_b - only_a) / items.max(1.0);
        let sampled = bootstrap(&pairs, share);
        PairedTest::of_samples((pairs.len(), "sequences"), &sampled, &difference)
    };
    let dependent = !is_single && found.kind == Kind::McNemar;
    Ok(PairedTest {
        only_a_right: Some(only_a),
        only_b_right: Some(only_b),
        sentence: match dependent {
            true => format!(
                "{} (as if {noun} of a sequence had nothing to do with one another; {FEWEST_SEQUENCES} sequences would do without)",
                found.sentence
            ),
            false => found.sentence.clone(),
        },
        ..found
    })
}

/// The two-sided p-value of the binomial test that both kinds of disagreement are as likely.
fn mcnemar(only_a: usize, only_b: usize) -> f64 {
    let count = (only_a + only_b) as u64;
    // Without a disagreement there is nothing to test; a half is a probability.
    Binomial::new(0.5, count).map_or(1.0, |binomial| {
        (2.0 * binomial.cdf(only_a.min(only_b) as u64)).min(1.0)
    })
}

/// F1 over sentences that are drawn anew.
fn spans(a: &[Counts], b: &[Counts]) -> Result<PairedTest> {
    let are_same = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.real == b.real);
    if !are_same {
        return Err(unlike());
    }
    let rows: Vec<[f64; 5]> = (a.iter().zip(b))
        .map(|(a, b)| [a.real, a.found, a.correct, b.found, b.correct].map(|count| count as f64))
        .collect();
    let f1 = |real: f64, found: f64, correct: f64| 2.0 * correct / (real + found).max(1.0);
    let gain = |[real, a_found, a_correct, b_found, b_correct]: [f64; 5]| {
        f1(real, b_found, b_correct) - f1(real, a_found, a_correct)
    };
    let sampled = bootstrap(&rows, gain);
    let points = 100.0 * sampled.whole;
    let more = |points: f64| format!("its F1 is {points:.2} points higher");
    let difference = Difference {
        gain: sampled.whole,
        how: Some([more(-points), more(points)]),
    };
    Ok(PairedTest::of_samples(
        (a.len(), "sentences"),
        &sampled,
        &difference,
    ))
}

/// Nats over lines that are drawn anew.
fn nats(a: &[f64], b: &[f64]) -> Result<PairedTest> {
    if a.len() != b.len() {
        return Err(unlike());
    }
    let rows: Vec<[f64; 2]> = a.iter().zip(b).map(|(&a, &b)| [a - b, 1.0]).collect();
    let sampled = bootstrap(&rows, |[gain, count]| gain / count.max(1.0));
    let less = |gain: f64| format!("a line costs it {gain:.4} nats less");
    let difference = Difference {
        gain: sampled.whole,
        how: Some([less(-sampled.whole), less(sampled.whole)]),
    };
    Ok(PairedTest::of_samples(
        (a.len(), "lines"),
        &sampled,
        &difference,
    ))
}

/// What a bootstrap finds.
struct Sampled {
    /// The difference on all that there is.
    whole: f64,
    /// That of every sample, rising.
    differences: Vec<f64>,
}

/// Draws as many rows as there are, with replacement, again and again (Efron 1979; for paired systems Koehn 2004), and takes
/// the difference of their sums. The draws are the same ones every time.
fn bootstrap<const N: usize>(
    rows: &[[f64; N]],
    difference: impl Fn([f64; N]) -> f64 + Sync,
) -> Sampled {
    let add = |sums: [f64; N], row: &[f64; N]| std::array::from_fn(|i| sums[i] + row[i]);
    let draw = |sample: usize| {
        let mut rng = seeds::generator(1, Purpose::Sample, &[sample as u64]);
        let drawn = (0..rows.len()).map(|_| &rows[seeds::below(&mut rng, rows.len())]);
        difference(drawn.fold([0.0; N], add))
    };
    let samples = (DRAWN / rows.len().max(1)).clamp(FEWEST_SAMPLES, SAMPLES);
    let mut differences: Vec<f64> = (0..samples).into_par_iter().map(draw).collect();
    differences.sort_by(f64::total_cmp);
    Sampled {
        whole: difference(rows.iter().fold([0.0; N], add)),
        differences,
    }
}

impl Sampled {
    /// Twice the share of samples on the other side of zero, in which one more is counted than was found.
    fn p(&self) -> f64 {
        let count = |is: fn(&f64) -> bool| self.differences.iter().filter(|x| is(x)).count();
        let least = count(|&x| x <= 0.0).min(count(|&x| x >= 0.0));
        (2.0 * (least + 1) as f64 / (self.differences.len() + 1) as f64).min(1.0)
    }

    fn interval(&self) -> [f64; 2] {
        let at = |share: f64| {
            self.differences[(share * (self.differences.len() - 1) as f64).round() as usize]
        };
        [at(0.025), at(0.975)]
    }
}

/// The test of Diebold and Mariano (1995) on squared errors, with the correction of Harvey, Leybourne and Newbold (1997):
/// errors of forecasts over several steps overlap, so covariances over fewer steps than the horizon count.
fn errors(a: &Errors, b: &Errors) -> Result<PairedTest> {
    if a.horizon != b.horizon {
        return Err(unlike());
    }
    let mut series: Vec<Vec<f64>> = Vec::new();
    let mut last = None;
    let (mut squares_a, mut squares_b) = (0.0, 0.0);
    for (&(number, step), error_a) in &a.by_step {
        let Some(error_b) = b.by_step.get(&(number, step)) else {
            continue;
        };
        if last != Some(number) {
            series.push(Vec::new());
            last = Some(number);
        }
        let [of_a, of_b] = [error_a, error_b].map(|error| error * error);
        (squares_a, squares_b) = (squares_a + of_a, squares_b + of_b);
        if let Some(series) = series.last_mut() {
            series.push(of_a - of_b);
        }
    }
    let count = series.iter().map(Vec::len).sum::<usize>();
    if count < FEWEST_STEPS {
        return Err(Failure::input(format!(
            "{count} {} that both runs answer are too few to compare them on",
            a.unit
        )));
    }
    let share =
        1.0 - (squares_a.min(squares_b) / squares_a.max(squares_b).max(f64::MIN_POSITIVE)).sqrt();
    let how = || {
        format!(
            "its RMSE on the {} that both answer is {:.2} % lower",
            a.unit,
            100.0 * share
        )
    };
    let difference = Difference {
        gain: squares_a - squares_b,
        how: Some([how(), how()]),
    };
    let p = diebold_mariano(&series, a.horizon);
    Ok(PairedTest::new(
        Kind::DieboldMariano,
        (count, a.unit),
        p,
        &difference,
    ))
}

/// The two-sided p-value of a mean that is not zero; `series` are differences of losses.
fn diebold_mariano(series: &[Vec<f64>], horizon: usize) -> f64 {
    let n = series.iter().map(Vec::len).sum::<usize>() as f64;
    let mean = series.iter().flatten().sum::<f64>() / n;
    let covariance = |lag: usize| {
        let of = |one: &Vec<f64>| -> f64 {
            let later = one.iter().skip(lag);
            one.iter()
                .zip(later)
                .map(|(x, y)| (x - mean) * (y - mean))
                .sum()
        };
        series.iter().map(of).sum::<f64>() / n
    };
    let overlap: f64 = (1..horizon).map(covariance).sum();
    let mut variance = covariance(0) + 2.0 * overlap;
    if variance <= 0.0 {
        // The sum may fall below zero by chance; then errors are taken for independent.
        variance = covariance(0);
    }
    if variance <= 0.0 {
        return if mean == 0.0 { 1.0 } else { 0.0 };
    }
    let h = horizon as f64;
    let correction = ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n)
        .max(0.0)
        .sqrt();
    let statistic = correction * mean / (variance / n).sqrt();
    // A scale of one and at least seven degrees of freedom: a distribution there is.
    StudentsT::new(0.0, 1.0, n - 1.0).map_or(1.0, |t| 2.0 * t.sf(statistic.abs()))
}

impl PairedTest {
    fn new(
        kind: Kind,
        (examples, unit): (usize, &'static str),
        p: f64,
        found: &Difference,
    ) -> Self {
        let better = match (p < LEVEL, found.gain > 0.0) {
            (false, _) => None,
            (true, false) => Some("A"),
            (true, true) => Some("B"),
        };
        Self {
            kind,
            examples,
            unit,
            only_a_right: None,
            only_b_right: None,
            interval: None,
            p,
            better,
            sentence: sentence((examples, unit), p, better, found),
        }
    }

    /// What people call the test.
    pub const fn name(&self) -> &'static str {
        match self.kind {
            Kind::McNemar => "McNemar's exact test",
            Kind::Bootstrap => "paired bootstrap",
            Kind::DieboldMariano => "the test of Diebold and Mariano",
        }
    }

    fn of_samples(examples: (usize, &'static str), sampled: &Sampled, found: &Difference) -> Self {
        Self {
            interval: Some(sampled.interval()),
            ..Self::new(Kind::Bootstrap, examples, sampled.p(), found)
        }
    }
}

/// The result in words.
fn sentence(
    (examples, unit): (usize, &str),
    p: f64,
    better: Option<&str>,
    Difference { gain, how }: &Difference,
) -> String {
    let ahead = usize::from(*gain > 0.0);
    let name = ["A", "B"][ahead];
    let mut text = match (better, *gain == 0.0) {
        (Some(name), _) => format!("{name} is better"),
        (None, true) => format!("A and B are as good as each other on these {examples} {unit}"),
        (None, false) => {
            format!("{name} is ahead, but these {examples} {unit} do not show that it is better")
        }
    };
    if let Some(how) = how.as_ref().filter(|_| *gain != 0.0) {
        let _ = write!(text, ": {}", how[ahead]);
    }
    let p = match p {
        p if p < 0.0005 => "p < 0.001".to_owned(),
        p if p < 0.1 => format!("p = {p:.3}"),
        p => format!("p = {p:.2}"),
    };
    text + "; " + &p
}

#[cfg(test)]
mod tests;
