//! A whole sequence in whole numbers: for nets that read both ways, and for evaluation on a desktop.

use super::layout::pairs;
use super::model::{QuantizedModel, channels, round_to_16};
use super::stream::{Integers, softmax, write_row};
use crate::error::{Error, check_len, check_room, check_shape};
use crate::inputs::Inputs;
use crate::params::Place;
use crate::spec::{Input, Read};

/// Inputs of either kind.
#[derive(Clone, Copy)]
enum Rows<'a> {
    Numbers(&'a [f32]),
    Integers(&'a [i16]),
    Tokens(&'a [u32]),
}

/// What a layer reads.
enum Below<'a> {
    /// Inputs, made into pairs row by row in a buffer.
    Inputs(&'a QuantizedModel<'a>, Rows<'a>, &'a mut [u32]),
    /// Rows of the layer below, so wide.
    Layer(&'a [u32], usize),
}

impl Below<'_> {
    /// Row `t` of so many.
    fn row(&mut self, steps: usize, t: usize) -> &[u32] {
        match self {
            Self::Inputs(model, rows, x) => {
                model.read(*rows, steps, t, x);
                x
            }
            Self::Layer(rows, width) => rows.get(t * *width..(t + 1) * *width).unwrap_or(&[]),
        }
    }
}

impl QuantizedModel<'_> {
    /// Runs one sequence of `steps` steps: the outputs of every step (of the last one, where the head reads only that). The
    /// numbers are those of [`QuantizedStream::step`](super::QuantizedStream::step).
    ///
    /// `state` ([`Spec::quantized_state_len`](crate::Spec::quantized_state_len)) is where the sequence starts and becomes where it ends. `workspace` needs
    /// [`Spec::quantized_workspace_len`](crate::Spec::quantized_workspace_len) words and may hold anything.
    ///
    /// # Errors
    /// [`Error::Steps`] without a step, [`Error::Length`], [`Error::InputKind`] or [`Error::Token`]. Nothing is written then.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.quantized_len()];
    /// # let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// # let row = QuantizedRow { below: &[0; 3], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(spec, &words)?;
    /// // A net that always answers 1.5, three units of 0.5.
    /// let (mut state, mut workspace) = (vec![0; spec.quantized_state_len()], vec![0; spec.quantized_workspace_len(2)]);
    /// let mut outputs = [0.0; 2];
    /// model.reset(&mut state);
    /// model.forward(Inputs::Dense(&[0.5, -1.0, 0.0, 2.0]), 2, &mut state, &mut workspace, &mut outputs)?;
    /// assert_eq!(outputs, [1.5, 1.5]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn forward(
        &self,
        inputs: Inputs,
        steps: usize,
        state: &mut [u32],
        workspace: &mut [u32],
        outputs: &mut [f32],
    ) -> Result<(), Error> {
        inputs.check(self.spec(), steps)?;
        self.check_buffers(steps, state, workspace, outputs.len())?;
        let rows = match inputs {
            Inputs::Dense(numbers) => Rows::Numbers(numbers),
            Inputs::Tokens(ids) => Rows::Tokens(ids),
        };
        let unit = self.unit();
        self.run(rows, steps, state, workspace, outputs, |logit| {
            logit as f32 * unit
        });
        softmax(self.spec(), outputs);
        Ok(())
    }

    /// The same in whole numbers from end to end: logits are worth [`QuantizedModel::unit`] each.
    ///
    /// # Errors
    /// As [`QuantizedModel::forward`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.quantized_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { below: &[0; 3], state: &[], bias: 3, below_multiplier: 0, state_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// // A net that always answers 1.5, three units of 0.5.
    /// let (mut state, mut workspace) = (vec![0; SPEC.quantized_state_len()], vec![0; SPEC.quantized_workspace_len(2)]);
    /// let mut logits = [0; 2];
    /// model.reset(&mut state);
    /// model.forward_integers(Integers::Dense(&[10, -20, 0, 40]), 2, &mut state, &mut workspace, &mut logits)?;
    /// assert_eq!((logits, model.unit()), ([3, 3], 0.5));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn forward_integers(
        &self,
        inputs: Integers,
        steps: usize,
        state: &mut [u32],
        workspace: &mut [u32],
        logits: &mut [i32],
    ) -> Result<(), Error> {
        inputs.check(self.spec(), steps)?;
        self.check_buffers(steps, state, workspace, logits.len())?;
        let rows = match inputs {
            Integers::Dense(numbers) => Rows::Integers(numbers),
            Integers::Tokens(ids) => Rows::Tokens(ids),
        };
        self.run(rows, steps, state, workspace, logits, |logit| logit);
        Ok(())
    }

    fn check_buffers(
        &self,
        steps: usize,
        state: &[u32],
        workspace: &[u32],
        outputs: usize,
    ) -> Result<(), Error> {
        let spec = self.spec();
        if steps == 0 {
            return Err(Error::Steps("a sequence needs at least one step"));
        }
        check_len("state", spec.quantized_state_len(), state.len())?;
        check_room(
            "workspace",
            spec.quantized_workspace_len(steps),
            workspace.len(),
        )?;
        let shape = [spec.output_rows(steps, 1), spec.output_width()];
        check_shape("outputs", shape, outputs)
    }

    fn run<T>(
        &self,
        rows: Rows,
        steps: usize,
        state: &mut [u32],
        workspace: &mut [u32],
        outputs: &mut [T],
        convert: impl Fn(i32) -> T,
    ) {
        let spec = self.spec();
        let inputs = pairs(spec.quantized_input_blocks());
        let (x, hidden) = workspace.split_at_mut_checked(inputs).unwrap_or_default();
        let half = steps * spec.quantized_widest();
        let (mut here, mut below) = hidden.split_at_mut_checked(half).unwrap_or_default();
        let mut state = state;
        let (mut width, mut width_below) = (1, 1);
        for layer in 0..spec.layers.len() {
            width = spec.quantized_width(layer);
            let Some((start, rest)) = state.split_at_mut_checked(width) else {
                return;
            };
            for reverse in [false, true]
                .into_iter()
                .take(spec.layer(layer).directions())
            {
                let mut below = if layer == 0 {
                    Below::Inputs(self, rows, &mut *x)
                } else {
                    Below::Layer(below, width_below)
                };
                self.chain(Place { layer, reverse }, steps, &mut below, start, here);
            }
            if layer + 1 == spec.layers.len() && spec.head.read == Read::LastStep {
                self.head(self.walk_to_head(), start, outputs, &convert);
                return;
            }
            (here, below) = (below, here);
            (state, width_below) = (rest, width);
        }
        let head = self.walk_to_head();
        let tops = below.chunks_exact(width);
        for (top, outputs) in tops.zip(outputs.chunks_exact_mut(spec.output_width())) {
            self.head(head, top, outputs, &convert);
        }
    }

    /// One direction of a layer over all steps, in its order. `state` is the layer's: where it starts, then where it ends.
    fn chain(
        &self,
        place: Place,
        steps: usize,
        below: &mut Below,
        state: &mut [u32],
        hidden: &mut [u32],
    ) {
        let cell = self.cell(place);
        let width = self.spec().quantized_width(place.layer);
        let own = pairs(cell.matrix.state);
        let column = if place.reverse { own } else { 0 };
        let Some(state) = state.get_mut(column..column + own) else {
            return;
        };
        for i in 0..steps {
            // Rows from both sides of where the step before ends.
            let (t, cut) = if place.reverse {
                (steps - 1 - i, steps - i)
            } else {
                (i, i)
            };
            let Some((left, right)) = hidden.split_at_mut_checked(cut * width) else {
                return;
            };
            let (before, here) = if place.reverse {
                (right.get(column..), left.get_mut(t * width + column..))
            } else {
                let before = left.len().wrapping_sub(width) + column;
                (left.get(before..), right.get_mut(column..))
            };
            let before = if i == 0 { Some(&*state) } else { before };
            let (Some(before), Some(here)) = (before, here.and_then(|h| h.get_mut(..own))) else {
                return;
            };
            here.fill(0);
            cell.step(below.row(steps, t), before, here);
        }
        let last = if place.reverse { 0 } else { steps - 1 };
        let from = last * width + column;
        if let Some(from) = hidden.get(from..from + own) {
            state.copy_from_slice(from);
        }
    }

    /// The inputs of step `t` as pairs.
    fn read(&self, rows: Rows, steps: usize, t: usize, x: &mut [u32]) {
        let spec = self.spec();
        let width = spec.input.width();
        let row = t * width..(t + 1) * width;
        match rows {
            Rows::Numbers(all) => {
                let scale = self.input_scale();
                write_row(all.get(row).unwrap_or(&[]), x, |x| round_to_16(x, scale));
            }
            Rows::Integers(all) => write_row(all.get(row).unwrap_or(&[]), x, |x| x),
            Rows::Tokens(ids) => {
                let Input::Tokens { window, .. } = spec.input else {
                    return;
                };
                let channels = channels(spec);
                let mut to = x;
                for neighbour in 0..window {
                    // Outside the sequence lies the padding row.
                    let step = (t + neighbour).checked_sub(window / 2);
                    let step = step.filter(|&step| step < steps);
                    let ids = channels.iter().enumerate().map(|(i, c)| {
                        let id = step.and_then(|step| ids.get(step * channels.len() + i));
                        *id.unwrap_or(&(c.vocabulary as u32))
                    });
                    to = self.embed_all(channels, ids, to);
                }
            }
        }
    }
}
