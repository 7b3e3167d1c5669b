//! All steps of a sequence, in integers: for nets that read both ways, and for evaluation on a desktop.

use super::inputs::{Integers, channels, round_to_16, write_row};
use super::layer::Vectors;
use super::model::QuantizedModel;
use super::words::vector_words;
use crate::error::{Error, check_len, check_room, check_shape};
use crate::inputs::Inputs;
use crate::params::Place;
use crate::simd::Level;
use crate::slices::at;
use crate::spec::{Input, Read};

/// (T, I) inputs of a sequence, or (T, channels) ids.
#[derive(Clone, Copy)]
enum InputRows<'a> {
    Floats(&'a [f32]),
    Integers(&'a [i16]),
    Tokens(&'a [u32]),
}

/// What a layer reads at every step.
enum LayerInput<'a> {
    /// Inputs, made into a vector in a buffer, row by row.
    Inputs(&'a QuantizedModel<'a>, InputRows<'a>, &'a mut [u32]),
    /// (T, width) words: h of the layer below.
    Hidden(&'a [u32], usize),
}

impl LayerInput<'_> {
    /// x of step `t` of `steps`.
    fn row(&mut self, steps: usize, t: usize) -> &[u32] {
        match self {
            Self::Inputs(model, rows, x) => {
                model.read(*rows, steps, t, x);
                x
            }
            Self::Hidden(rows, width) => at(rows, t * *width..(t + 1) * *width),
        }
    }
}

impl QuantizedModel<'_> {
    /// Runs one sequence of `steps` steps: the outputs of every step (of the last one, where the head reads only that). The
    /// numbers are those of [`QuantizedStream::step`](super::QuantizedStream::step).
    ///
    /// `state` ([`Int8Lengths::state_len`](super::Int8Lengths::state_len)) is where the sequence starts and becomes where it ends.
    /// `workspace` needs [`Int8Lengths::workspace_len`](super::Int8Lengths::workspace_len) words and may hold anything.
    ///
    /// # Errors
    /// [`Error::Steps`] without a step, [`Error::Length`], [`Error::InputKind`] or [`Error::Token`]. Nothing is written then.
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # let spec = Spec::dense(2, 3, 1);
    /// # let mut words = vec![0; spec.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&spec, &mut words)?;
    /// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(spec, &words)?;
    /// // A net that always answers 1.5, three units of 0.5.
    /// let (mut state, mut workspace) = (vec![0; spec.int8().state_len()], vec![0; spec.int8().workspace_len(2)]);
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
            Inputs::Dense(numbers) => InputRows::Floats(numbers),
            Inputs::Tokens(ids) => InputRows::Tokens(ids),
        };
        let unit = self.unit();
        self.run_layers(rows, steps, state, workspace, outputs, |logit| {
            logit as f32 * unit
        });
        // Integers are the same on every level; this is the one place that uses it, once a sequence.
        self.softmax(Level::detect(), outputs);
        Ok(())
    }

    /// The same in integers from end to end: logits are worth [`QuantizedModel::unit`] each.
    ///
    /// # Errors
    /// As [`QuantizedModel::forward`].
    ///
    /// ```
    /// # use elman_core::{*, quantized::*};
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut words = [0; SPEC.int8().model_len()];
    /// # let mut writer = QuantizedWriter::new(&SPEC, &mut words)?;
    /// # let row = QuantizedRow { input_weights: &[0; 3], recurrent_weights: &[], bias: 3, input_multiplier: 0, recurrent_multiplier: 0 };
    /// # writer.head(0.5)?;
    /// # writer.head_row(0, row)?;
    /// # let model = QuantizedModel::new(SPEC, &words)?;
    /// // A net that always answers 1.5, three units of 0.5.
    /// let (mut state, mut workspace) = (vec![0; SPEC.int8().state_len()], vec![0; SPEC.int8().workspace_len(2)]);
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
            Integers::Dense(numbers) => InputRows::Integers(numbers),
            Integers::Tokens(ids) => InputRows::Tokens(ids),
        };
        self.run_layers(rows, steps, state, workspace, logits, |logit| logit);
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
        check_len("state", spec.int8().state_len(), state.len())?;
        check_room(
            "workspace",
            spec.int8().workspace_len(steps),
            workspace.len(),
        )?;
        let shape = [spec.output_rows(steps, 1), spec.output_width()];
        check_shape("outputs", shape, outputs)
    }

    /// Layer by layer, all steps of each; the rows of the layer below and of the layer at work take turns in two buffers.
    fn run_layers<T>(
        &self,
        rows: InputRows,
        steps: usize,
        state: &mut [u32],
        workspace: &mut [u32],
        outputs: &mut [T],
        convert: impl Fn(i32) -> T,
    ) {
        let spec = self.spec();
        let inputs = vector_words(spec.int8().input_blocks());
        let (x, buffers) = workspace.split_at_mut_checked(inputs).unwrap_or_default();
        let half = steps * spec.int8().widest_words();
        let (mut hidden, mut below) = buffers.split_at_mut_checked(half).unwrap_or_default();
        let mut state = state;
        let (mut width, mut width_below) = (1, 1);
        for layer in 0..spec.layers.len() {
            width = spec.int8().layer_words(layer);
            let states = spec.int8().states_words(layer);
            let Some((layer_state, rest)) = state.split_at_mut_checked(states) else {
                debug_assert!(false, "the state has a part for every layer");
                return;
            };
            for place in spec.directions_of(layer) {
                let mut input = if layer == 0 {
                    LayerInput::Inputs(self, rows, &mut *x)
                } else {
                    LayerInput::Hidden(below, width_below)
                };
                self.recurrent(place, steps, &mut input, layer_state, hidden);
            }
            if layer + 1 == spec.layers.len() && spec.head.read == Read::LastStep {
                self.head(self.matrices_of_head(), layer_state, outputs, &convert);
                return;
            }
            (hidden, below) = (below, hidden);
            (state, width_below) = (rest, width);
        }
        let head = self.matrices_of_head();
        let tops = below.chunks_exact(width);
        for (top, outputs) in tops.zip(outputs.chunks_exact_mut(spec.output_width())) {
            self.head(head, top, outputs, &convert);
        }
    }

    /// One direction of a layer over all steps: `h[t] = f(x[t], h[t-1])`, or `f(x[t], h[t+1])` from the last step to the first.
    ///
    /// `hidden` is (T, width) words, forward h in front of reverse h in every row; `state` one such row, then one of c where the cell
    /// has it: where the layer starts and afterwards where it ends.
    fn recurrent(
        &self,
        place: Place,
        steps: usize,
        input: &mut LayerInput,
        state: &mut [u32],
        hidden: &mut [u32],
    ) {
        let step = self.layer_step(place);
        let width = self.spec().int8().layer_words(place.layer);
        let h_words = vector_words(step.matrix.h_blocks);
        let column = if place.reverse { h_words } else { 0 };
        let (h_state, c_state) = state.split_at_mut_checked(width).unwrap_or_default();
        let c = c_state
            .get_mut(column..column + h_words)
            .unwrap_or_default();
        let Some(state) = h_state.get_mut(column..column + h_words) else {
            debug_assert!(false, "the state has a part for every direction");
            return;
        };
        for i in 0..steps {
            // Rows before `cut` and from it on: one side holds h of this step, the other that of the step before it.
            let (t, cut) = if place.reverse {
                (steps - 1 - i, steps - i)
            } else {
                (i, i)
            };
            let Some((left, right)) = hidden.split_at_mut_checked(cut * width) else {
                debug_assert!(false, "a row for every step");
                return;
            };
            let (h_prev, h_t) = if place.reverse {
                (right.get(column..), left.get_mut(t * width + column..))
            } else {
                let prev = left.len().wrapping_sub(width) + column;
                (left.get(prev..), right.get_mut(column..))
            };
            let h_prev = if i == 0 { Some(&*state) } else { h_prev };
            let h_t = h_t.and_then(|h| h.get_mut(..h_words));
            let (Some(h_prev), Some(h_t)) = (h_prev, h_t) else {
                debug_assert!(false, "a row for every step");
                return;
            };
            h_t.fill(0);
            step.run(Vectors {
                x: input.row(steps, t),
                h_prev,
                h_t,
                c: &mut *c,
            });
        }
        let last = if place.reverse { 0 } else { steps - 1 };
        let start = last * width + column;
        let end = at(hidden, start..start + h_words);
        if end.len() == state.len() {
            state.copy_from_slice(end);
        }
    }

    /// x of step `t`, as a vector.
    fn read(&self, rows: InputRows, steps: usize, t: usize, x: &mut [u32]) {
        let spec = self.spec();
        let width = spec.input.width();
        let row = t * width..(t + 1) * width;
        match rows {
            InputRows::Floats(all) => {
                let scale = self.input_scale();
                write_row(at(all, row), x, |x| round_to_16(x, scale));
            }
            InputRows::Integers(all) => write_row(at(all, row), x, |x| x),
            InputRows::Tokens(ids) => {
                let Input::Tokens { window, .. } = spec.input else {
                    debug_assert!(false, "ids were checked to be what the net reads");
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
                    to = self.embed(channels, ids, to);
                }
            }
        }
    }
}
