//! Golden samples: raw numbers and the events that must come of them, for nets that stream classes of measurements.

use std::ops::Range;

use elman_core::feed::{ColumnScale, Event, Events, FeedGolden, Rule, Samples};
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
        let Front {
            scale,
            farthest,
            window,
            ..
        } = &self.front;
        let columns = scale.len();
        let scale: Vec<ColumnScale> = scale.iter().map(Into::into).collect();
        let mut rows = vec![0.0; Samples::rows_len(columns, *window)];
        let mut samples = Samples::new(&scale, *farthest, *window, &mut rows)?;
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

    /// Bytes of scale and golden samples.
    pub const fn bytes(&self) -> usize {
        self.scale_bytes() + self.golden_bytes()
    }

    /// Bytes of the scale alone.
    pub const fn scale_bytes(&self) -> usize {
        3 * 4 * self.front.scale.len()
    }
}
