//! What a net answers at every step of some sequences, and what really was there.

use elman_core::feed::{Event, Events, Rule};
use elman_core::{Head, Read, Spec};

use crate::base::encoding::EventRule;
use crate::base::failure::{Failure, Result};
use crate::data::{Rows, Sequences, Targets};
use crate::net::network::Network;

/// Some sequences as a net answers them step by step.
pub struct Recordings {
    pub all: Vec<Recording>,
    /// What each class is called.
    pub names: Vec<String>,
    /// By how many steps every answer is late, since the net looks ahead.
    pub delay: usize,
}

/// One of them.
pub struct Recording {
    /// Probabilities (steps, classes).
    outputs: Vec<f32>,
    /// The class of each step, where it is known.
    truth: Vec<Option<usize>>,
}

/// Steps in a row that are of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub class: usize,
    pub start: usize,
    pub end: usize,
}

impl Recordings {
    /// The answers of a net that looks `delay` steps ahead. One that answers after the last step is asked at every step.
    ///
    /// # Errors
    /// A net that reads both ways.
    pub fn of(
        network: &Network,
        sequences: &Sequences,
        names: Vec<String>,
        delay: usize,
    ) -> Result<Self> {
        let spec = network.spec();
        if spec.is_bidirectional() {
            return Err(Failure::input(
                "--events is for nets that stream, and this one reads its sequences from both ends; train it with --bidirectional false",
            ));
        }
        let classes = names.len();
        let (outputs, truth) = match spec.head.read {
            Read::EveryStep => {
                let classes = sequences.classes().iter();
                let truth = classes.map(|target| target.get().map(|class| class as usize));
                (network.outputs(sequences)?, truth.collect())
            }
            Read::LastStep => at_every_step(network, sequences)?,
        };
        let recording = |sequence| {
            let rows = sequences.rows_of(sequence);
            Recording {
                outputs: outputs[rows.start * classes..rows.end * classes].to_vec(),
                truth: truth[rows].to_vec(),
            }
        };
        Ok(Self {
            all: (0..sequences.len()).map(recording).collect(),
            names,
            delay,
        })
    }

    /// Steps of all.
    pub fn steps(&self) -> usize {
        self.all.iter().map(|recording| recording.truth.len()).sum()
    }

    /// The class that most steps are of.
    pub fn commonest(&self) -> Option<usize> {
        let mut counts = vec![0usize; self.names.len()];
        let truth = self.all.iter().flat_map(|recording| &recording.truth);
        for &class in truth.flatten() {
            counts[class] += 1;
        }
        let most = counts.iter().max()?;
        counts.iter().position(|count| count == most)
    }
}

/// The outputs of every step of a net that was trained to answer after the last, and the class of each step: that of its sequence.
fn at_every_step(
    network: &Network,
    sequences: &Sequences,
) -> Result<(Vec<f32>, Vec<Option<usize>>)> {
    let spec = Spec {
        head: Head {
            read: Read::EveryStep,
            ..network.spec().head
        },
        ..*network.spec()
    };
    let network = Network::new(spec, network.params().to_vec())?;
    let rows = Rows::numbers(spec.input_width());
    let mut every = Sequences::new(rows, Targets::classes(), Read::EveryStep);
    let mut truth = Vec::new();
    for (sequence, target) in sequences.classes().iter().enumerate() {
        for row in sequences.rows_of(sequence) {
            every.push_numbers(sequences.numbers(row).iter().copied());
            every.push_class(*target);
            truth.push(target.get().map(|class| class as usize));
        }
        every.end_sequence();
    }
    Ok((network.outputs(&every)?, truth))
}

impl Recording {
    /// Probabilities (steps, classes), and the class of each step.
    #[cfg(test)]
    pub const fn new(outputs: Vec<f32>, truth: Vec<Option<usize>>) -> Self {
        Self { outputs, truth }
    }

    /// What really came, but for the background.
    pub fn spans(&self, background: Option<usize>) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (step, &class) in self.truth.iter().enumerate() {
            let Some(class) = class.filter(|&class| Some(class) != background) else {
                continue;
            };
            match spans.last_mut() {
                Some(last) if last.class == class && last.end == step => last.end = step + 1,
                _ => spans.push(Span {
                    class,
                    start: step,
                    end: step + 1,
                }),
            }
        }
        spans
    }

    /// The likeliest class of every step and its smoothed probability; and whether an event fires.
    pub fn told(&self, rule: &EventRule, classes: usize) -> Vec<Event> {
        let mut smooth = vec![0.0; classes];
        let mut events = Events::new(Rule::from(rule), &mut smooth);
        let rows = self.outputs.chunks_exact(classes);
        rows.map(|row| events.read(row)).collect()
    }
}
