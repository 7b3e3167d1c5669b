//! Sequences of numbers and what should come out of them: what every format ends up as.

use std::collections::BTreeSet;
use std::ops::Range;

use elman_core::{Read, Target};

use crate::base::seeds::fold;

/// What a step reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// Token ids, (R, channels).
    Ids { channels: usize, ids: Vec<u32> },
    /// Numbers, (R, width).
    Numbers { width: usize, numbers: Vec<f32> },
}

/// What should come out.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A class, or none.
    Classes(Vec<Target>),
    /// (R, width) numbers; a NaN is missing, and nothing is learnt from it.
    Numbers { width: usize, numbers: Vec<f32> },
}

/// Rows of one sequence after the other. There is a target for every row, or for every sequence where the net's
/// head reads the last step only.
#[derive(Clone, Debug)]
pub struct Sequences {
    rows: Rows,
    targets: Targets,
    read: Read,
    /// Row at which each sequence ends.
    ends: Vec<usize>,
    /// Targets that carry a name the net has no output for: their places, in order, and the names.
    unknown: Vec<(usize, String)>,
}

impl Rows {
    /// No rows yet, of `channels` ids.
    pub const fn ids(channels: usize) -> Self {
        Self::Ids {
            channels,
            ids: Vec::new(),
        }
    }

    /// No rows yet, of `width` numbers.
    pub const fn numbers(width: usize) -> Self {
        Self::Numbers {
            width,
            numbers: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ids { channels, ids } => ids.len() / channels,
            Self::Numbers { width, numbers } => numbers.len() / width,
        }
    }

    fn fingerprint(&self) -> u64 {
        match self {
            Self::Ids { channels, ids } => {
                let ids = ids.iter().map(|&id| u64::from(id));
                ids.fold(*channels as u64, fold)
            }
            Self::Numbers { width, numbers } => bits(*width, numbers),
        }
    }
}

impl Targets {
    /// No classes yet.
    pub const fn classes() -> Self {
        Self::Classes(Vec::new())
    }

    /// No numbers yet, of which `width` belong together.
    pub const fn numbers(width: usize) -> Self {
        Self::Numbers {
            width,
            numbers: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Numbers { width, numbers } => numbers.len() / width,
        }
    }

    fn fingerprint(&self) -> u64 {
        match self {
            Self::Classes(classes) => {
                let classes = classes.iter().map(|target| target.get());
                classes.fold(0, |hash, class| {
                    fold(hash, class.map_or(u64::MAX, u64::from))
                })
            }
            Self::Numbers { width, numbers } => bits(*width, numbers),
        }
    }
}

fn bits(width: usize, numbers: &[f32]) -> u64 {
    let bits = numbers.iter().map(|number| u64::from(number.to_bits()));
    bits.fold(width as u64, fold)
}

impl Sequences {
    /// None yet: empty `rows` and `targets` say what will come, and `read` how often there is a target.
    pub const fn new(rows: Rows, targets: Targets, read: Read) -> Self {
        Self {
            rows,
            targets,
            read,
            ends: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// None yet, of `channels` ids per row and a class for each.
    #[cfg(test)]
    pub const fn of_tokens(channels: usize) -> Self {
        Self::new(Rows::ids(channels), Targets::classes(), Read::EveryStep)
    }

    /// Adds a row of ids to the sequence that is being written; rows of numbers stay as they are.
    pub fn push_ids(&mut self, row: impl IntoIterator<Item = u32>) {
        if let Rows::Ids { ids, .. } = &mut self.rows {
            ids.extend(row);
        }
    }

    /// Adds a row of numbers to the sequence that is being written; rows of ids stay as they are.
    pub fn push_numbers(&mut self, row: impl IntoIterator<Item = f32>) {
        if let Rows::Numbers { numbers, .. } = &mut self.rows {
            numbers.extend(row);
        }
    }

    /// Adds the class of a row or of a sequence.
    pub fn push_class(&mut self, class: Target) {
        if let Targets::Classes(classes) = &mut self.targets {
            classes.push(class);
        }
    }

    /// Adds a row or a sequence whose class the net has no output for: nothing is learnt from it, and every answer is a
    /// miss.
    pub fn push_unknown(&mut self, name: &str) {
        self.unknown.push((self.targets.len(), name.to_owned()));
        self.push_class(Target::IGNORED);
    }

    /// Adds the numbers that should come out of a row or of a sequence; a NaN is missing.
    pub fn push_goal(&mut self, goal: impl IntoIterator<Item = f32>) {
        if let Targets::Numbers { numbers, .. } = &mut self.targets {
            numbers.extend(goal);
        }
    }

    /// Adds a row of ids and its class.
    #[cfg(test)]
    pub fn push_row(&mut self, ids: impl IntoIterator<Item = u32>, target: Target) {
        self.push_ids(ids);
        self.push_class(target);
    }

    /// Ends the sequence that is being written.
    pub fn end_sequence(&mut self) {
        self.ends.push(self.rows.len());
        debug_assert_eq!(self.targets.len(), self.outputs());
    }

    /// How many sequences there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Rows of all sequences.
    pub fn rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Rows that come out of a net: as many as there are targets.
    pub fn outputs(&self) -> usize {
        match self.read {
            Read::EveryStep => self.rows(),
            Read::LastStep => self.len(),
        }
    }

    /// Ids per row; 0 for rows of numbers.
    pub const fn channels(&self) -> usize {
        match self.rows {
            Rows::Ids { channels, .. } => channels,
            Rows::Numbers { .. } => 0,
        }
    }

    /// How often there is a target.
    pub const fn read(&self) -> Read {
        self.read
    }

    /// The rows of one sequence.
    pub fn rows_of(&self, sequence: usize) -> Range<usize> {
        let start = if sequence == 0 {
            0
        } else {
            self.ends[sequence - 1]
        };
        start..self.ends[sequence]
    }

    /// Rows in one sequence.
    pub fn len_of(&self, sequence: usize) -> usize {
        self.rows_of(sequence).len()
    }

    /// The targets of one sequence, which are also the rows that come out of it: of these steps, or the one at the end.
    pub fn outputs_of(&self, sequence: usize, steps: Range<usize>) -> Range<usize> {
        let rows = self.rows_of(sequence);
        match self.read {
            Read::LastStep => sequence..sequence + 1,
            Read::EveryStep => {
                let end = rows.start.saturating_add(steps.end).min(rows.end);
                rows.start.saturating_add(steps.start).min(end)..end
            }
        }
    }

    /// The ids of one row; none where rows are numbers.
    pub fn ids(&self, row: usize) -> &[u32] {
        match &self.rows {
            Rows::Ids { channels, ids } => &ids[row * channels..(row + 1) * channels],
            Rows::Numbers { .. } => &[],
        }
    }

    /// The numbers of one row; none where rows are ids.
    pub fn numbers(&self, row: usize) -> &[f32] {
        match &self.rows {
            Rows::Numbers { width, numbers } => &numbers[row * width..(row + 1) * width],
            Rows::Ids { .. } => &[],
        }
    }

    /// What the steps read.
    pub const fn inputs(&self) -> &Rows {
        &self.rows
    }

    /// The loss of the best answers that do not look at the inputs: the entropy of the classes in nats (who knows how frequent
    /// each is), or the variance of the numbers (who knows their mean).
    pub fn baseline(&self) -> f64 {
        match &self.targets {
            Targets::Classes(classes) => entropy(classes),
            Targets::Numbers { width, numbers } => variance(numbers, *width),
        }
    }

    /// All targets.
    pub const fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The classes, one per row or per sequence; none where targets are numbers.
    pub fn classes(&self) -> &[Target] {
        match &self.targets {
            Targets::Classes(classes) => classes,
            Targets::Numbers { .. } => &[],
        }
    }

    /// The name of a target that the net has no output for.
    pub fn unknown(&self, target: usize) -> Option<&str> {
        let place = self
            .unknown
            .binary_search_by_key(&target, |(place, _)| *place);
        place.ok().map(|place| self.unknown[place].1.as_str())
    }

    /// All such names, in alphabetical order.
    pub fn unknown_names(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self.unknown.iter().map(|(_, name)| name.as_str()).collect();
        names.into_iter().collect()
    }

    /// The numbers that should come out; none where targets are classes.
    pub fn goals(&self) -> &[f32] {
        match &self.targets {
            Targets::Classes(_) => &[],
            Targets::Numbers { numbers, .. } => numbers,
        }
    }

    /// The same sequences in the given order, or some of them.
    pub fn select(&self, sequences: impl IntoIterator<Item = usize>) -> Self {
        let rows = match &self.rows {
            Rows::Ids { channels, .. } => Rows::ids(*channels),
            Rows::Numbers { width, .. } => Rows::numbers(*width),
        };
        let targets = match &self.targets {
            Targets::Classes(_) => Targets::classes(),
            Targets::Numbers { width, .. } => Targets::numbers(*width),
        };
        let mut chosen = Self::new(rows, targets, self.read);
        for sequence in sequences {
            for row in self.rows_of(sequence) {
                chosen.push_ids(self.ids(row).iter().copied());
                chosen.push_numbers(self.numbers(row).iter().copied());
            }
            for target in self.outputs_of(sequence, 0..usize::MAX) {
                match &self.targets {
                    Targets::Classes(classes) => match self.unknown(target) {
                        Some(name) => chosen.push_unknown(name),
                        None => chosen.push_class(classes[target]),
                    },
                    Targets::Numbers { width, numbers } => {
                        let goal = &numbers[target * width..(target + 1) * width];
                        chosen.push_goal(goal.iter().copied());
                    }
                }
            }
            chosen.end_sequence();
        }
        chosen
    }

    /// A number that changes with any row, target or length, so that a resumed run can tell that its data changed.
    pub fn fingerprint(&self) -> u64 {
        let ends = self.ends.iter().map(|&end| end as u64);
        [self.rows.fingerprint(), self.targets.fingerprint()]
            .into_iter()
            .chain(ends)
            .fold(u64::from(self.read == Read::LastStep), fold)
    }
}

fn entropy(classes: &[Target]) -> f64 {
    let mut counts = Vec::new();
    for class in classes.iter().filter_map(|target| target.get()) {
        let class = class as usize;
        if counts.len() <= class {
            counts.resize(class + 1, 0.0);
        }
        counts[class] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    let shares = counts.iter().map(|count| count / all);
    shares
        .filter(|share| *share > 0.0)
        .map(|share| -share * share.ln())
        .sum()
}

/// The mean over all columns together, as the loss takes it; what is missing does not count.
fn variance(numbers: &[f32], width: usize) -> f64 {
    let (mut squares, mut all) = (0.0, 0.0);
    for column in 0..width {
        let column = numbers.iter().skip(column).step_by(width);
        let column = column.map(|&x| f64::from(x)).filter(|x| x.is_finite());
        let (count, sum) = column
            .clone()
            .fold((0.0, 0.0), |(n, sum), x| (n + 1.0, sum + x));
        squares += column.map(|x| (x - sum / count).powi(2)).sum::<f64>();
        all += count;
    }
    if all > 0.0 { squares / all } else { 0.0 }
}

/// Ids that are now and then replaced while training, so that the replacement is trained too: an
/// unknown word is met in training as often as rare words make it likely.
#[derive(Clone, Debug)]
pub struct Hiding {
    /// The channel whose ids are hidden.
    pub channel: usize,
    /// What they become.
    pub replacement: u32,
    /// Probability per id.
    pub rates: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_selections_keep_ids_with_targets() {
        let mut sequences = Sequences::of_tokens(2);
        for (length, first) in [(2, 10), (1, 20), (3, 30)] {
            for i in 0..length {
                sequences.push_row([first + i, 0], Target::class(first));
            }
            sequences.end_sequence();
        }
        assert_eq!((sequences.len(), sequences.rows()), (3, 6));
        assert_eq!(sequences.rows_of(2), 3..6);
        assert_eq!(sequences.outputs_of(2, 1..9), 4..6);
        let chosen = sequences.select([2, 0]);
        assert_eq!(
            (chosen.len_of(0), chosen.ids(1), chosen.ids(4)),
            (3, &[31, 0][..], &[11, 0][..])
        );
        assert_eq!(chosen.classes()[4].get(), Some(10));
        assert_ne!(chosen.fingerprint(), sequences.fingerprint());
        assert_eq!(
            sequences.select(0..3).fingerprint(),
            sequences.fingerprint()
        );
    }

    #[test]
    fn who_does_not_look_at_the_inputs_has_the_entropy_or_the_variance() {
        let mut tokens = Sequences::of_tokens(1);
        for class in [0, 0, 0, 2] {
            tokens.push_row([1], Target::class(class));
        }
        tokens.push_row([1], Target::IGNORED);
        tokens.end_sequence();
        let expected = -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
        assert!((tokens.baseline() - expected).abs() < 1e-12);
        let mut numbers = Sequences::new(Rows::numbers(1), Targets::numbers(2), Read::EveryStep);
        for goal in [[1.0, 10.0], [3.0, f32::NAN], [2.0, 14.0]] {
            numbers.push_numbers([0.0]);
            numbers.push_goal(goal);
        }
        numbers.end_sequence();
        assert!((numbers.baseline() - (1.0 + 1.0 + 4.0 + 4.0) / 5.0).abs() < 1e-12);
    }

    #[test]
    fn names_without_an_output_stay_with_their_rows() {
        let mut sequences = Sequences::of_tokens(1);
        for length in 1..4 {
            (0..length).for_each(|row| sequences.push_row([row], Target::class(row)));
            sequences.push_ids([9]);
            sequences.push_unknown(["c", "a", "b"][length as usize - 1]);
            sequences.end_sequence();
        }
        assert_eq!(
            (sequences.unknown(0), sequences.unknown(1)),
            (None, Some("c"))
        );
        assert_eq!(sequences.unknown_names(), ["a", "b", "c"]);
        let chosen = sequences.select([2, 0]);
        assert_eq!(
            (chosen.unknown(3), chosen.unknown(5)),
            (Some("b"), Some("c"))
        );
        assert_eq!(chosen.classes()[3], Target::IGNORED);
    }

    #[test]
    fn numbers_may_have_a_target_per_sequence() {
        let mut sequences = Sequences::new(Rows::numbers(2), Targets::numbers(1), Read::LastStep);
        for (length, goal) in [(2, 0.5), (3, f32::NAN)] {
            (0..length).for_each(|step| sequences.push_numbers([step as f32, 1.0]));
            sequences.push_goal([goal]);
            sequences.end_sequence();
        }
        assert_eq!((sequences.rows(), sequences.outputs()), (5, 2));
        assert_eq!(sequences.outputs_of(1, 0..1), 1..2);
        let chosen = sequences.select([1]);
        assert_eq!(
            (chosen.numbers(2), chosen.ids(2)),
            (&[2.0, 1.0][..], &[][..])
        );
        let Targets::Numbers { numbers, .. } = chosen.targets() else {
            panic!("the targets are numbers");
        };
        assert!(numbers[0].is_nan());
    }
}
