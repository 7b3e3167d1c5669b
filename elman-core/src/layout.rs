//! Where everything lies in the working buffers. One place computes both the lengths that callers
//! reserve and the offsets that the passes use, so they cannot disagree.

use crate::params::Place;
use crate::simd::{LANES, Strip};
use crate::slices::{at, at_mut};
use crate::spec::{Dropout, HeadKind, Input, MAX_LAYERS, Read, Spec};

/// A stretch of a working buffer, in numbers; it starts on a strip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Region {
    pub start: usize,
    pub len: usize,
}

impl Region {
    /// Not there.
    pub const NONE: Self = Self { start: 0, len: 0 };

    /// What is left of it behind its first numbers.
    const fn after(self, numbers: usize) -> Self {
        Self {
            start: self.start + numbers,
            len: self.len.saturating_sub(numbers),
        }
    }

    pub const fn is_none(self) -> bool {
        self.len == 0
    }

    pub const fn range(self) -> core::ops::Range<usize> {
        self.start..self.start + self.len
    }

    pub fn of(self, buffer: &[f32]) -> &[f32] {
        at(buffer, self.range())
    }

    pub fn of_mut(self, buffer: &mut [f32]) -> &mut [f32] {
        at_mut(buffer, self.range())
    }
}

/// Two regions at once, the first to read, the second to write.
pub(crate) fn read_write(buffer: &mut [f32], read: Region, write: Region) -> (&[f32], &mut [f32]) {
    let (read, write) = write_both(buffer, read, write);
    (read, write)
}

/// Two regions at once, both to write.
pub(crate) fn write_both(buffer: &mut [f32], a: Region, b: Region) -> (&mut [f32], &mut [f32]) {
    let [a, b] = write_all(buffer, [a, b]);
    (a, b)
}

/// Any number of regions at once, all to write.
pub(crate) fn write_all<const N: usize>(
    buffer: &mut [f32],
    regions: [Region; N],
) -> [&mut [f32]; N] {
    match buffer.get_disjoint_mut(regions.map(Region::range)) {
        Ok(parts) => parts,
        Err(_) => {
            debug_assert!(false, "regions overlap: {regions:?}");
            [(); N].map(|()| &mut [] as &mut [f32])
        }
    }
}

/// Hands out regions one after the other.
struct Allocator {
    used: usize,
}

impl Allocator {
    /// `rows` rows of `width` numbers, and room to read the last row in full strips.
    const fn rows(&mut self, rows: usize, width: usize) -> Region {
        let len = rows.saturating_mul(width).saturating_add(LANES - 1);
        let region = Region {
            start: self.used,
            len,
        };
        self.used = self
            .used
            .saturating_add(len.saturating_add(LANES - 1) / LANES * LANES);
        region
    }

    const fn rows_if(&mut self, wanted: bool, rows: usize, width: usize) -> Region {
        if wanted {
            self.rows(rows, width)
        } else {
            Region::NONE
        }
    }
}

/// Regions of a forward pass: on the tape all live side by side; for inference two take turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    inputs: [Region; MAX_LAYERS],
    hidden: [Region; MAX_LAYERS],
    /// What the head reads, (R or B, W), where that is not the last hidden rows themselves.
    pub top: Region,
    /// Output rows, (R or B, O); only on the tape.
    pub outputs: Region,
    /// Sums of layers whose cell has several, (R, computed·Hs) for each direction: on the tape one behind the other, for
    /// inference one that all take turns in.
    sums: Region,
    /// Cell states of layers that have them, (R, W), likewise.
    cell: Region,
    /// R on the tape; none for inference.
    tape_rows: usize,
    /// States that steps read, (B + R, S), where recurrent dropout masks them; only on the tape.
    masked: Region,
    /// B + R
    masked_rows: usize,
    /// Length of the whole buffer in numbers.
    pub len: usize,
}

impl Layout {
    const EMPTY: Self = Self {
        inputs: [Region::NONE; MAX_LAYERS],
        hidden: [Region::NONE; MAX_LAYERS],
        top: Region::NONE,
        outputs: Region::NONE,
        sums: Region::NONE,
        cell: Region::NONE,
        tape_rows: 0,
        masked: Region::NONE,
        masked_rows: 0,
        len: 0,
    };

    pub const fn tape(spec: &Spec, rows: usize, sequences: usize) -> Self {
        let Dropout {
            input,
            hidden,
            head,
            recurrent,
        } = spec.dropout;
        let mut at = Allocator { used: 0 };
        let mut layout = Self::EMPTY;
        let mut l = 0;
        while l < spec.layers.len() {
            let gathered = l == 0 && matches!(spec.input, Input::Tokens { .. });
            let dropped = if l == 0 { input > 0.0 } else { hidden > 0.0 };
            layout.inputs[l] = at.rows_if(gathered || dropped, rows, spec.layer_input_width(l));
            layout.hidden[l] = at.rows(rows, spec.layer(l).width());
            l += 1;
        }
        let (sums, cells) = spec.gate_rows(spec.layers.len());
        layout.sums = at.rows_if(sums > 0, rows, sums);
        layout.cell = at.rows_if(cells > 0, rows, cells);
        layout.tape_rows = rows;
        let is_last = matches!(spec.head.read, Read::LastStep);
        let read = spec.output_rows(rows, sequences);
        layout.top = at.rows_if(is_last || head > 0.0, read, spec.top_width());
        layout.outputs = at.rows(read, spec.output_width());
        layout.masked_rows = rows.saturating_add(sequences);
        layout.masked = at.rows_if(recurrent > 0.0, layout.masked_rows, spec.state_len());
        layout.len = at.used;
        layout
    }

    /// What layer `layer` reads, (R, I), where that is neither the caller's rows nor the hidden rows
    /// below: gathered embeddings, rows with dropout.
    pub fn input(&self, layer: usize) -> Region {
        self.inputs.get(layer).copied().unwrap_or(Region::NONE)
    }

    /// Hidden rows of layer `layer`, (R, W).
    pub fn hidden(&self, layer: usize) -> Region {
        self.hidden.get(layer).copied().unwrap_or(Region::NONE)
    }

    /// Sums of one layer and direction, (R, computed·Hs), where they have a place of their own.
    pub fn sums(&self, spec: &Spec, place: Place) -> Region {
        if self.sums.is_none() {
            return Region::NONE;
        }
        let row = spec.layer(place.layer).sums_row();
        if row == 0 {
            return Region::NONE;
        }
        let (before, _) = spec.gate_rows(place.layer);
        let before = before + if place.reverse { row } else { 0 };
        self.sums.after(self.tape_rows * before)
    }

    /// Cell states of a layer, (R, W), where it has any.
    pub fn cell(&self, spec: &Spec, layer: usize) -> Region {
        if self.cell.is_none() || !spec.layer(layer).has_cell_state() {
            return Region::NONE;
        }
        let (_, before) = spec.gate_rows(layer);
        self.cell.after(self.tape_rows * before)
    }

    /// Masked start states, then masked hidden rows of one layer and direction, (B + R, H): all of one place lie
    /// together.
    pub fn masked(&self, spec: &Spec, place: Place) -> Region {
        if self.masked.is_none() {
            return Region::NONE;
        }
        let hidden = spec.layer(place.layer).hidden;
        let before = spec.state_offset(place.layer) + place.column(hidden);
        Region {
            start: self.masked.start + self.masked_rows * before,
            len: self.masked_rows * hidden,
        }
    }

    pub const fn inference(spec: &Spec, rows: usize, sequences: usize) -> Self {
        let mut at = Allocator { used: 0 };
        let mut layout = Self::EMPTY;
        let gathered = matches!(spec.input, Input::Tokens { .. });
        layout.inputs[0] = at.rows_if(gathered, rows, spec.input.width());
        let turns = [
            at.rows(rows, spec.widest()),
            at.rows_if(spec.layers.len() > 1, rows, spec.widest()),
        ];
        let sums = spec.widest_sums();
        if sums > 0 {
            let (_, cells) = spec.gate_rows(spec.layers.len());
            layout.sums = at.rows(rows, sums);
            layout.cell = at.rows_if(cells > 0, rows, spec.widest());
        }
        let mut l = 0;
        while l < spec.layers.len() {
            layout.hidden[l] = turns[l % 2];
            l += 1;
        }
        layout.top = at.rows_if(
            matches!(spec.head.read, Read::LastStep),
            sequences,
            spec.top_width(),
        );
        layout.len = at.used;
        layout
    }
}

/// Regions of the backward pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scratch {
    /// Gradients of hidden rows: of the layer at hand and of the one below, taking turns.
    pub rows: [Region; 2],
    /// Gradient of the head's input where it is read at the last step, (B, W).
    pub top: Region,
    /// Gradient of the start states of one layer and direction, (B, H); before that, one step's products that
    /// recurrent dropout masks.
    pub start: Region,
    /// Gradients of the sums of layers whose cell has several, taking turns as the hidden rows do: (R, sums·H) for each
    /// direction.
    sums: [Region; 2],
    /// R
    all_rows: usize,
    /// What flows from step to step past the sums, (B, S) in all: of each state, layer and direction (B, H).
    pub carry: Region,
    /// B
    sequences: usize,
    /// Length of the whole buffer in numbers.
    pub len: usize,
}

impl Scratch {
    pub const fn of(spec: &Spec, rows: usize, sequences: usize) -> Self {
        let gathered = matches!(spec.input, Input::Tokens { .. });
        let width = if gathered && spec.input.width() > spec.widest() {
            spec.input.width()
        } else {
            spec.widest()
        };
        let mut at = Allocator { used: 0 };
        let below = gathered || spec.layers.len() > 1;
        let turns = [at.rows(rows, width), at.rows_if(below, rows, width)];
        let top = at.rows_if(
            matches!(spec.head.read, Read::LastStep),
            sequences,
            spec.top_width(),
        );
        let start = at.rows(sequences, spec.widest());
        let row = spec.widest_sum_gradients();
        let sums = [
            at.rows_if(row > 0, rows, row),
            at.rows_if(row > 0 && spec.layers.len() > 1, rows, row),
        ];
        let carry = at.rows_if(row > 0, sequences, spec.state_len());
        Self {
            rows: turns,
            top,
            start,
            sums,
            all_rows: rows,
            carry,
            sequences,
            len: at.used,
        }
    }

    /// Gradients of the sums of one layer and direction, (R, sums·H).
    pub fn sums(&self, spec: &Spec, place: Place) -> Region {
        let layer = spec.layer(place.layer);
        let len = self.all_rows * layer.cell.facts().sums * layer.hidden;
        let turn = if place.layer.is_multiple_of(2) {
            self.sums[0]
        } else {
            self.sums[1]
        };
        let before = if place.reverse { len } else { 0 };
        Region {
            start: turn.start + before,
            len: turn.len - before,
        }
    }

    /// What flows past the sums of one layer and direction, (B, H) for its state `state`.
    pub fn carry(&self, spec: &Spec, place: Place, state: usize) -> Region {
        let layer = spec.layer(place.layer);
        if state >= layer.cell.facts().states {
            return Region::NONE;
        }
        let column = state * layer.width() + place.column(layer.hidden);
        Region {
            start: self.carry.start + self.sequences * (spec.state_offset(place.layer) + column),
            len: self.sequences * layer.hidden,
        }
    }
}

/// Numbers of a row buffer that stays in the second-level cache beside weights and inputs. Longer sequences are
/// computed stretch by stretch, each through all layers and the head, so that time per step does not depend on
/// how many steps there are (measured at 4096 steps: a third faster than layer by layer).
const STRETCH: usize = 1 << 16;

impl Spec {
    /// Strips of workspace for [`forward`](crate::forward()) over `rows` rows in `sequences` sequences.
    /// Where nothing looks ahead, long sequences need no more than short ones.
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// static WORKSPACE: [Strip; SPEC.workspace_len(50, 1)] = [Strip::ZERO; SPEC.workspace_len(50, 1)];
    /// assert_eq!(SPEC.workspace_len(1_000_000, 1), SPEC.workspace_len(10_000, 1));
    /// ```
    pub const fn workspace_len(&self, rows: usize, sequences: usize) -> usize {
        let rows = self.inference_rows(rows, sequences);
        Strip::count(Layout::inference(self, rows, sequences).len)
    }

    /// Rows that inference works on at a time. Windows of tokens look ahead as well.
    pub(crate) const fn inference_rows(&self, rows: usize, sequences: usize) -> usize {
        let looks_ahead = match self.input {
            Input::Dense { .. } => false,
            Input::Tokens { window, .. } => window > 1,
        };
        let stretch = self.stretch_rows();
        let most = if stretch > sequences {
            stretch
        } else {
            sequences
        };
        if looks_ahead || rows < most {
            rows
        } else {
            most
        }
    }

    /// Rows that the backward pass works on at a time. Gradients of hidden rows take turns in two regions, so what
    /// a stretch must leave to the one before it only survives in shallow nets.
    pub(crate) const fn backward_rows(&self) -> usize {
        let gathered = matches!(self.input, Input::Tokens { .. });
        if self.layers.len() + gathered as usize > 2 {
            usize::MAX
        } else {
            self.stretch_rows()
        }
    }

    /// Rows that a pass works on at a time: all of a net that reads both ways.
    pub(crate) const fn stretch_rows(&self) -> usize {
        if self.is_bidirectional() {
            usize::MAX
        } else {
            let sums = self.widest_sums();
            let width = if sums > self.widest() {
                sums
            } else {
                self.widest()
            };
            match STRETCH.checked_div(width) {
                Some(rows) => rows,
                None => 0,
            }
        }
    }

    /// Strips of a [`Tape`](crate::Tape) for `rows` rows in `sequences` sequences.
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// // Training on a chip, with at most 50 steps of one sequence at a time.
    /// static TAPE: [Strip; SPEC.tape_len(50, 1)] = [Strip::ZERO; SPEC.tape_len(50, 1)];
    /// assert!(size_of_val(&TAPE) < 10_000);
    /// ```
    pub const fn tape_len(&self, rows: usize, sequences: usize) -> usize {
        self.start_strips(sequences)
            .saturating_add(Strip::count(Layout::tape(self, rows, sequences).len))
    }

    /// Strips in front of the tape that keep the state each sequence started from, (B, S).
    pub(crate) const fn start_strips(&self, sequences: usize) -> usize {
        Strip::count(sequences.saturating_mul(self.state_len()))
    }

    /// Strips of scratch for [`Tape::backward`](crate::Tape::backward).
    ///
    /// ```
    /// # use elman_core::{Spec, Strip};
    /// const SPEC: Spec = Spec::dense(6, 32, 5);
    /// static SCRATCH: [Strip; SPEC.scratch_len(50, 1)] = [Strip::ZERO; SPEC.scratch_len(50, 1)];
    /// assert!(size_of_val(&SCRATCH) < 20_000);
    /// ```
    pub const fn scratch_len(&self, rows: usize, sequences: usize) -> usize {
        Strip::count(Scratch::of(self, rows, sequences).len)
    }

    /// Numbers of the widest row of sums that have a place of their own; 0 if no layer has any.
    const fn widest_sums(&self) -> usize {
        let (mut widest, mut l) = (0, 0);
        while l < self.layers.len() {
            let row = self.layer(l).sums_row();
            widest = if row > widest { row } else { widest };
            l += 1;
        }
        widest
    }

    /// Numbers of the widest row of gradients of such sums, all directions.
    const fn widest_sum_gradients(&self) -> usize {
        let (mut widest, mut l) = (0, 0);
        while l < self.layers.len() {
            let layer = self.layer(l);
            let row = layer.cell.facts().sums * layer.width();
            widest = if layer.sums_row() > 0 && row > widest {
                row
            } else {
                widest
            };
            l += 1;
        }
        widest
    }

    /// Numbers of a row of the sums that have a place of their own in the layers below `layer`, and of their cell states.
    const fn gate_rows(&self, layer: usize) -> (usize, usize) {
        let (mut sums, mut cells, mut l) = (0, 0, 0);
        while l < layer {
            let below = self.layer(l);
            sums += below.directions() * below.sums_row();
            if below.has_cell_state() {
                cells += below.width();
            }
            l += 1;
        }
        (sums, cells)
    }

    /// Whether the head multiplies at all.
    #[inline(always)]
    pub(crate) const fn has_head(&self) -> bool {
        !matches!(self.head.kind, HeadKind::None)
    }
}
