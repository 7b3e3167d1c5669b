//! What an echo net's numbers mean, kept in the model file beside them.

use elman_core::{Head, HeadKind, Input, Read, Spec, Target};
use serde::{Deserialize, Serialize};

use crate::data::{Rows, Sequences, Targets};
use crate::train::task::Meaning;

/// The name of the task, in commands and files.
pub const TASK: &str = "echo";

/// What is echoed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EchoMeaning {
    /// Symbols are the numbers below this.
    pub classes: usize,
    /// Steps until a symbol comes out again.
    pub delay: usize,
}

impl Meaning for EchoMeaning {
    const TASK: &'static str = TASK;
    const MISFIT: &'static str = "the symbols do not fit the net";

    fn fits(&self, spec: &Spec) -> bool {
        // Symbols are read and written as digits.
        (2..=36).contains(&self.classes)
            && spec.input == self.input()
            && spec.head == self.head()
            && !spec.is_bidirectional()
    }
}

impl EchoMeaning {
    /// Bits are read as they are, more symbols as one number each that is one while the others are zero.
    const fn width(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }

    /// One symbol per step.
    pub const fn input(&self) -> Input {
        Input::Dense {
            width: self.width(),
        }
    }

    /// A probability for every symbol, at every step.
    pub const fn head(&self) -> Head {
        Head {
            kind: HeadKind::Softmax {
                outputs: self.classes,
            },
            read: Read::EveryStep,
        }
    }

    /// No sequences yet.
    pub const fn sequences(&self) -> Sequences {
        Sequences::new(
            Rows::numbers(self.width()),
            Targets::classes(),
            Read::EveryStep,
        )
    }

    /// Adds a step.
    pub fn push(&self, sequences: &mut Sequences, symbol: u32, echo: Target) {
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
    pub fn push_all(&self, sequences: &mut Sequences, symbols: &[u32]) {
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
