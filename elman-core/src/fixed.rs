//! A net whose shape is a constant of its type: what the chip does not need is not linked.

use core::marker::PhantomData;

use crate::error::{Error, check_len, check_room};
use crate::inputs::Inputs;
use crate::kernel::operands::Order;
use crate::model::ModelView;
use crate::simd::{ASKS_ZEROS, Level, Strip};
use crate::slices::at;
use crate::spec::Spec;
use crate::stream::{CanSkipZeros, StreamStep};
use crate::weights::Form;

/// A shape that is known when the program is compiled.
///
/// ```
/// use elman_core::*;
/// struct Gesture;
/// impl Shape for Gesture {
///     const SPEC: Spec = Spec {
///         input: Input::Dense { width: 6 },
///         layers: Layers::of([Layer::tanh(32)]),
///         initial_state: InitialState::Zero,
///         head: Head { kind: HeadKind::Linear { outputs: 5 }, read: Read::EveryStep },
///         dropout: Dropout::NONE,
///     };
/// }
/// static STATE: [f32; Gesture::SPEC.state_len()] = [0.0; Gesture::SPEC.state_len()];
/// assert_eq!(STATE.len(), 32);
/// ```
pub trait Shape {
    /// The shape. One that no net can have, or that cannot stream, does not compile.
    ///
    /// ```
    /// use elman_core::{Shape, Spec};
    /// struct Gesture;
    /// impl Shape for Gesture {
    ///     const SPEC: Spec = Spec::dense(6, 32, 5);
    /// }
    /// assert_eq!(Gesture::SPEC.output_width(), 5);
    /// ```
    const SPEC: Spec;
}

/// A [`Stream`](crate::Stream) of a constant [`Shape`], for chips: the same bits, but only the code that this net
/// needs is linked. One dense tanh layer with a linear head takes about 1.5 KB of flash on a Cortex-M4F.
///
/// ```
/// # use elman_core::*;
/// # struct Gesture;
/// # impl Shape for Gesture {
/// #     const SPEC: Spec = Spec { input: Input::Dense { width: 2 }, layers: Layers::of([Layer::tanh(8)]),
/// #         initial_state: InitialState::Zero, dropout: Dropout::NONE,
/// #         head: Head { kind: HeadKind::Linear { outputs: 3 }, read: Read::EveryStep } };
/// # }
/// # let params = [0.1; Gesture::SPEC.params_len()];
/// # let mut packed = [Strip::ZERO; Gesture::SPEC.packed_len()];
/// # pack(&Gesture::SPEC, &params, &mut packed)?;
/// let mut state = [0.0; Gesture::SPEC.state_len()];
/// let mut scratch = [Strip::ZERO; Gesture::SPEC.stream_len()];
/// let mut net = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
/// let mut y = [0.0; Gesture::SPEC.output_width()];
/// net.step(Inputs::Dense(&[0.5, -1.0]), &mut y)?;
/// # assert!((y[0] - 0.13997).abs() < 1e-5);
/// # Ok::<(), Error>(())
/// ```
pub struct FixedStream<'a, S> {
    level: Level,
    tables: &'a [f32],
    packed: &'a [Strip],
    state: &'a mut [f32],
    x: &'a mut [f32],
    h_next: &'a mut [f32],
    skips_zeros: bool,
    shape: PhantomData<S>,
}

impl<'a, S: Shape> FixedStream<'a, S> {
    /// A stream at its initial state. `tables` are the first [`Spec::tables_len`] parameters (embeddings, initial
    /// states; none for dense nets that start at zero), `packed` the weights as [`pack`](crate::pack) lays them out: both may
    /// stay in flash. `state` needs [`Spec::state_len`] numbers, `scratch` [`Spec::stream_len`] strips, which may hold anything.
    ///
    /// # Errors
    /// [`Error::Length`] naming the slice.
    ///
    /// ```
    /// # use elman_core::*;
    /// # struct Gesture;
    /// # impl Shape for Gesture {
    /// #     const SPEC: Spec = Spec::dense(2, 8, 3);
    /// # }
    /// # let params = [0.1; Gesture::SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; Gesture::SPEC.packed_len()];
    /// # pack(&Gesture::SPEC, &params, &mut packed)?;
    /// let mut state = [0.0; Gesture::SPEC.state_len()];
    /// let mut scratch = [Strip::ZERO; Gesture::SPEC.stream_len()];
    /// let net = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state, &mut scratch);
    /// assert!(net.is_ok());
    /// // A buffer of another size is named.
    /// let refused = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state[..7], &mut scratch).err();
    /// assert_eq!(refused, Some(Error::Length { what: "state", expected: 8, found: 7 }));
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn new(
        level: Level,
        tables: &'a [f32],
        packed: &'a [Strip],
        state: &'a mut [f32],
        scratch: &'a mut [Strip],
    ) -> Result<Self, Error> {
        const {
            assert!(
                S::SPEC.problem().is_none(),
                "the spec of this shape is not one of a net"
            );
            assert!(
                !S::SPEC.is_bidirectional(),
                "a two-directional net reads the end first and cannot stream"
            );
        }
        check_room("tables", S::SPEC.tables_len(), tables.len())?;
        check_len("packed", S::SPEC.packed_len(), packed.len())?;
        check_len("state", S::SPEC.state_len(), state.len())?;
        check_room("scratch", S::SPEC.stream_len(), scratch.len())?;
        let (x, h_next) = scratch
            .split_at_mut_checked(S::SPEC.stream_input_strips())
            .unwrap_or_default();
        // No more than the tables: what lies behind them is no initial state.
        let tables = at(tables, ..S::SPEC.tables_len());
        let mut stream = Self {
            level,
            tables,
            packed,
            state,
            x: Strip::floats_mut(x),
            h_next: Strip::floats_mut(h_next),
            // Without room for a list of those that are not zero.
            skips_zeros: ASKS_ZEROS && level.run_inlined(CanSkipZeros(model::<S>(tables, packed))),
            shape: PhantomData,
        };
        stream.reset();
        Ok(stream)
    }

    /// Back to the initial state.
    ///
    /// ```
    /// # use elman_core::*;
    /// # struct Gesture;
    /// # impl Shape for Gesture {
    /// #     const SPEC: Spec = Spec::dense(2, 8, 3);
    /// # }
    /// # let params = [0.1; Gesture::SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; Gesture::SPEC.packed_len()];
    /// # pack(&Gesture::SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; Gesture::SPEC.state_len()], [Strip::ZERO; Gesture::SPEC.stream_len()]);
    /// let mut net = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
    /// let (mut first, mut again) = ([0.0; 3], [0.0; 3]);
    /// net.step(Inputs::Dense(&[0.5, -1.0]), &mut first)?;
    /// net.reset();
    /// net.step(Inputs::Dense(&[0.5, -1.0]), &mut again)?;
    /// assert_eq!(first, again);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn reset(&mut self) {
        model::<S>(self.tables, self.packed).reset(self.state);
    }

    /// Feeds one step and writes the head's output, as [`Stream::step`](crate::Stream::step) does.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::InputKind`] or [`Error::Token`]; the state stays as it was.
    ///
    /// ```
    /// # use elman_core::*;
    /// # struct Gesture;
    /// # impl Shape for Gesture {
    /// #     const SPEC: Spec = Spec::dense(2, 8, 3);
    /// # }
    /// # let params = [0.1; Gesture::SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; Gesture::SPEC.packed_len()];
    /// # pack(&Gesture::SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; Gesture::SPEC.state_len()], [Strip::ZERO; Gesture::SPEC.stream_len()]);
    /// let mut net = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
    /// let mut y = [0.0; 3];
    /// for x in [[0.5, -1.0], [0.0, 0.25]] {
    ///     net.step(Inputs::Dense(&x), &mut y)?;
    /// }
    /// assert!(net.step(Inputs::Dense(&[0.5]), &mut y).is_err()); // two numbers make a step
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn step(&mut self, inputs: Inputs, outputs: &mut [f32]) -> Result<(), Error> {
        inputs.check(const { &S::SPEC }, S::SPEC.input.rows_per_step())?;
        check_len("outputs", S::SPEC.output_width(), outputs.len())?;
        self.run(inputs, outputs);
        Ok(())
    }

    /// Feeds one step whose answer nobody reads: the head is not computed.
    ///
    /// # Errors
    /// As [`FixedStream::step`].
    ///
    /// ```
    /// # use elman_core::*;
    /// # struct Gesture;
    /// # impl Shape for Gesture {
    /// #     const SPEC: Spec = Spec::dense(2, 8, 3);
    /// # }
    /// # let params = [0.1; Gesture::SPEC.params_len()];
    /// # let mut packed = [Strip::ZERO; Gesture::SPEC.packed_len()];
    /// # pack(&Gesture::SPEC, &params, &mut packed)?;
    /// # let (mut state, mut scratch) = ([0.0; Gesture::SPEC.state_len()], [Strip::ZERO; Gesture::SPEC.stream_len()]);
    /// let mut net = FixedStream::<Gesture>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
    /// let (mut y, mut again) = ([0.0; 3], [0.0; 3]);
    /// net.step(Inputs::Dense(&[0.5, -1.0]), &mut again)?;
    /// net.step(Inputs::Dense(&[0.0, 0.25]), &mut y)?;
    /// net.reset();
    /// net.step_unread(Inputs::Dense(&[0.5, -1.0]))?;
    /// net.step(Inputs::Dense(&[0.0, 0.25]), &mut again)?;
    /// assert_eq!(y, again);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn step_unread(&mut self, inputs: Inputs) -> Result<(), Error> {
        inputs.check(const { &S::SPEC }, S::SPEC.input.rows_per_step())?;
        self.run(inputs, &mut []);
        Ok(())
    }

    #[inline(always)]
    fn run(&mut self, inputs: Inputs, outputs: &mut [f32]) {
        // Both lengths were checked; saying so here makes them constants below.
        let (Some(packed), Some(state)) = (
            self.packed.get(..S::SPEC.packed_len()),
            self.state.get_mut(..S::SPEC.state_len()),
        ) else {
            debug_assert!(false, "both lengths were checked by new");
            return;
        };
        let model = model::<S>(self.tables, packed);
        self.level.run_inlined(StreamStep {
            model,
            inputs,
            state,
            x: self.x,
            h_next: self.h_next,
            head: None,
            outputs,
            // Flash has no cache that would keep some of the weights.
            order: Order::Ascending,
            skips_zeros: self.skips_zeros,
        });
    }
}

#[inline(always)]
fn model<'a, S: Shape>(tables: &'a [f32], packed: &'a [Strip]) -> ModelView<'static, 'a> {
    let (spec, head) = const { (&S::SPEC, S::SPEC.head_matrix(Form::Packed)) };
    ModelView::fixed(spec, tables, packed, head)
}
