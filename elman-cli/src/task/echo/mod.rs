//! The echo task: symbols drawn at random come out again some steps later. The smallest test of a memory.

mod args;
mod model;
mod task;

use elman_core::{Head, HeadKind, Input, Read, Spec, Target};
use serde::{Deserialize, Serialize};

use crate::base::failure::{Failure, Result};
use crate::base::folder::Run;
use crate::data::{Rows, Sequences, Targets};
use crate::net::model_file;
use crate::net::network::Network;

pub use args::EchoArgs;
pub use model::EchoModel;
pub use task::EchoTask;

/// The name of the task, in commands and files.
pub const TASK: &str = "echo";

/// What is echoed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoMeaning {
    /// Symbols are the numbers below this.
    classes: usize,
    /// Steps until a symbol comes out again.
    delay: usize,
}

impl EchoMeaning {
    /// A run's best model, and what its numbers mean.
    ///
    /// # Errors
    /// A run without a model, a model of another task, or one whose parts do not fit together.
    fn open(run: &Run) -> Result<(Network, Self)> {
        let path = run.trained_model()?;
        let (network, meaning): (Network, Self) = model_file::load(&path, TASK)?;
        if meaning.fits(network.spec()) {
            return Ok((network, meaning));
        }
        Err(Failure::input("the symbols do not fit the net").in_file(&path))
    }

    fn fits(&self, spec: &Spec) -> bool {
        // Symbols are read and written as digits.
        (2..=36).contains(&self.classes)
            && spec.input == self.input()
            && spec.head == self.head()
            && !spec.is_bidirectional()
    }

    /// Bits are read as they are, more symbols as one number each that is one while the others are zero.
    const fn width(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }

    const fn input(&self) -> Input {
        Input::Dense {
            width: self.width(),
        }
    }

    const fn head(&self) -> Head {
        Head {
            kind: HeadKind::Softmax {
                outputs: self.classes,
            },
            read: Read::EveryStep,
        }
    }

    /// No sequences yet.
    const fn sequences(&self) -> Sequences {
        Sequences::new(
            Rows::numbers(self.width()),
            Targets::classes(),
            Read::EveryStep,
        )
    }

    /// Adds a step.
    fn push(&self, sequences: &mut Sequences, symbol: u32, echo: Target) {
        match self.width() {
            1 => sequences.push_numbers([symbol as f32]),
            width => {
                let hot = |number: usize| f32::from(u8::from(number == symbol as usize));
                sequences.push_numbers((0..width).map(hot));
            }
        }
        sequences.push_class(echo);
    }

    /// Adds a sequence; its first echoes, of symbols that nobody has seen, do not count.
    fn push_all(&self, sequences: &mut Sequences, symbols: &[u32]) {
        for (step, &symbol) in symbols.iter().enumerate() {
            let echo = step.checked_sub(self.delay).map(|step| symbols[step]);
            let echo = echo.map_or(Target::IGNORED, Target::class);
            self.push(sequences, symbol, echo);
        }
        sequences.end_sequence();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_come_out_again() {
        let meaning = EchoMeaning {
            classes: 3,
            delay: 2,
        };
        let mut sequences = meaning.sequences();
        meaning.push_all(&mut sequences, &[2, 0, 1]);
        assert_eq!(sequences.numbers(0), [0.0, 0.0, 1.0]);
        let classes = [0, 1, 2].map(|step| sequences.classes()[step].get());
        assert_eq!(classes, [None, None, Some(2)]);
    }
}
