//! Which class was taken for which, and how often. Only what occurred is held: the whole matrix of 10 000 classes would
//! have a hundred million cells, and nearly all of them zero.

use std::collections::BTreeMap;

/// How often each class was taken for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// By real class and found class; none is zero.
    cells: BTreeMap<(usize, usize), usize>,
    /// Sums of the rows: how often each class occurred.
    real: Vec<usize>,
    /// Sums of the columns: how often it was the answer.
    found: Vec<usize>,
}

impl Confusion {
    /// Nothing is counted yet, of so many classes.
    pub fn new(classes: usize) -> Self {
        Self {
            cells: BTreeMap::new(),
            real: vec![0; classes],
            found: vec![0; classes],
        }
    }

    /// A matrix, a row per real class.
    #[cfg(test)]
    pub fn of(matrix: &[&[usize]]) -> Self {
        let mut confusion = Self::new(matrix.len());
        for (real, row) in matrix.iter().enumerate() {
            for (found, &count) in row.iter().enumerate() {
                confusion.add(real, found, count);
            }
        }
        confusion
    }

    /// A class was taken for another, or for itself, so many times more.
    pub fn add(&mut self, real: usize, found: usize, count: usize) {
        if count > 0 {
            *self.cells.entry((real, found)).or_default() += count;
            self.real[real] += count;
            self.found[found] += count;
        }
    }

    /// How many classes there are.
    pub const fn classes(&self) -> usize {
        self.real.len()
    }

    /// How often a class was taken for another.
    pub fn count(&self, real: usize, found: usize) -> usize {
        self.cells.get(&(real, found)).copied().unwrap_or(0)
    }

    /// How often a class occurred.
    pub fn real(&self, class: usize) -> usize {
        self.real[class]
    }

    /// How often a class was the answer.
    pub fn found(&self, class: usize) -> usize {
        self.found[class]
    }

    /// What one class was taken for, and how often, in the order of the classes.
    pub fn row(&self, real: usize) -> impl DoubleEndedIterator<Item = (usize, usize)> {
        let row = self.cells.range((real, 0)..=(real, usize::MAX));
        row.map(|(&(_, found), &count)| (found, count))
    }

    /// Every pair of a real and a found class that occurred, and how often.
    pub fn cells(&self) -> impl Iterator<Item = ((usize, usize), usize)> {
        self.cells.iter().map(|(&pair, &count)| (pair, count))
    }

    /// How often the answer was right.
    pub fn right(&self) -> usize {
        (0..self.classes())
            .map(|class| self.count(class, class))
            .sum()
    }

    /// How many answers there were.
    pub fn total(&self) -> usize {
        self.real.iter().sum()
    }

    /// The whole matrix, a row per real class.
    pub fn matrix(&self) -> Vec<Vec<usize>> {
        let mut matrix = vec![vec![0; self.classes()]; self.classes()];
        for ((real, found), count) in self.cells() {
            matrix[real][found] = count;
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_rows_are_those_of_the_matrix() {
        let matrix: [&[usize]; 3] = [&[3, 0, 1], &[0, 0, 0], &[2, 0, 4]];
        let confusion = Confusion::of(&matrix);
        assert_eq!(confusion.matrix(), matrix);
        assert_eq!([0, 1, 2].map(|class| confusion.real(class)), [4, 0, 6]);
        assert_eq!([0, 1, 2].map(|class| confusion.found(class)), [5, 0, 5]);
        assert_eq!((confusion.right(), confusion.total()), (7, 10));
        assert!(confusion.row(0).eq([(0, 3), (2, 1)]) && confusion.row(1).eq([]));
        assert_eq!(confusion.cells().count(), 4, "zeros take no room");
    }
}
