//! `elman predict --why`: what spoke for an answer, and how it is written.

use serde::Serialize;

/// Reasons that a line holds.
const SHOWN: usize = 4;

/// One of the things that a net reads, and how much it speaks for the answer: below zero it speaks against it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    pub what: String,
    pub weight: f64,
}

/// The strongest of some reasons as people read them: `Mr. +1.20, sees -0.31`.
pub fn strongest(reasons: impl IntoIterator<Item = Reason>) -> String {
    let mut reasons: Vec<Reason> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    let shown = reasons.iter().take(SHOWN);
    let shown = shown.filter(|reason| reason.weight.abs() >= 0.005);
    let shown: Vec<String> = shown
        .map(|reason| format!("{} {:+.2}", reason.what, reason.weight))
        .collect();
    if shown.is_empty() {
        "nothing in particular".to_owned()
    } else {
        shown.join(", ")
    }
}

/// The shares of steps (T): sums over `width` numbers each.
pub fn by_step(shares: &[f64], steps: usize) -> Vec<f64> {
    let width = shares.len() / steps.max(1);
    shares
        .chunks_exact(width.max(1))
        .map(|step| step.iter().sum())
        .collect()
}

/// The shares of numbers (T, columns) of a net that reads rows (T, window · columns) of neighbours side by side.
pub fn by_column(shares: &[f64], steps: usize, columns: usize) -> Vec<Vec<f64>> {
    let mut found = vec![vec![0.0; columns]; steps];
    let width = shares.len() / steps.max(1);
    let reach = width / columns.max(1) / 2;
    for (step, row) in shares.chunks_exact(width.max(1)).enumerate() {
        for (neighbour, numbers) in row.chunks_exact(columns.max(1)).enumerate() {
            // Outside of the sequence there are zeros, which say nothing.
            let Some(found) = (step + neighbour)
                .checked_sub(reach)
                .and_then(|at| found.get_mut(at))
            else {
                continue;
            };
            found
                .iter_mut()
                .zip(numbers)
                .for_each(|(sum, share)| *sum += share);
        }
    }
    found
}

/// The same with names: `x at 5`.
pub fn named_columns<'a>(
    shares: &'a [Vec<f64>],
    columns: &'a [String],
) -> impl Iterator<Item = Reason> + 'a {
    shares.iter().enumerate().flat_map(move |(step, row)| {
        row.iter().zip(columns).map(move |(&weight, name)| Reason {
            what: format!("{name} at {step}"),
            weight,
        })
    })
}

/// The likeliest other answer.
pub fn rival(row: &[f32], chosen: usize) -> Option<usize> {
    let others = (0..row.len()).filter(|&other| other != chosen);
    // Of equals the first.
    others.reduce(|best, other| if row[other] > row[best] { other } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_put_where_they_belong() {
        // Three steps of two columns, each with one neighbour on either side.
        let shares = [
            0.0, 0.0, 1.0, 2.0, 10.0, 20.0, //
            100.0, 200.0, 3.0, 4.0, 1000.0, 2000.0, //
            5.0, 6.0, 7.0, 8.0, 0.0, 0.0,
        ];
        let found = by_column(&shares, 3, 2);
        assert_eq!(found, [[101.0, 202.0], [18.0, 30.0], [1007.0, 2008.0]]);
        assert_eq!(by_step(&shares, 3), [33.0, 3307.0, 26.0]);
        assert_eq!(by_column(&shares[..4], 2, 2), [[0.0, 0.0], [1.0, 2.0]]);
    }

    #[test]
    fn the_strongest_come_first() {
        let columns = ["x", "y"].map(str::to_owned);
        let shares = [vec![0.5, -2.0], vec![0.001, 1.0]];
        let text = strongest(named_columns(&shares, &columns));
        assert_eq!(text, "y at 0 -2.00, y at 1 +1.00, x at 0 +0.50");
        assert_eq!(strongest([]), "nothing in particular");
        assert_eq!(
            (rival(&[0.2, 0.5, 0.3], 1), rival(&[1.0], 0)),
            (Some(2), None)
        );
    }
}
