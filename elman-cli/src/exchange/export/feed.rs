//! Golden samples: raw numbers and the events that must come of them, for nets that stream classes of measurements.

use std::ops::Range;

use elman_core::feed::{
    Column, Event, Events, FeedGolden, IntegerEvents, IntegerRule, IntegerScale, Rule,
};
use elman_core::quantized::QuantizedModel;
use elman_core::{HeadKind, Spec};

use crate::base::encoding::{EventRule, Front};
use crate::base::failure::Result;
use crate::data::Sequences;
use crate::net::samples::{self, Entrance};

/// Raw samples, and what comes of them.
#[derive(Clone, Debug)]
pub struct FeedProof {
    pub front: Front,
    pub rule: EventRule,
    /// Numbers (samples, columns).
    pub raw: Vec<f32>,
    /// Which of them is fed as a NaN.
    pub missing: usize,
    /// Of every step the class that fires, or -1.
    pub fires: Vec<i32>,
    /// Of every step the smoothed probability of the likeliest class.
    pub probabilities: Vec<f32>,
}

impl FeedProof {
    /// Raw samples of some rows of a net's data, which are taken back from the scale of training; none where a net does not stream
    /// classes.
    pub fn of(
        front: Option<&Front>,
        spec: &Spec,
        sequences: &Sequences,
        cut: &[Range<usize>],
    ) -> Option<Self> {
        let front = front?;
        let rule = front.rule?;
        if spec.is_bidirectional() || !matches!(spec.head.kind, HeadKind::Softmax { .. }) {
            return None;
        }
        let columns = front.scale.len();
        let raw = samples::raw(front, sequences, cut.iter().cloned().flatten());
        let sample = raw.len() / columns / 2;
        Some(Self {
            front: front.clone(),
            rule,
            missing: sample * columns + sample % columns,
            raw,
            fires: Vec::new(),
            probabilities: Vec::new(),
        })
    }

    /// What the net reads, row by row.
    ///
    /// # Errors
    /// None.
    pub fn inputs(&self, lengths: &[u32]) -> Result<Vec<f32>> {
        self.rows(&Entrance::of_floats(&self.front), lengths)
    }

    /// What a net reads that is entered so, row by row.
    fn rows<C: Column>(&self, entrance: &Entrance<C>, lengths: &[u32]) -> Result<Vec<C::Number>> {
        let mut raw = self.raw.clone();
        if let Some(missing) = raw.get_mut(self.missing) {
            *missing = f32::NAN;
        }
        entrance.rows(&raw, lengths.iter().map(|&length| length as usize))
    }

    /// The events that follow from the outputs of the net.
    pub fn tell(&mut self, lengths: &[u32], outputs: &[f32], width: usize) {
        let rule = Rule::from(&self.rule);
        let mut smooth = vec![0.0; width];
        let mut events = Events::new(rule, &mut smooth);
        let mut rows = outputs.chunks_exact(width);
        for &length in lengths {
            events.reset();
            for row in rows.by_ref().take(length as usize) {
                let Event {
                    class,
                    probability,
                    fires,
                    ..
                } = events.read(row);
                self.fires.push(if fires { class as i32 } else { -1 });
                self.probabilities.push(probability);
            }
        }
    }

    /// What an artefact proves beside the outputs.
    pub fn golden(&self) -> FeedGolden<'_> {
        FeedGolden {
            raw: &self.raw,
            missing: self.missing,
            fires: &self.fires,
            probabilities: &self.probabilities,
        }
    }

    /// Bytes of golden samples.
    pub const fn golden_bytes(&self) -> usize {
        4 * (self.raw.len() + self.fires.len() + self.probabilities.len())
    }

    /// Bytes of the scale alone, in single precision.
    pub const fn scale_bytes(&self) -> usize {
        3 * 4 * self.front.scale.len()
    }

    /// Whether raw numbers are whole, as sensors have them.
    pub fn is_whole(&self) -> bool {
        self.raw.iter().all(|&x| f32::from(x as i16) == x)
    }

    /// Bytes of golden samples of so many bytes for each raw number, and of a scale of so many for each column.
    pub fn bytes(&self, number: usize, scale: usize) -> usize {
        // Of every step the class that fires, and a probability.
        let steps = self.raw.len() / self.front.scale.len();
        scale * self.front.scale.len() + number * self.raw.len() + 8 * steps
    }
}

/// The same for the net in whole numbers.
pub struct IntegerFeed<'a> {
    pub proof: &'a FeedProof,
    pub entrance: Entrance<IntegerScale>,
    pub rule: IntegerRule,
    /// Of every step the class that fires, or -1.
    pub fires: Vec<i32>,
    /// Of every step the smoothed probability of the likeliest class, in units of 2^-15.
    pub probabilities: Vec<u32>,
}

impl<'a> IntegerFeed<'a> {
    /// Scale and rule of a net.
    pub fn new(proof: &'a FeedProof, model: &QuantizedModel<'_>) -> Self {
        Self {
            proof,
            entrance: Entrance::of_integers(&proof.front, model),
            rule: IntegerRule::new(&Rule::from(&proof.rule), model.unit()),
            fires: Vec::new(),
            probabilities: Vec::new(),
        }
    }

    /// What the net reads, row by row.
    ///
    /// # Errors
    /// None.
    pub fn inputs(&self, lengths: &[u32]) -> Result<Vec<i16>> {
        self.proof.rows(&self.entrance, lengths)
    }

    /// The events that follow from the logits of the net.
    pub fn tell(&mut self, lengths: &[u32], logits: &[i32], width: usize) {
        let mut smooth = vec![0; width];
        let mut events = IntegerEvents::new(self.rule, &mut smooth);
        let mut rows = logits.chunks_exact(width);
        for &length in lengths {
            events.reset();
            for row in rows.by_ref().take(length as usize) {
                let event = events.read(row);
                let fires = if event.fires { event.class as i32 } else { -1 };
                self.fires.push(fires);
                self.probabilities
                    .push(events.probability(row, event.class));
            }
        }
    }
}
