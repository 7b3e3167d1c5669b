//! The gradient of the head, within the backward pass and by itself.

use core::ops::Range;

use crate::error::{Error, check_len};
use crate::kernel::outer::outer_product;
use crate::model::Model;
use crate::simd::{Level, Operation, Simd, View};
use crate::spec::{Read, Spec};
use crate::tape::Tape;

impl Tape<'_> {
    /// Adds the gradient of the head alone, for chips that adapt nothing else: it needs neither transposed weights
    /// nor scratch. The output rows of `losses` hold `∂loss/∂output`; `gradients` has as many numbers as
    /// [`Spec::head_range`], and the bits that [`Tape::backward`] would put there.
    ///
    /// # Errors
    /// [`Error::Steps`] if the steps were not recorded, [`Error::Length`], [`Error::Spec`] for another net's model.
    ///
    /// ```
    /// # use elman_core::*;
    /// # const SPEC: Spec = Spec::dense(2, 3, 1);
    /// # let mut params = [0.0; SPEC.params_len()];
    /// # params[21] = 0.25;
    /// # let mut packed = [Strip::ZERO; SPEC.packed_len()];
    /// # pack(&SPEC, &params, &mut packed)?;
    /// # let model = Model::new(SPEC, &params, &packed)?;
    /// # let mut buffer = [Strip::ZERO; SPEC.tape_len(2, 1)];
    /// let mut tape = Tape::new(&SPEC, Batch::uniform(2, 1)?, Inputs::Dense(&[0.5; 2 * 2]), 0, &mut buffer)?;
    /// tape.start(&model, None)?;
    /// tape.record(Level::detect(), &model, 0..2)?;
    /// tape.outputs(0..2).copy_from_slice(&[1.0, 2.0]); // ∂loss/∂output
    /// let mut gradients = vec![0.0; SPEC.head_range().len()];
    /// tape.backward_head(Level::detect(), &model, 0..2, &mut gradients)?;
    /// // All weights of this net are zero and so is its state: only the bias of the head has a gradient.
    /// assert_eq!(gradients, [0.0, 0.0, 0.0, 3.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn backward_head(
        &mut self,
        level: Level,
        model: &Model,
        losses: Range<usize>,
        gradients: &mut [f32],
    ) -> Result<(), Error> {
        self.check_model(model)?;
        let spec = model.spec();
        if losses.is_empty() || losses.end > self.recorded {
            return Err(Error::Steps(
                "the backward pass of the head starts from recorded losses",
            ));
        }
        self.check_window(&losses)?;
        check_len("gradients", spec.head_range().len(), gradients.len())?;
        let rows = match spec.head.read {
            Read::EveryStep => self.batch.rows_of(losses),
            Read::LastStep => 0..self.batch.sequences(),
        };
        level.run(HeadOnly {
            tape: self,
            spec,
            rows,
            gradients,
        });
        Ok(())
    }
}

/// The gradient of the head's parameters from some output rows.
struct HeadOnly<'a, 't> {
    tape: &'a Tape<'t>,
    spec: &'a Spec,
    rows: Range<usize>,
    gradients: &'a mut [f32],
}

impl Operation for HeadOnly<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if self.spec.has_head() {
            head_weights(s, self.tape, self.spec, self.rows, self.gradients);
        }
    }
}

/// Forward: `outputs = top·W_out + c` for some output rows.
/// `dW_out += topᵀ·d_outputs`, `dc += Σ d_outputs`, one behind the other in `gradients`.
#[inline(always)]
pub(super) fn head_weights<S: Simd>(
    s: S,
    tape: &Tape,
    spec: &Spec,
    rows: Range<usize>,
    gradients: &mut [f32],
) {
    let (width, columns) = (spec.top_width(), spec.output_width());
    let view = |data, outer| View::rows(data, outer).from(rows.start, 0);
    let d_outputs = view(tape.layout.outputs.of(tape.rows), columns);
    let top = if tape.layout.top.is_none() {
        tape.layout.hidden(spec.layers.len() - 1)
    } else {
        tape.layout.top
    };
    let top = view(top.of(tape.rows), width);
    let Some((d_weights, d_bias)) = gradients.split_at_mut_checked(width * columns) else {
        return;
    };
    let (top, d_outputs) = ((top, width), (d_outputs, columns));
    outer_product(s, top, d_outputs, rows.len(), (d_weights, columns), d_bias);
}
