//! The number that training makes small, as a function of the parameters.

use std::ops::Range;

use elman_core::Read;

use super::{Kinks, Net, Sequence, cross_entropy, squared_error, units};
use crate::{Case, Targets};

/// The loss of a case over truncated windows: the state before each window is a constant.
pub struct Objective<'a> {
    case: &'a Case,
    sequences: Vec<Sequence>,
    /// What each sequence's hidden states are multiplied by as recurrent products read them, one per unit.
    masks: Vec<Vec<f64>>,
    windows: Vec<Window>,
    total: f64,
}

struct Window {
    losses: Range<usize>,
    back_to: usize,
    /// Each sequence's state before `back_to`; `None` where the trained initial state is part of the window.
    start: Vec<Option<Vec<f64>>>,
}

impl<'a> Objective<'a> {
    /// Every `k1` steps, the losses of those steps reach back `k2` steps. The states in between are
    /// computed once, with the case's own parameters.
    pub fn new(case: &'a Case, k1: usize, k2: usize) -> Self {
        let masks = vec![vec![1.0; units(&case.spec)]; case.lengths.len()];
        Self::masked(case, k1, k2, masks)
    }

    /// The same with recurrent dropout: a mask per sequence.
    pub fn masked(case: &'a Case, k1: usize, k2: usize, masks: Vec<Vec<f64>>) -> Self {
        let sequences: Vec<Sequence> = (0..case.lengths.len()).map(|b| case.sequence(b)).collect();
        let params = case.params_f64();
        let net = Net {
            spec: &case.spec,
            params: &params,
        };
        let (mut windows, mut first) = (Vec::new(), 0);
        while first < case.lengths[0] {
            let end = first.saturating_add(k1).min(case.lengths[0]);
            let back_to = end.saturating_sub(k2);
            let start = sequences.iter().enumerate().map(|(b, sequence)| {
                match (case.carried_state(b), back_to) {
                    (carried, 0) => carried,
                    (carried, _) => {
                        let from = carried.unwrap_or_else(|| net.initial_state());
                        Some(
                            net.run_masked(
                                sequence,
                                0..back_to.min(sequence.len()),
                                &from,
                                &masks[b],
                            )
                            .final_state,
                        )
                    }
                }
            });
            windows.push(Window {
                losses: first..end,
                back_to,
                start: start.collect(),
            });
            first = end;
        }
        Self {
            case,
            sequences,
            masks,
            windows,
            total: case.total_weight(),
        }
    }

    /// The loss with these parameters, and the bends it came by.
    pub fn value(&self, params: &[f64]) -> (f64, Kinks) {
        let net = Net {
            spec: &self.case.spec,
            params,
        };
        let (mut loss, mut kinks) = (0.0, Kinks::default());
        for window in &self.windows {
            for (b, sequence) in self.sequences.iter().enumerate() {
                let end = window.losses.end.min(sequence.len());
                if window.back_to >= end {
                    continue;
                }
                let start = window.start[b]
                    .clone()
                    .unwrap_or_else(|| net.initial_state());
                let run = net.run_masked(sequence, window.back_to..end, &start, &self.masks[b]);
                kinks.append(run.kinks);
                match self.case.spec.head.read {
                    Read::LastStep => loss += self.cost(b, &run.outputs[0]),
                    Read::EveryStep => {
                        for t in window.losses.start..end {
                            loss +=
                                self.cost(self.case.row(t, b), &run.outputs[t - window.back_to]);
                        }
                    }
                }
            }
        }
        (loss / self.total, kinks)
    }

    /// What one output row costs.
    fn cost(&self, row: usize, output: &[f64]) -> f64 {
        match &self.case.targets {
            Targets::Classes { classes, weights } => classes[row].map_or(0.0, |class| {
                let weight = weights
                    .as_ref()
                    .map_or(1.0, |weights| f64::from(weights[class as usize]));
                cross_entropy(output, class as usize, weight)
            }),
            Targets::Values { values, counted } => {
                let width = output.len();
                let target: Vec<f64> = values[row * width..(row + 1) * width]
                    .iter()
                    .copied()
                    .map(f64::from)
                    .collect();
                let counts = counted.as_ref().is_none_or(|counted| counted[row]);
                if counts {
                    squared_error(output, &target)
                } else {
                    0.0
                }
            }
        }
    }
}
