//! An int8 net taken apart: the words that `elman_core::quantized` describes, as tables of rows and weights.

use elman_core::quantized::QuantizedModel;
use elman_core::{HeadKind, InitialState, Input, Place, Spec};

use crate::base::failure::{Failure, Result};

/// Numbers on a line of a table.
pub const PER_LINE: usize = 8;

/// Columns per block, and what vectors are padded to.
pub const BLOCK: usize = 8;
/// Rows side by side.
pub const ROWS: usize = 4;
/// Columns that a sum of 32 bits holds.
pub const PIECE: usize = 504;

/// Four rows of a matrix.
pub struct Group {
    pub bias: [i32; ROWS],
    pub input: [i16; ROWS],
    pub recurrent: [i16; ROWS],
    /// Those of `W_in`, then those of `W_rec`.
    pub blocks: Vec<[[i8; BLOCK]; ROWS]>,
}

/// A layer and direction.
pub struct LayerTables {
    pub place: Place,
    pub shift: u32,
    pub exponent: u32,
    /// Of the state, or of the sums where a unit has several; 0 without a clip.
    pub limit: u32,
    pub scalars: [u32; 2],
    /// Unit by unit in fours, a group for each of their sums.
    pub groups: Vec<Group>,
}

impl LayerTables {
    /// Whether what reads its numbers is more than a shift.
    pub fn is_gated(&self, spec: &Spec) -> bool {
        let cell = spec.layers.as_slice()[self.place.layer].cell;
        cell.facts().sums > 1
    }
}

/// Embeddings of a channel.
pub struct ChannelTables {
    /// Numbers per id, a multiple of four.
    pub width: usize,
    pub multipliers: Vec<i16>,
    pub bytes: Vec<i8>,
}

/// All of a net.
pub struct Tables {
    pub channels: Vec<ChannelTables>,
    /// Where h starts, layer by layer, forward and reverse; empty where that is zero.
    pub start_h: Vec<i16>,
    /// Where c of LSTM layers starts.
    pub start_c: Vec<i16>,
    pub layers: Vec<LayerTables>,
    /// Empty without a head.
    pub head: Vec<Group>,
}

/// Numbers padded to blocks.
pub const fn padded(numbers: usize) -> usize {
    numbers.next_multiple_of(BLOCK)
}

/// Numbers of h of a layer, both directions.
pub fn layer_numbers(spec: &Spec, layer: usize) -> usize {
    let layer = spec.layers.as_slice()[layer];
    padded(layer.hidden) * layer.directions()
}

/// Where h of a layer and direction begins in that of a sequence.
pub fn state_offset(spec: &Spec, place: Place) -> usize {
    let before: usize = (0..place.layer).map(|i| layer_numbers(spec, i)).sum();
    let hidden = spec.layers.as_slice()[place.layer].hidden;
    before + if place.reverse { padded(hidden) } else { 0 }
}

/// Where c of a layer and direction of an LSTM begins among the c.
pub fn cell_offset(spec: &Spec, place: Place) -> usize {
    let layers = spec.layers.as_slice().iter().take(place.layer).enumerate();
    let cells = layers.map(|(i, layer)| (layer.cell.facts().states - 1) * layer_numbers(spec, i));
    let hidden = spec.layers.as_slice()[place.layer].hidden;
    cells.sum::<usize>() + if place.reverse { padded(hidden) } else { 0 }
}

/// Numbers of all c.
pub fn cell_numbers(spec: &Spec) -> usize {
    let layers = spec.layers.as_slice().iter().enumerate();
    layers
        .map(|(i, layer)| (layer.cell.facts().states - 1) * layer_numbers(spec, i))
        .sum()
}

/// Numbers of a row of inputs, with the zeros behind each embedding.
pub fn input_numbers(spec: &Spec) -> usize {
    match &spec.input {
        Input::Dense { width } => *width,
        Input::Tokens { channels, window } => {
            let channels = channels.as_slice().iter();
            window * channels.map(|c| c.width.next_multiple_of(4)).sum::<usize>()
        }
    }
}

/// Numbers that a layer reads (the head: layer `layers.len()`), up to the last that is no padding.
pub fn read_numbers(spec: &Spec, layer: usize) -> usize {
    match layer.checked_sub(1) {
        None => input_numbers(spec),
        Some(below) => {
            let hidden = spec.layers.as_slice()[below].hidden;
            layer_numbers(spec, below) - padded(hidden) + hidden
        }
    }
}

/// The words to come.
struct Reader<'a>(&'a [u32]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u32]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| Failure::run("the words of the net end too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Numbers of 16 bits, two in a word.
    fn numbers(&mut self, count: usize) -> Result<Vec<i16>> {
        let words = self.take(count / 2)?.iter();
        Ok(words
            .flat_map(|&word| [word as i16, (word >> 16) as i16])
            .collect())
    }

    fn group(&mut self, blocks: usize) -> Result<Group> {
        let [b0, b1, b2, b3, m0, m1, m2, m3] = self.eight()?;
        let m = [m0, m1, m2, m3];
        let blocks = (0..blocks).map(|_| {
            let words = self.eight()?;
            let byte = |row: usize, column: usize| {
                // Columns 0, 2, 1, 3 from the low end.
                let at = [0, 2, 1, 3][column % 4];
                (words[ROWS * (column / 4) + row] >> (8 * at)) as i8
            };
            let rows = std::array::from_fn(|row| std::array::from_fn(|column| byte(row, column)));
            Ok(rows)
        });
        Ok(Group {
            blocks: blocks.collect::<Result<_>>()?,
            bias: [b0, b1, b2, b3].map(|bias| bias as i32),
            input: m.map(|m| m as i16),
            recurrent: m.map(|m| (m >> 16) as i16),
        })
    }

    fn eight(&mut self) -> Result<[u32; 8]> {
        let words = self.take(8)?;
        Ok(std::array::from_fn(|i| words[i]))
    }
}

/// Takes a net apart.
///
/// # Errors
/// A weight of -128, which no rounding of ours gives: it would not fit beside another one in 16 bits.
pub fn take_apart(model: &QuantizedModel<'_>) -> Result<Tables> {
    let spec = model.spec();
    let mut words = Reader(model.words());
    words.take(1)?; // the input scale
    let channels = channels(spec, &mut words)?;
    let (start_h, start_c) = match spec.initial_state {
        InitialState::Zero => (Vec::new(), Vec::new()),
        InitialState::Trained => start(spec, &mut words)?,
    };
    let mut layers = Vec::new();
    for (index, layer) in spec.layers.as_slice().iter().enumerate() {
        for reverse in [false, true].into_iter().take(layer.directions()) {
            let place = Place {
                layer: index,
                reverse,
            };
            layers.push(layer_tables(spec, place, &mut words)?);
        }
    }
    let mut head = Vec::new();
    if spec.head.kind != HeadKind::None {
        words.take(2)?;
        let blocks = layer_numbers(spec, spec.layers.len() - 1) / BLOCK;
        for _ in 0..spec.output_width().div_ceil(ROWS) {
            head.push(words.group(blocks)?);
        }
    }
    let groups = layers.iter().flat_map(|layer| &layer.groups).chain(&head);
    let mut weights = groups.flat_map(|group| group.blocks.as_flattened().as_flattened());
    if weights.any(|&weight| weight == i8::MIN) {
        return Err(Failure::input(
            "a weight of -128, which elman quantize does not write; say elman quantize RUN --data FILE again",
        ));
    }
    Ok(Tables {
        channels,
        start_h,
        start_c,
        layers,
        head,
    })
}

fn channels(spec: &Spec, words: &mut Reader<'_>) -> Result<Vec<ChannelTables>> {
    let Input::Tokens { channels, .. } = &spec.input else {
        return Ok(Vec::new());
    };
    let mut tables = Vec::new();
    for channel in channels.as_slice() {
        let width = channel.width.next_multiple_of(4);
        let (mut multipliers, mut bytes) = (Vec::new(), Vec::new());
        for _ in 0..=channel.vocabulary {
            multipliers.extend(words.take(1)?.iter().map(|&m| m as i16));
            let four = words.take(width / 4)?.iter();
            bytes.extend(four.flat_map(|word| word.to_le_bytes().map(u8::cast_signed)));
        }
        tables.push(ChannelTables {
            width,
            multipliers,
            bytes,
        });
    }
    Ok(tables)
}

/// The initial h of all layers, and the initial c.
fn start(spec: &Spec, words: &mut Reader<'_>) -> Result<(Vec<i16>, Vec<i16>)> {
    let (mut h, mut c) = (Vec::new(), Vec::new());
    for (index, layer) in spec.layers.as_slice().iter().enumerate() {
        let numbers = layer_numbers(spec, index);
        h.extend(words.numbers(numbers)?);
        if layer.cell.facts().states > 1 {
            c.extend(words.numbers(numbers)?);
        }
    }
    Ok((h, c))
}

fn layer_tables(spec: &Spec, place: Place, words: &mut Reader<'_>) -> Result<LayerTables> {
    let layer = spec.layers.as_slice()[place.layer];
    let facts = layer.cell.facts();
    let header = words.take(2)?[0];
    let mut scalars = [0; 2];
    if facts.scalars > 0 {
        let word = words.take(facts.scalars.div_ceil(2))?[0];
        scalars = [word & 0xffff, word >> 16];
    }
    let x = match place.layer {
        0 => padded(input_numbers(spec)),
        above => layer_numbers(spec, above - 1),
    };
    let mut groups = Vec::new();
    for _ in 0..layer.hidden.div_ceil(ROWS) {
        for sum in 0..facts.sums - facts.scalars {
            let x = if facts.from_x.contains(&sum) { x } else { 0 };
            let h = if facts.from_h.contains(&sum) {
                padded(layer.hidden)
            } else {
                0
            };
            groups.push(words.group((x + h) / BLOCK)?);
        }
    }
    Ok(LayerTables {
        place,
        shift: header & 0xff,
        exponent: header >> 8 & 0xff,
        limit: header >> 16,
        scalars,
        groups,
    })
}
