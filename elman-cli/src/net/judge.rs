//! Outputs that are looked at as they come, and not kept: all rows of a file times ten thousand classes fit nowhere.

use crate::data::Sequences;

/// What is made of the outputs of a sequence, row by row.
pub trait Judge: Sync {
    /// What is known of a sequence that is being run.
    type Notes: Send;
    /// What is kept of it.
    type Verdict: Send;

    /// Before the first row of a sequence.
    fn start(&self) -> Self::Notes;

    /// The next row that comes out, and the target of [`Sequences`] that belongs to it.
    fn see(&self, notes: &mut Self::Notes, target: usize, row: &[f32]);

    /// After the last.
    fn end(&self, notes: Self::Notes) -> Self::Verdict;
}

/// Two judges that look at the same outputs.
pub struct Both<A, B>(pub A, pub B);

impl<A: Judge, B: Judge> Judge for Both<A, B> {
    type Notes = (A::Notes, B::Notes);
    type Verdict = (A::Verdict, B::Verdict);

    fn start(&self) -> Self::Notes {
        (self.0.start(), self.1.start())
    }

    fn see(&self, (a, b): &mut Self::Notes, target: usize, row: &[f32]) {
        self.0.see(a, target, row);
        self.1.see(b, target, row);
    }

    fn end(&self, (a, b): Self::Notes) -> Self::Verdict {
        (self.0.end(a), self.1.end(b))
    }
}

/// Judges the outputs (T, O) of one sequence that are there already.
pub fn judge_rows<J: Judge>(
    judge: &J,
    sequences: &Sequences,
    sequence: usize,
    outputs: &[f32],
) -> J::Verdict {
    let mut notes = judge.start();
    let targets = sequences.outputs_of(sequence, 0..usize::MAX);
    let width = outputs.len() / targets.len().max(1);
    for (target, row) in targets.zip(outputs.chunks_exact(width.max(1))) {
        judge.see(&mut notes, target, row);
    }
    judge.end(notes)
}

/// The same for all sequences, whose outputs (R, O) lie one after another.
#[cfg(test)]
pub fn judge_all<J: Judge>(judge: &J, sequences: &Sequences, outputs: &[f32]) -> Vec<J::Verdict> {
    let width = outputs.len() / sequences.outputs().max(1);
    let of = |sequence| {
        let rows = sequences.outputs_of(sequence, 0..usize::MAX);
        let outputs = &outputs[rows.start * width..rows.end * width];
        judge_rows(judge, sequences, sequence, outputs)
    };
    (0..sequences.len()).map(of).collect()
}

/// Keeps every row with its target: nothing may be lost, doubled or swapped.
#[cfg(test)]
pub struct Keep;

#[cfg(test)]
impl Judge for Keep {
    type Notes = Vec<(usize, Vec<f32>)>;
    type Verdict = Self::Notes;

    fn start(&self) -> Self::Notes {
        Vec::new()
    }

    fn see(&self, rows: &mut Self::Notes, target: usize, row: &[f32]) {
        rows.push((target, row.to_vec()));
    }

    fn end(&self, rows: Self::Notes) -> Self::Verdict {
        rows
    }
}
