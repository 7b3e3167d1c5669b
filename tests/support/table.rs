//! Where workers of one sequence put their parts of a row and take those of the others: as plain as it can be.

use std::ops::Range;
use std::sync::{Barrier, Mutex};

use elman_core::Exchange;

/// What every worker put here last, and where all meet.
pub struct Table {
    parts: Vec<Mutex<(Range<usize>, Vec<f32>)>>,
    meeting: Barrier,
}

impl Table {
    /// For so many workers.
    pub fn new(workers: usize) -> Self {
        Self {
            parts: (0..workers).map(|_| Mutex::default()).collect(),
            meeting: Barrier::new(workers),
        }
    }
}

/// One worker's place.
pub struct Seat<'t> {
    /// The table of all.
    pub table: &'t Table,
    /// Number of the worker.
    pub index: usize,
}

impl Exchange for Seat<'_> {
    fn exchange(&mut self, row: &mut [f32], own: Range<usize>) {
        let part = (own.clone(), row[own.clone()].to_vec());
        *self.table.parts[self.index].lock().expect("a part") = part;
        // What others computed must come from them.
        let outside = (0..row.len()).filter(|i| !own.contains(i));
        outside.for_each(|i| row[i] = f32::NAN);
        self.table.meeting.wait();
        for part in &self.table.parts {
            let (range, numbers) = &*part.lock().expect("a part");
            row[range.clone()].copy_from_slice(numbers);
        }
        self.table.meeting.wait();
    }
}
