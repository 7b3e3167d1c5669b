//! What a net answers at every step of some sequences, and what really was there.

use elman_core::feed::{Event, Events, IntegerEvents, IntegerRule, Rule};
use elman_core::quantized::QuantizedModel;
use elman_core::{Head, Read, Spec, Target};
use rayon::prelude::*;

use crate::base::encoding::{EventRule, Front};
use crate::base::failure::Result;
use crate::data::{Rows, Sequences, Targets};
use crate::net::network::Network;
use crate::net::samples::{self, Entrance};

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
    outputs: Outputs,
    /// The class of each step, where it is known.
    truth: Vec<Option<usize>>,
}

/// What a net says (steps, classes).
enum Outputs {
    Probabilities(Vec<f32>),
    /// Of an int8 net, and what a unit of them is worth.
    Logits(Vec<i32>, f32),
}

/// Steps in a row that are of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub class: usize,
    pub start: usize,
    pub end: usize,
}

impl Recordings {
    /// The answers of a net that streams. One that answers after the last step is asked at every step; an int8 net is fed raw samples,
    /// as on a chip.
    ///
    /// # Errors
    /// A net that reads both ways.
    pub fn of(
        network: &Network,
        front: &Front,
        sequences: &Sequences,
        names: Vec<String>,
    ) -> Result<Self> {
        let outputs = match network.quantized()? {
            Some(model) => logits(&model, front, sequences)?,
            None => probabilities(network, sequences, names.len())?,
        };
        let recording = |(sequence, outputs)| Recording {
            outputs,
            truth: truth(sequences, sequence),
        };
        Ok(Self {
            all: outputs.into_iter().enumerate().map(recording).collect(),
            names,
            delay: front.window / 2,
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

/// The logits of an int8 net at every step of each sequence. Runs on the threads of the rayon pool around it.
fn logits(
    model: &QuantizedModel<'_>,
    front: &Front,
    sequences: &Sequences,
) -> Result<Vec<Outputs>> {
    let entrance = Entrance::of_integers(front, model);
    (0..sequences.len())
        .into_par_iter()
        .map(|sequence| {
            let raw = samples::raw(front, sequences, sequences.rows_of(sequence));
            Ok(Outputs::Logits(entrance.logits(model, &raw)?, model.unit()))
        })
        .collect()
}

/// The probabilities of so many classes at every step of each sequence.
fn probabilities(network: &Network, sequences: &Sequences, classes: usize) -> Result<Vec<Outputs>> {
    let outputs = match network.spec().head.read {
        Read::EveryStep => network.outputs(sequences)?,
        Read::LastStep => at_every_step(network, sequences)?,
    };
    let of_sequence = |sequence| {
        let rows = sequences.rows_of(sequence);
        Outputs::Probabilities(outputs[rows.start * classes..rows.end * classes].to_vec())
    };
    Ok((0..sequences.len()).map(of_sequence).collect())
}

/// The outputs of every step of a net that was trained to answer after the last.
fn at_every_step(network: &Network, sequences: &Sequences) -> Result<Vec<f32>> {
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
    for sequence in 0..sequences.len() {
        for row in sequences.rows_of(sequence) {
            every.push_numbers(sequences.numbers(row).iter().copied());
            every.push_class(Target::IGNORED);
        }
        every.end_sequence();
    }
    network.outputs(&every)
}

/// The class of each step of a sequence, where it is known; where there is one class for the whole sequence, that.
fn truth(sequences: &Sequences, sequence: usize) -> Vec<Option<usize>> {
    let class = |target: &Target| target.get().map(|class| class as usize);
    let rows = sequences.rows_of(sequence);
    match sequences.read() {
        Read::EveryStep => sequences.classes()[rows].iter().map(class).collect(),
        Read::LastStep => vec![class(&sequences.classes()[sequence]); rows.len()],
    }
}

impl Recording {
    /// Probabilities (steps, classes), and the class of each step.
    #[cfg(test)]
    pub const fn new(outputs: Vec<f32>, truth: Vec<Option<usize>>) -> Self {
        Self {
            outputs: Outputs::Probabilities(outputs),
            truth,
        }
    }

    /// Logits (steps, classes) of an int8 net, what a unit of them is worth, and the class of each step.
    #[cfg(test)]
    pub fn of_logits((logits, unit): (Vec<i32>, f32), truth: Vec<Option<usize>>) -> Self {
        Self {
            outputs: Outputs::Logits(logits, unit),
            truth,
        }
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

    /// The likeliest class of every step and its smoothed probability; and whether an event fires. Of an int8 net in whole numbers, of
    /// which the probability is an exact multiple of 2^-15.
    pub fn told(&self, rule: &EventRule, classes: usize) -> Vec<Event> {
        let rule = Rule::from(rule);
        match &self.outputs {
            Outputs::Probabilities(outputs) => {
                let mut smooth = vec![0.0; classes];
                let mut events = Events::new(rule, &mut smooth);
                let rows = outputs.chunks_exact(classes);
                rows.map(|row| events.read(row)).collect()
            }
            Outputs::Logits(logits, unit) => {
                let mut smooth = vec![0; classes];
                let mut events = IntegerEvents::new(IntegerRule::new(&rule, *unit), &mut smooth);
                let rows = logits.chunks_exact(classes);
                rows.map(|row| {
                    let event = events.read(row);
                    Event {
                        step: event.step,
                        class: event.class,
                        probability: events.probability(row, event.class) as f32 / 32768.0,
                        fires: event.fires,
                    }
                })
                .collect()
            }
        }
    }
}
