//! What is learnt from and what is validated on, where one file holds both.

use std::ops::Range;
use std::path::Path;

use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::data::table::{Block, Labels, Part};
use crate::task::groups::{self, HELD_OUT, Member};
use crate::train::repeats::Fold;

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
    fn hold_out(self, train: Vec<Block>, seed: u64) -> (Vec<Block>, Vec<Block>) {
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

    /// Splits off a fold, where one is asked for, or what is held out without.
    ///
    /// # Errors
    /// Fewer sequences, or groups of them, than folds.
    pub fn split(
        self,
        train: Vec<Block>,
        number: Option<Fold>,
        seed: u64,
    ) -> Result<(Vec<Block>, Vec<Block>)> {
        match number {
            Some(number) => self.fold(train, number, seed),
            None => Ok(self.hold_out(train, seed)),
        }
    }

    /// Splits off one fold of all sequences, those that the file itself holds out among them.
    ///
    /// # Errors
    /// Fewer sequences, or groups of them, than folds.
    fn fold(
        self,
        mut train: Vec<Block>,
        number: Fold,
        seed: u64,
    ) -> Result<(Vec<Block>, Vec<Block>)> {
        if let ([recording], []) = (&train[..], &self.held[..])
            && recording.rows >= SHORTEST.max(number.of)
        {
            return Ok(self.stretch(recording, number));
        }
        train.extend(self.held);
        fold(train, |block| &block.group, number, seed)
    }

    /// Holds out one of so many stretches of a recording, and cuts the rest into pieces.
    fn stretch(&self, recording: &Block, number: Fold) -> (Vec<Block>, Vec<Block>) {
        let end = |stretches: usize| stretches * recording.rows / number.of;
        let (start, stop) = (end(number.number - 1), end(number.number));
        let cut = |rows| piece(recording, self.columns, rows);
        let sides = [0..start, stop..recording.rows].into_iter();
        let sides = sides.filter(|rows| !rows.is_empty()).map(cut);
        let pieces: Vec<Block> = sides
            .flat_map(|side| self.pieces(&side, side.rows))
            .collect();
        tell!(
            "elman: {}: note: one sequence of {} rows: validated on rows {} to {stop}, and learnt from in {} pieces of the others",
            self.path.display(),
            recording.rows,
            start + 1,
            pieces.len(),
        );
        (pieces, vec![cut(start..stop)])
    }

    /// One recording alone cut into pieces, as something else is validated on.
    pub fn in_pieces(&self, train: Vec<Block>) -> Vec<Block> {
        let [recording] = &train[..] else {
            return train;
        };
        if recording.rows < SHORTEST {
            return train;
        }
        let pieces = self.pieces(recording, recording.rows);
        tell!(
            "elman: {}: note: one sequence of {} rows to learn from, in {} pieces; a column seq says otherwise",
            self.path.display(),
            recording.rows,
            pieces.len(),
        );
        pieces
    }

    /// Pieces of the first rows of a recording: a net learns once from each.
    fn pieces(&self, recording: &Block, end: usize) -> Vec<Block> {
        let count = (end / PIECE).max(1);
        let cut = |i| {
            piece(
                recording,
                self.columns,
                i * end / count..(i + 1) * end / count,
            )
        };
        (0..count).map(cut).collect()
    }

    /// Holds out the end of one recording, and cuts the rest into pieces.
    fn cut(&self, recording: &Block) -> (Vec<Block>, Vec<Block>) {
        let end = recording.rows - recording.rows.div_ceil(HELD_OUT);
        let pieces = self.pieces(recording, end);
        tell!(
            "elman: {}: note: one sequence of {} rows: learnt from in {} pieces of its first {end} rows, and validated on \
             the others; a column seq says otherwise",
            self.path.display(),
            recording.rows,
            pieces.len(),
        );
        (
            pieces,
            vec![piece(recording, self.columns, end..recording.rows)],
        )
    }
}

/// Some rows of a recording, of `columns` values each.
fn piece(recording: &Block, columns: usize, rows: Range<usize>) -> Block {
    let mut labels = Labels::None;
    for row in rows.clone() {
        if let Some(label) = recording.labels.of_row(row) {
            labels.push(row - rows.start, label);
        }
    }
    Block {
        values: recording.values[rows.start * columns..rows.end * columns].to_vec(),
        rows: rows.len(),
        labels,
        name: recording.name.clone(),
        group: recording.group.clone(),
        line: recording.line + rows.start,
        ..Block::default()
    }
}

/// A recording cut where its part changes, with the part of each piece; none where the file has no split column.
///
/// # Errors
/// A part comes back after another: these are no stretches of time.
fn by_part(block: Block, columns: usize, path: &Path) -> Result<Vec<(Option<Part>, Block)>> {
    let mut met: Vec<(Part, usize)> = Vec::new();
    for (row, &part) in block.parts.iter().enumerate() {
        if met.last().is_some_and(|&(last, _)| last == part) {
            continue;
        }
        if met.iter().any(|&(earlier, _)| earlier == part) {
            let line = block.line + row;
            return Err(Failure::input(format!(
                "{}:{line}: the part {} comes back within a sequence; a part of a sequence is one stretch of its rows",
                path.display(),
                part.name()
            )));
        }
        met.push((part, row));
    }
    if let [] | [_] = met[..] {
        return Ok(vec![(met.first().map(|&(part, _)| part), block)]);
    }
    let ends = met.iter().skip(1).map(|&(_, start)| start);
    let ends = ends.chain([block.rows]);
    let stretches = met.iter().zip(ends);
    Ok(stretches
        .map(|(&(part, start), end)| (Some(part), piece(&block, columns, start..end)))
        .collect())
}

/// What is in a part; everything where nobody asks for one.
///
/// # Errors
/// Nothing is, or as [`devoted`].
pub fn only(
    blocks: Vec<Block>,
    columns: usize,
    part: Option<Part>,
    path: &Path,
) -> Result<Vec<Block>> {
    let Some(part) = part else {
        return Ok(blocks);
    };
    let mut found = Vec::new();
    for block in blocks {
        let stretches = by_part(block, columns, path)?.into_iter();
        let wanted = stretches.filter(|(of, _)| *of == Some(part));
        found.extend(wanted.map(|(_, block)| block));
    }
    if found.is_empty() {
        let sentence = format!("the part {} holds nothing", part.name());
        return Err(Failure::input(sentence).in_file(path));
    }
    Ok(found)
}

/// What a split column gives to training, and what to validation; all is for training where there is none.
///
/// # Errors
/// A sequence to whose part another comes back, or nothing to learn from.
pub fn devoted(
    blocks: Vec<Block>,
    columns: usize,
    path: &Path,
) -> Result<(Vec<Block>, Vec<Block>)> {
    let (mut train, mut held) = (Vec::new(), Vec::new());
    for block in blocks {
        for (part, block) in by_part(block, columns, path)? {
            match part {
                None | Some(Part::Train) => train.push(block),
                Some(Part::Dev) => held.push(block),
                Some(Part::Test) => {}
            }
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

/// Splits off one fold, of whole groups where sequences have them.
///
/// # Errors
/// Fewer sequences or groups than folds.
pub fn fold<T>(
    all: Vec<T>,
    group: impl Fn(&T) -> &str,
    number: Fold,
    seed: u64,
) -> Result<(Vec<T>, Vec<T>)> {
    let member = |one| Member {
        group: group(one),
        class: None,
    };
    let members: Vec<Member<'_>> = all.iter().map(member).collect();
    let is_held_out = groups::fold(&members, number, seed)?;
    Ok(part(all, &is_held_out))
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
    fn folds_of_one_recording_are_stretches_of_it() {
        let of = |number| {
            let fold = Fold { number, of: 3 };
            let recorded = recorded(Vec::new(), None);
            recorded.split(vec![recording(300)], Some(fold), 1).unwrap()
        };
        for number in 1..=3 {
            let (train, valid) = of(number);
            assert_eq!((valid.len(), valid[0].rows), (1, 100));
            assert_eq!(valid[0].values[0], 200.0 * (number - 1) as f64);
            assert_eq!(train.iter().map(|piece| piece.rows).sum::<usize>(), 200);
            let first = if number == 1 { 200.0 } else { 0.0 };
            assert_eq!((train.len(), train[0].values[0]), (8, first));
        }
        let fold = Some(Fold { number: 1, of: 3 });
        let short = recorded(Vec::new(), None).split(vec![recording(30)], fold, 1);
        assert!(short.is_err());
    }

    #[test]
    fn the_split_column_and_the_groups_decide() {
        let mut blocks = vec![recording(5), recording(6), recording(7)];
        let parts = [Part::Train, Part::Dev, Part::Test];
        for (block, part) in blocks.iter_mut().zip(parts) {
            block.parts = vec![part; block.rows];
        }
        let (train, held) = devoted(blocks.clone(), 2, Path::new("f")).unwrap();
        assert_eq!((train.len(), train[0].rows, held[0].rows), (1, 5, 6));
        let (train, valid) = recorded(held, None).hold_out(train, 1);
        assert_eq!((train[0].rows, valid[0].rows), (5, 6));
        blocks[0].parts[3..].fill(Part::Test);
        let (train, held) = devoted(blocks.clone(), 2, Path::new("f")).unwrap();
        assert_eq!((train[0].rows, held.len()), (3, 1));
        let test = only(blocks.clone(), 2, Some(Part::Test), Path::new("f")).unwrap();
        assert_eq!(
            (
                test.len(),
                test[0].rows,
                test[0].line,
                test[0].values[0],
                test[1].rows
            ),
            (2, 2, 5, 6.0, 7)
        );
        assert_eq!(test[0].labels.of_row(1), Some("rest"));
        blocks[0].parts[4] = Part::Train;
        let complaint = devoted(blocks, 2, Path::new("f")).unwrap_err().to_string();
        assert!(
            complaint.starts_with("f:6: the part train comes back"),
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
