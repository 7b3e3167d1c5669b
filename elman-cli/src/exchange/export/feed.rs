//! Golden samples: raw numbers and the events that must come of them, for nets that stream classes of measurements.

use std::ops::Range;

use elman_core::feed::{
    Column, ColumnScale, Event, Events, FeedGolden, IntegerEvents, IntegerRule, IntegerScale, Rule,
    Samples,
};
use elman_core::quantized::QuantizedModel;
use elman_core::{HeadKind, Spec};

use crate::base::encoding::{EventRule, Front};
use crate::base::failure::Result;
use crate::data::Sequences;

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
        // The step's own row, between its neighbours.
        let own = front.window / 2 * columns;
        let rows = cut.iter().cloned().flatten();
        let raw: Vec<f32> = rows
            .flat_map(|row| front.raw(&sequences.numbers(row)[own..own + columns]))
            .collect();
        let raw = whole(&raw, front).unwrap_or(raw);
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
        self.rows(&self.columns(), self.front.farthest, lengths)
    }

    /// How raw numbers come to the scale of training.
    fn columns(&self) -> Vec<ColumnScale> {
        self.front.scale.iter().map(Into::into).collect()
    }

    /// What a net reads whose columns are scaled so, row by row.
    fn rows<C: Column>(
        &self,
        scale: &[C],
        farthest: C::Number,
        lengths: &[u32],
    ) -> Result<Vec<C::Number>> {
        let (columns, window) = (scale.len(), self.front.window);
        let mut rows = vec![C::Number::default(); Samples::rows_len(columns, window)];
        let mut samples = Samples::new(scale, farthest, window, &mut rows)?;
        let mut raw = self.raw.clone();
        if let Some(missing) = raw.get_mut(self.missing) {
            *missing = f32::NAN;
        }
        let (mut inputs, mut raw) = (Vec::new(), raw.chunks_exact(columns));
        for &length in lengths {
            samples.reset();
            for row in raw.by_ref().take(length as usize) {
                inputs.extend(samples.push(row)?.unwrap_or_default());
            }
            for _ in 0..samples.delay() {
                inputs.extend(samples.push_outside().unwrap_or_default());
            }
        }
        Ok(inputs)
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

/// Raw numbers as they were, if all of them were whole: the scale of training and back has left them next to that.
fn whole(raw: &[f32], front: &Front) -> Option<Vec<f32>> {
    let numbers = raw.iter().enumerate().map(|(i, &x)| {
        let scale = &front.scale[i % front.scale.len()];
        let near = (x.abs() + scale.mean.abs()) * 2f32.powi(-20);
        let whole = x.round();
        let is_whole = (whole - x).abs() <= near && near < 0.1 && f32::from(whole as i16) == whole;
        is_whole.then_some(whole)
    });
    numbers.collect()
}

/// The same for the net in whole numbers.
pub struct IntegerFeed<'a> {
    pub proof: &'a FeedProof,
    pub scale: Vec<IntegerScale>,
    /// Inputs are cut to this.
    pub farthest: i16,
    pub rule: IntegerRule,
    /// Of every step the class that fires, or -1.
    pub fires: Vec<i32>,
    /// Of every step the smoothed probability of the likeliest class, in units of 2^-15.
    pub probabilities: Vec<u32>,
}

impl<'a> IntegerFeed<'a> {
    /// Scale and rule of a net.
    pub fn new(proof: &'a FeedProof, model: &QuantizedModel<'_>) -> Self {
        let columns = proof.columns();
        let scale = columns
            .iter()
            .map(|column| IntegerScale::new(column, model.input_scale()));
        Self {
            proof,
            scale: scale.collect(),
            farthest: model.integer(proof.front.farthest),
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
        self.proof.rows(&self.scale, self.farthest, lengths)
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
