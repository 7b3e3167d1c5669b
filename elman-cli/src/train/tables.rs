//! Which rows of the embedding tables a batch uses. A vocabulary may hold a million rows and a batch some hundred
//! words, so only rows in use are zeroed, summed, clipped and updated, as PyTorch's `SparseAdam` does.

use std::ops::Range;

use elman_core::{Input, Spec, TensorKind};

/// The rows in use, of every table.
#[derive(Clone, Debug)]
pub struct Tables {
    tables: Vec<Table>,
    /// Where parameters begin that every batch uses.
    dense: Range<usize>,
    /// The padding rows are read by every window that looks beyond a sequence.
    pads: bool,
}

#[derive(Clone, Debug)]
struct Table {
    offset: usize,
    width: usize,
    /// The padding row; it is also the last.
    padding: u32,
    /// Rows that stay as they are; empty where none do.
    is_frozen: Vec<bool>,
    /// Whether a row is in `used`.
    is_used: Vec<bool>,
    used: Vec<u32>,
}

impl Tables {
    /// No row is in use yet; behind the net's parameters lie `more` that every batch uses.
    pub fn new(spec: &Spec, more: usize) -> Self {
        let tables: Vec<Table> = spec
            .tensors()
            .filter(|tensor| matches!(tensor.kind, TensorKind::Embedding { .. }))
            .map(|tensor| Table {
                offset: tensor.offset,
                width: tensor.columns,
                padding: (tensor.rows - 1) as u32,
                is_frozen: Vec::new(),
                is_used: vec![false; tensor.rows],
                used: Vec::new(),
            })
            .collect();
        let start = tables
            .last()
            .map_or(0, |table| table.offset + table.width * table.is_used.len());
        let pads = matches!(&spec.input, Input::Tokens { window, .. } if *window > 1);
        Self {
            tables,
            dense: start..spec.params_len() + more,
            pads,
        }
    }

    /// Some rows of the first table stay as they are.
    pub fn freeze(&mut self, ids: impl Iterator<Item = u32>) {
        if let Some(table) = self.tables.first_mut() {
            table.is_frozen = vec![false; table.is_used.len()];
            ids.for_each(|id| table.is_frozen[id as usize] = true);
        }
    }

    /// Zeroes the gradients of everything in use, and takes it out of use.
    pub fn clear(&mut self, gradients: &mut [f32]) {
        gradients[self.dense.clone()].fill(0.0);
        for table in &mut self.tables {
            for id in table.used.drain(..) {
                table.is_used[id as usize] = false;
                let start = table.offset + id as usize * table.width;
                gradients[start..start + table.width].fill(0.0);
            }
        }
    }

    /// Takes the rows of some ids (R, channels) into use.
    pub fn touch(&mut self, ids: &[u32]) {
        let channels = self.tables.len();
        for (channel, table) in self.tables.iter_mut().enumerate() {
            ids.iter()
                .skip(channel)
                .step_by(channels)
                .for_each(|&id| table.touch(id));
            if self.pads {
                table.touch(table.padding);
            }
        }
    }

    /// Takes everything into use that another shard uses.
    pub fn join(&mut self, other: &Self) {
        for (table, other) in self.tables.iter_mut().zip(&other.tables) {
            other.used.iter().for_each(|&id| table.touch(id));
        }
    }

    /// How many tables there are.
    pub fn count(&self) -> usize {
        self.tables.len()
    }

    /// The rows in use of each table.
    pub fn used(&self) -> impl Iterator<Item = Vec<u64>> {
        let tables = self.tables.iter();
        tables.map(|table| table.used.iter().map(|&id| u64::from(id)).collect())
    }

    /// Takes rows into use: so many of each table, one table after the other.
    pub fn join_used(&mut self, counts: &[u64], mut rows: &[u64]) {
        for (table, &count) in self.tables.iter_mut().zip(counts) {
            let (own, rest) = rows.split_at(count as usize);
            own.iter().for_each(|&id| table.touch(id as u32));
            rows = rest;
        }
    }

    /// The parameters in use that may change, as ranges of the flat slice, first to last; neighbouring rows share a range.
    pub fn ranges(&mut self, ranges: &mut Vec<Range<usize>>) {
        ranges.clear();
        for table in &mut self.tables {
            table.used.sort_unstable();
            for &id in &table.used {
                if table.is_frozen.get(id as usize) == Some(&true) {
                    continue;
                }
                let start = table.offset + id as usize * table.width;
                match ranges.last_mut() {
                    Some(last) if last.end == start => last.end += table.width,
                    _ => ranges.push(start..start + table.width),
                }
            }
        }
        ranges.push(self.dense.clone());
    }
}

impl Table {
    fn touch(&mut self, id: u32) {
        if !std::mem::replace(&mut self.is_used[id as usize], true) {
            self.used.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elman_core::*;

    const SPEC: Spec = Spec {
        input: Input::Tokens {
            channels: Channels::of([
                Channel {
                    vocabulary: 9,
                    width: 4,
                },
                Channel {
                    vocabulary: 2,
                    width: 1,
                },
            ]),
            window: 3,
        },
        layers: Layers::of([Layer::tanh(2)]),
        initial_state: InitialState::Trained,
        head: Head {
            kind: HeadKind::Softmax { outputs: 2 },
            read: Read::EveryStep,
        },
        dropout: Dropout::NONE,
    };

    #[test]
    fn ranges_cover_rows_in_use_and_everything_else() {
        let (mut first, mut second, mut ranges) =
            (Tables::new(&SPEC, 5), Tables::new(&SPEC, 5), Vec::new());
        first.touch(&[3, 0, 7, 0, 3, 0]);
        second.touch(&[4, 0]);
        // By way of words, as from another rank.
        let used: Vec<Vec<u64>> = second.used().collect();
        let counts: Vec<u64> = used.iter().map(|rows| rows.len() as u64).collect();
        let mut far = first.clone();
        far.join_used(&counts, &used.concat());
        let mut of_far = Vec::new();
        far.ranges(&mut of_far);
        first.join(&second);
        first.ranges(&mut ranges);
        assert_eq!((far.count(), &of_far), (2, &ranges));
        // Rows 3 and 4, 7, and the padding row 9; then row 0 and the padding row 2 of the narrow table.
        let dense = 43..SPEC.params_len() + 5;
        assert_eq!(
            ranges,
            [12..20, 28..32, 36..41, 42..43]
                .into_iter()
                .chain([dense.clone()])
                .collect::<Vec<_>>()[..]
        );
        first.freeze([4, 7].into_iter());
        first.ranges(&mut ranges);
        assert_eq!(ranges[..2], [12..16, 36..41]);
        let mut gradients = vec![1.0; SPEC.params_len() + 5];
        first.clear(&mut gradients);
        assert_eq!(gradients.iter().position(|&g| g == 0.0), Some(12));
        assert!(gradients[dense].iter().all(|&g| g == 0.0));
        first.ranges(&mut ranges);
        assert_eq!(ranges.len(), 1);
    }
}
