//! What is learnt from and what is validated on, where one file holds both.

use std::path::Path;

use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::data::table::{Block, Labels, Part};
use crate::task::groups::{self, Member};

/// Without validation data every tenth sentence, on average, is held out.
const HELD_OUT: usize = 10;
/// One recording of fewer rows is too little to learn from and validate on.
const SHORTEST: usize = 40;
/// So many rows of a recording make a piece to learn from, or a few more.
const PIECE: usize = 25;

/// Rows that were recorded, as one file has them.
pub struct Recorded<'a> {
    /// The column that says who or what a sequence comes from.
    pub group_column: Option<&'a str>,
    /// What a split column gives to validation.
    pub held: Vec<Block>,
    /// Values of a row.
    pub columns: usize,
    /// What messages blame.
    pub path: &'a Path,
}

impl Recorded<'_> {
    /// Splits off what the file itself holds out, or whole groups, or the end of the only recording, or a tenth.
    pub fn hold_out(self, train: Vec<Block>, seed: u64) -> (Vec<Block>, Vec<Block>) {
        if !self.held.is_empty() {
            return (train, self.held);
        }
        if let Some(column) = self.group_column {
            let members = train.iter().map(|block| Member {
                group: &block.group,
                class: None,
            });
            let members: Vec<Member<'_>> = members.collect();
            let held = groups::hold_out(&members, column, seed, self.path);
            if let Some(is_held_out) = held {
                return part(train, &is_held_out);
            }
        }
        match &train[..] {
            [one] if one.rows >= SHORTEST => self.cut(one),
            _ => hold_out(train, seed),
        }
    }

    /// Holds out the end of one recording, and cuts the rest into pieces: a net learns once from each.
    fn cut(&self, recording: &Block) -> (Vec<Block>, Vec<Block>) {
        let end = recording.rows - recording.rows.div_ceil(HELD_OUT);
        let count = (end / PIECE).max(1);
        let pieces =
            (0..count).map(|i| self.piece(recording, i * end / count, (i + 1) * end / count));
        tell!(
            "elman: {}: note: one sequence of {} rows: learnt from in {count} pieces of its first {end} rows, and validated on \
             the others; a column seq says otherwise",
            self.path.display(),
            recording.rows,
        );
        (
            pieces.collect(),
            vec![self.piece(recording, end, recording.rows)],
        )
    }

    fn piece(&self, recording: &Block, from: usize, to: usize) -> Block {
        let mut labels = Labels::None;
        for row in from..to {
            if let Some(label) = recording.labels.of_row(row) {
                labels.push(row - from, label);
            }
        }
        Block {
            values: recording.values[from * self.columns..to * self.columns].to_vec(),
            rows: to - from,
            labels,
            name: recording.name.clone(),
            line: recording.line + from,
            ..Block::default()
        }
    }
}

/// What a split column gives to training, and what to validation; all is for training where there is none.
///
/// # Errors
/// A sequence of two parts, or nothing to learn from.
pub fn devoted(blocks: Vec<Block>, path: &Path) -> Result<(Vec<Block>, Vec<Block>)> {
    let (mut train, mut held) = (Vec::new(), Vec::new());
    for block in blocks {
        let part = block
            .part()
            .map_err(|what| Failure::input(format!("{}:{}: {what}", path.display(), block.line)))?;
        match part {
            None | Some(Part::Train) => train.push(block),
            Some(Part::Dev) => held.push(block),
            Some(Part::Test) => {}
        }
    }
    if train.is_empty() {
        return Err(Failure::input("the split column leaves nothing to learn from").in_file(path));
    }
    Ok((train, held))
}

/// Splits off a tenth, the same one for the same seed.
pub fn hold_out<T>(sentences: Vec<T>, seed: u64) -> (Vec<T>, Vec<T>) {
    let mut order: Vec<usize> = (0..sentences.len()).collect();
    seeds::shuffle(
        &mut seeds::generator(seed, Purpose::HoldOut, &[]),
        &mut order,
    );
    let held_out = sentences.len().div_ceil(HELD_OUT).min(sentences.len() - 1);
    let mut is_held_out = vec![false; sentences.len()];
    order
        .iter()
        .take(held_out)
        .for_each(|&sentence| is_held_out[sentence] = true);
    part(sentences, &is_held_out)
}

/// What is learnt from, and what is held out.
fn part<T>(all: Vec<T>, is_held_out: &[bool]) -> (Vec<T>, Vec<T>) {
    let mut places = is_held_out.iter();
    all.into_iter().partition(|_| places.next() == Some(&false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::conll::Sentence;
    use crate::data::table::Labels;

    #[test]
    fn a_tenth_is_held_out_and_the_rest_keeps_its_order() {
        let sentences: Vec<Sentence> = (1..=25)
            .map(|line| Sentence {
                first_line: line,
                ..Sentence::default()
            })
            .collect();
        let (train, valid) = hold_out(sentences.clone(), 1);
        assert_eq!((train.len(), valid.len()), (22, 3));
        assert!(train.is_sorted_by_key(|sentence| sentence.first_line));
        assert_eq!(hold_out(sentences.clone(), 1).1, valid);
        assert_ne!(hold_out(sentences.clone(), 2).1, valid);
        assert_eq!(hold_out(sentences[..1].to_vec(), 1).1, []);
    }

    fn recording(rows: usize) -> Block {
        let mut block = Block {
            rows,
            values: (0..2 * rows).map(|value| value as f64).collect(),
            line: 2,
            ..Block::default()
        };
        (0..rows).for_each(|row| block.labels.push(row, ["rest", "walk"][row / 25 % 2]));
        block
    }

    fn recorded(held: Vec<Block>, group_column: Option<&str>) -> Recorded<'_> {
        Recorded {
            group_column,
            held,
            columns: 2,
            path: Path::new("f"),
        }
    }

    #[test]
    fn of_one_recording_the_end_is_held_out_and_the_rest_is_cut() {
        let (train, valid) = recorded(Vec::new(), None).hold_out(vec![recording(600)], 1);
        assert_eq!((train.len(), valid.len(), valid[0].rows), (21, 1, 60));
        assert_eq!(train.iter().map(|piece| piece.rows).sum::<usize>(), 540);
        assert_eq!((valid[0].line, valid[0].values[0]), (542, 1080.0));
        assert_eq!(valid[0].labels.of_row(59), Some("walk"));
        assert_eq!(
            (train[1].line, train[0].labels.clone()),
            (2 + train[0].rows, {
                let mut labels = Labels::None;
                (0..train[0].rows)
                    .for_each(|row| labels.push(row, if row < 25 { "rest" } else { "walk" }));
                labels
            })
        );
        let (train, valid) = recorded(Vec::new(), None).hold_out(vec![recording(30)], 1);
        assert_eq!((train.len(), valid.len()), (1, 0), "too short");
    }

    #[test]
    fn the_split_column_and_the_groups_decide() {
        let mut blocks = vec![recording(5), recording(6), recording(7)];
        let parts = [Part::Train, Part::Dev, Part::Test];
        for (block, part) in blocks.iter_mut().zip(parts) {
            block.parts = vec![part; block.rows];
        }
        let (train, held) = devoted(blocks.clone(), Path::new("f")).unwrap();
        assert_eq!((train.len(), train[0].rows, held[0].rows), (1, 5, 6));
        let (train, valid) = recorded(held, None).hold_out(train, 1);
        assert_eq!((train[0].rows, valid[0].rows), (5, 6));
        blocks[0].parts[3] = Part::Dev;
        let complaint = devoted(blocks, Path::new("f")).unwrap_err().to_string();
        assert!(
            complaint.starts_with("f:2: the split column changes"),
            "{complaint}"
        );
        let mut blocks = vec![recording(5); 9];
        for (i, block) in blocks.iter_mut().enumerate() {
            block.group = format!("s{}", i / 3);
        }
        let (train, valid) = recorded(Vec::new(), Some("speaker")).hold_out(blocks, 1);
        assert_eq!((train.len(), valid.len()), (6, 3));
        assert!(valid.iter().all(|block| block.group == valid[0].group));
    }
}
