//! How many echoes are right.

use elman_core::{Level, Model};

use crate::base::failure::Result;
use crate::data::Sequences;
use crate::net::gather::longest_first;
use crate::net::infer;
use crate::task::label::{best, nats};

/// Steps of validation that are run at once.
const STEPS: usize = 200;

/// Sums over echoes.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoScores {
    pub nats: f64,
    pub right: usize,
    pub items: usize,
}

impl EchoScores {
    /// Mean nats per echo.
    pub fn loss(&self) -> f64 {
        self.nats / self.items.max(1) as f64
    }

    /// Share of echoes that are right.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.items.max(1) as f64
    }

    /// Of a net on some sequences.
    ///
    /// # Errors
    /// None for a net of this task.
    pub fn measure(model: &Model<'_>, sequences: &Sequences) -> Result<Self> {
        let mut scores = Self::default();
        let (order, width) = (longest_first(sequences), model.spec().output_width());
        let level = Level::detect();
        infer::walk(level, model, sequences, &order, STEPS, |places, rows| {
            for (&place, row) in places.iter().zip(rows.chunks_exact(width)) {
                if let Some(class) = sequences.classes()[place].get() {
                    let class = class as usize;
                    scores.nats += nats(row[class]);
                    scores.right += usize::from(best(row) == class);
                    scores.items += 1;
                }
            }
            Ok(())
        })?;
        Ok(scores)
    }
}
