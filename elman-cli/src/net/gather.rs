//! Some sequences, or a window of them, as one ragged, time-major batch.

use std::ops::Range;

use elman_core::{Batch, Inputs, Read, Target};

use crate::base::failure::Result;
use crate::data::{Sequences, Targets};
use crate::net::objective::Objective;

/// All steps of a sequence.
pub const ALL_STEPS: Range<usize> = 0..usize::MAX;

/// A batch and where its rows came from. Filled anew for every batch, so that nothing is allocated once the
/// longest has been seen.
#[derive(Debug, Default)]
pub struct Gathered {
    lengths: Vec<usize>,
    active: Vec<usize>,
    steps: usize,
    /// (R): the row of [`Sequences`] that each row of the batch is.
    rows: Vec<usize>,
    /// The target of [`Sequences`] that belongs to each output row of the batch.
    places: Vec<usize>,
    /// (R, channels)
    pub ids: Vec<u32>,
    /// (R, I)
    pub numbers: Vec<f32>,
    classes: Vec<Target>,
    goals: Vec<f32>,
    /// Numbers per goal; 0 where targets are classes.
    goal_width: usize,
}

impl Gathered {
    /// Takes these steps of the chosen sequences, of which none may end before them and the longest must come first.
    ///
    /// # Errors
    /// They do not.
    pub fn fill(
        &mut self,
        sequences: &Sequences,
        chosen: &[usize],
        steps: Range<usize>,
    ) -> Result<()> {
        self.lengths.clear();
        let length = |&sequence: &usize| {
            let end = sequences.len_of(sequence).min(steps.end);
            end.saturating_sub(steps.start)
        };
        self.lengths.extend(chosen.iter().map(length));
        let longest = self.lengths.first().copied().unwrap_or(0);
        if self.active.len() < longest {
            self.active.resize(longest, 0);
        }
        self.steps = Batch::fill_active(&self.lengths, &mut self.active)?.len();
        self.rows.clear();
        self.ids.clear();
        self.numbers.clear();
        for (step, &active) in self.active[..self.steps].iter().enumerate() {
            for &sequence in &chosen[..active] {
                let row = sequences.rows_of(sequence).start + steps.start + step;
                self.rows.push(row);
                self.ids.extend_from_slice(sequences.ids(row));
                self.numbers.extend_from_slice(sequences.numbers(row));
            }
        }
        self.take_targets(sequences, chosen);
        Ok(())
    }

    fn take_targets(&mut self, sequences: &Sequences, chosen: &[usize]) {
        self.places.clear();
        match sequences.read() {
            Read::EveryStep => self.places.extend_from_slice(&self.rows),
            Read::LastStep => self.places.extend_from_slice(chosen),
        }
        self.classes.clear();
        self.goals.clear();
        self.goal_width = 0;
        match sequences.targets() {
            Targets::Classes(classes) => {
                let classes = self.places.iter().map(|&place| classes[place]);
                self.classes.extend(classes);
            }
            Targets::Numbers { width, numbers } => {
                self.goal_width = *width;
                for place in &self.places {
                    let goal = place * width..(place + 1) * width;
                    self.goals.extend_from_slice(&numbers[goal]);
                }
            }
        }
    }

    /// The shape.
    ///
    /// # Errors
    /// Nothing has been gathered.
    pub fn batch(&self) -> Result<Batch<'_>> {
        Ok(Batch::ragged(&self.active[..self.steps])?)
    }

    /// What the net reads.
    pub fn inputs(&self) -> Inputs<'_> {
        if self.ids.is_empty() {
            Inputs::Dense(&self.numbers)
        } else {
            Inputs::Tokens(&self.ids)
        }
    }

    /// The targets of a range of output rows.
    pub fn objective<'a>(
        &'a self,
        outputs: Range<usize>,
        weights: Option<&'a [f32]>,
        smoothing: f32,
    ) -> Objective<'a> {
        if self.goal_width == 0 {
            let targets = &self.classes[outputs];
            Objective::Classes {
                targets,
                weights,
                smoothing,
            }
        } else {
            let (start, end) = (outputs.start, outputs.end);
            Objective::Numbers(&self.goals[start * self.goal_width..end * self.goal_width])
        }
    }

    /// The target of [`Sequences`] that belongs to each output row of the batch.
    pub fn places(&self) -> &[usize] {
        &self.places
    }
}

/// The sequences in order of falling length, ties in their own order.
pub fn longest_first(sequences: &Sequences) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&sequence| std::cmp::Reverse(sequences.len_of(sequence)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rows;

    #[test]
    fn rows_lie_step_by_step() {
        let mut sequences = Sequences::of_tokens(1);
        for (sequence, length) in [1, 3, 2].into_iter().enumerate() {
            (0..length).for_each(|step| {
                sequences.push_row([10 * sequence as u32 + step], Target::class(step))
            });
            sequences.end_sequence();
        }
        let order = longest_first(&sequences);
        assert_eq!(order, [1, 2, 0]);
        let mut gathered = Gathered::default();
        gathered.fill(&sequences, &order[..1], ALL_STEPS).unwrap();
        gathered.fill(&sequences, &order, ALL_STEPS).unwrap();
        assert_eq!(gathered.ids, [10, 20, 0, 11, 21, 12]);
        assert_eq!(gathered.places(), [1, 4, 0, 2, 5, 3]);
        assert_eq!(gathered.classes[4].get(), Some(1));
        let batch = gathered.batch().unwrap();
        assert_eq!((batch.rows(), batch.steps(), batch.sequences()), (6, 3, 3));
        gathered.fill(&sequences, &order[..2], 1..3).unwrap();
        assert_eq!(gathered.ids, [11, 21, 12]);
        assert_eq!(gathered.places(), [2, 5, 3]);
        assert!(gathered.fill(&sequences, &[0, 1], ALL_STEPS).is_err());
        assert!(gathered.fill(&sequences, &order, 1..3).is_err());
    }

    #[test]
    fn a_head_that_reads_the_last_step_has_a_target_per_sequence() {
        let mut sequences = Sequences::new(Rows::numbers(1), Targets::numbers(2), Read::LastStep);
        for (length, goal) in [(1, 1.0), (2, 2.0)] {
            (0..length).for_each(|step| sequences.push_numbers([step as f32]));
            sequences.push_goal([goal, -goal]);
            sequences.end_sequence();
        }
        let mut gathered = Gathered::default();
        gathered.fill(&sequences, &[1, 0], ALL_STEPS).unwrap();
        assert_eq!(gathered.numbers, [0.0, 0.0, 1.0]);
        assert_eq!(gathered.places(), [1, 0]);
        let Objective::Numbers(goals) = gathered.objective(1..2, None, 0.0) else {
            panic!("the targets are numbers");
        };
        assert_eq!(goals, [1.0, -1.0]);
    }
}
