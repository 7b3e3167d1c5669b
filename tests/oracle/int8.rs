//! The integers of an int8 net, naively: from the words as the documentation of `elman_core::quantized` describes them.

use elman_core::{Activation, Cell, HeadKind, InitialState, Input, Read, Spec};

/// One sequence through the words: the logits of every step, or of the last one.
pub fn run(spec: &Spec, words: &[u32], rows: &[Vec<i16>], ids: &[Vec<u32>]) -> Vec<i32> {
    let mut reader = Reader { words, at: 1 };
    let embeddings = embeddings(spec, &mut reader);
    let initial = initial(spec, &mut reader);
    let steps = rows.len().max(ids.len());
    let mut below: Vec<Vec<i16>> = (0..steps)
        .map(|t| {
            if rows.is_empty() {
                window(spec, &embeddings, ids, t)
            } else {
                padded(&rows[t], 8)
            }
        })
        .collect();
    let mut top = Vec::new();
    for (layer, l) in spec.layers.as_slice().iter().enumerate() {
        let mut above = vec![Vec::new(); steps];
        top.clear();
        for (reverse, start) in initial[layer].iter().enumerate().take(l.directions()) {
            let header = Header::read(&mut reader, l.cell);
            assert_eq!(header.limit > 0, l.cell.limit().is_some());
            let padded_state = l.hidden.next_multiple_of(8);
            let matrix = matrix(&mut reader, &l.cell, l.hidden, below[0].len(), padded_state);
            let mut h = padded(&start[0], 8);
            let mut c = start.get(1).cloned().unwrap_or_default();
            let order: Vec<usize> = match reverse {
                0 => (0..steps).collect(),
                _ => (0..steps).rev().collect(),
            };
            for t in order {
                let mut next = h.clone();
                for unit in 0..l.hidden {
                    let sums = matrix.iter().map(|rows| rows[unit].sum(&below[t], &h));
                    let sums: Vec<i64> = sums.collect();
                    next[unit] = header.step(l.cell, &sums, h[unit], c.get_mut(unit));
                }
                h = next;
                above[t].extend(&h);
            }
            top.extend(h);
        }
        below = above;
    }
    let tops = match spec.head.read {
        Read::EveryStep => below,
        Read::LastStep => vec![top],
    };
    let HeadKind::Linear { outputs } = spec.head.kind else {
        panic!("these tests look at linear heads");
    };
    let _ = (reader.next(), reader.next());
    let identity = Cell::elman(Activation::Identity);
    let matrix = matrix(&mut reader, &identity, outputs, tops[0].len(), 0).remove(0);
    assert_eq!(reader.at, words.len(), "words are left over");
    let logits = tops
        .iter()
        .flat_map(|top| matrix.iter().map(|row| row.sum(top, &[]) as i32));
    logits.collect()
}

struct Reader<'a> {
    words: &'a [u32],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> u32 {
        self.at += 1;
        self.words[self.at - 1]
    }
}

struct Row {
    bias: i32,
    multipliers: [i16; 2],
    weights: [Vec<i8>; 2],
}

impl Row {
    fn sum(&self, x: &[i16], h: &[i16]) -> i64 {
        let mut z = i64::from(self.bias);
        for (values, (weights, m)) in [x, h].iter().zip(self.weights.iter().zip(self.multipliers)) {
            if weights.is_empty() {
                continue; // what the sum does not read
            }
            assert_eq!(values.len(), weights.len());
            for (values, weights) in values.chunks(504).zip(weights.chunks(504)) {
                let products = values
                    .iter()
                    .zip(weights)
                    .map(|(&x, &w)| i64::from(x) * i64::from(w));
                let sum: i64 = products.sum();
                assert!(i32::try_from(sum).is_ok(), "a sum overflows");
                z += (sum * i64::from(m)) >> 16;
            }
        }
        assert!(i32::try_from(z).is_ok(), "z overflows");
        z
    }
}

/// The rows of every sum, one for each unit.
fn matrix(
    reader: &mut Reader,
    cell: &Cell,
    units: usize,
    below: usize,
    state: usize,
) -> Vec<Vec<Row>> {
    // Sums are [n_in r z n_rec], [i f g o], [n] and [u b_z b_n].
    let parts: &[[bool; 2]] = match cell {
        Cell::Elman { .. } | Cell::FastRnn => &[[true, true]],
        Cell::FastGrnn => &[[true, true], [false, false], [false, false]],
        Cell::Gru { .. } => &[[true, false], [true, true], [true, true], [false, true]],
        Cell::Lstm { .. } => &[[true, true]; 4],
    };
    let mut matrix: Vec<Vec<Row>> = parts.iter().map(|_| Vec::new()).collect();
    for _ in 0..units.div_ceil(4) {
        for (rows, [reads_x, reads_h]) in matrix.iter_mut().zip(parts) {
            let columns = |reads: bool, columns: usize| if reads { columns } else { 0 };
            rows.extend(four_rows(
                reader,
                columns(*reads_x, below),
                columns(*reads_h, state),
            ));
        }
    }
    matrix.iter_mut().for_each(|rows| rows.truncate(units));
    matrix
}

fn four_rows(reader: &mut Reader, below: usize, state: usize) -> Vec<Row> {
    let biases = [(); 4].map(|()| reader.next() as i32);
    let multipliers = [(); 4].map(|()| reader.next());
    let mut four: Vec<Row> = (0..4)
        .map(|i| Row {
            bias: biases[i],
            multipliers: [multipliers[i] as i16, (multipliers[i] >> 16) as i16],
            weights: [vec![0; below], vec![0; state]],
        })
        .collect();
    for part in 0..2 {
        for start in (0..[below, state][part]).step_by(4) {
            for row in &mut four {
                let word = reader.next().to_le_bytes();
                for (byte, k) in [0, 2, 1, 3].into_iter().enumerate() {
                    row.weights[part][start + k] = word[byte] as i8;
                }
            }
        }
    }
    four
}

/// The first words of a layer and direction.
struct Header {
    shift: u32,
    exponent: u32,
    limit: i64,
    scalars: [i64; 2],
}

impl Header {
    fn read(reader: &mut Reader, cell: Cell) -> Self {
        let (first, unit) = (reader.next(), reader.next());
        let shares = matches!(cell, Cell::FastRnn | Cell::FastGrnn);
        let scalars = if shares { reader.next() } else { 0 };
        let exponent = first >> 8 & 0xff;
        if shares {
            assert_eq!(f32::from_bits(unit), 2f32.powi(exponent as i32 - 15));
        }
        Self {
            shift: first & 0xff,
            exponent,
            limit: i64::from(first >> 16),
            scalars: [scalars & 0xffff, scalars >> 16].map(i64::from),
        }
    }

    /// The next h of a unit, and c.
    fn step(&self, cell: Cell, sums: &[i64], h: i16, c: Option<&mut i16>) -> i16 {
        // Of tanh; of sigmoid, which is (1 + tanh(x/2)) / 2, and times 2^16.
        let tanh = |z: i64| table(self.within(z >> self.shift, 4));
        let half = |z: i64| table(self.within(z >> (self.shift + 1), 2));
        match (cell, sums) {
            (Cell::Elman { activation, .. }, [z]) => {
                let h = activate(activation, z >> self.shift);
                match self.limit as i16 {
                    0 => h,
                    limit => h.clamp(-limit, limit),
                }
            }
            (Cell::Gru { .. }, &[n_in, r, z, n_rec]) => {
                let n = tanh(n_in + (n_rec >> 1) + ((n_rec * half(r)) >> 16));
                let z = 32768 + half(z);
                ((z * i64::from(h) + (65536 - z) * n + 32768) >> 16) as i16
            }
            (Cell::Lstm { .. }, &[i, f, g, o]) => {
                let c = c.expect("an LSTM has c");
                let kept = (32768 + half(f)) * i64::from(*c);
                let new = (32768 + half(i)) * tanh(g);
                let next = ((kept >> 1) + (new >> (1 + self.exponent)) + 16384) >> 15;
                *c = next.clamp(-32768, 32767) as i16;
                let y = table((i64::from(*c) << self.exponent) >> 1);
                (((32768 + half(o)) * y + 32768) >> 16) as i16
            }
            (Cell::FastRnn, &[n]) => {
                let [alpha, beta] = self.scalars;
                let new = (alpha * tanh(n)) >> (1 + self.exponent);
                let next = (((beta * i64::from(h)) >> 1) + new + 16384) >> 15;
                next.clamp(-32768, 32767) as i16
            }
            (Cell::FastGrnn, &[u, b_z, b_n]) => {
                let [zeta, nu] = self.scalars;
                let (z, n) = (32768 + half(u + b_z), tanh(u + b_n));
                let share = (zeta * (65536 - z) + 32768) >> 16;
                let new = [share, nu].map(|part| (part * n) >> (2 + self.exponent));
                let kept = (z * i64::from(h)) >> 2;
                let next = (kept + new[0] + new[1] + 8192) >> 14;
                next.clamp(-32768, 32767) as i16
            }
            _ => panic!("the sums of another cell"),
        }
    }

    /// An argument within the clip, which counts so many units.
    fn within(&self, t: i64, units: i64) -> i64 {
        match self.limit * units {
            0 => t,
            limit => t.clamp(-limit, limit),
        }
    }
}

fn activate(activation: Activation, t: i64) -> i16 {
    match activation {
        Activation::Relu => t.clamp(0, 32767) as i16,
        Activation::Identity => t.clamp(-32767, 32767) as i16,
        Activation::Tanh => table(t) as i16,
    }
}

/// tanh(t / 2^14) * 2^15, between the ends of lines that are 1/32 long, each raised by a sixteenth of the curve's bend.
fn table(t: i64) -> i64 {
    let end = |i: i64| {
        let x = i as f64 / 32.0;
        let bend = 2.0 * x.tanh() * (1.0 - x.tanh().powi(2));
        let raised = (x.tanh() + bend / (16.0 * 1024.0)) * 32768.0 + 0.5;
        raised.min(32767.0) as i64
    };
    let magnitude = t.abs().min((256 << 9) - 1);
    let (line, within) = (magnitude >> 9, magnitude & 511);
    let h = end(line) + (((end(line + 1) - end(line)) * within + 256) >> 9);
    h * t.signum()
}

/// Rows of every channel's table, each padded to four numbers.
fn embeddings(spec: &Spec, reader: &mut Reader) -> Vec<Vec<Vec<i16>>> {
    let Input::Tokens { channels, .. } = &spec.input else {
        return Vec::new();
    };
    let mut tables = Vec::new();
    for c in channels.as_slice() {
        let mut table = Vec::new();
        for _ in 0..=c.vocabulary {
            let m = i32::from(reader.next() as i16);
            let bytes = (0..c.width.div_ceil(4)).flat_map(|_| reader.next().to_le_bytes());
            let number = |byte| ((i32::from(byte as i8) * m + 64) >> 7) as i16;
            table.push(bytes.map(number).collect());
        }
        tables.push(table);
    }
    tables
}

fn window(spec: &Spec, tables: &[Vec<Vec<i16>>], ids: &[Vec<u32>], t: usize) -> Vec<i16> {
    let Input::Tokens { channels, window } = &spec.input else {
        return Vec::new();
    };
    let mut row = Vec::new();
    for position in 0..*window {
        let step = (t + position)
            .checked_sub(window / 2)
            .and_then(|step| ids.get(step));
        for (channel, c) in channels.as_slice().iter().enumerate() {
            let id = step.map_or(c.vocabulary, |ids| ids[channel] as usize);
            row.extend(&tables[channel][id]);
        }
    }
    padded(&row, 8)
}

/// The initial h of every layer and direction, and c where the layer has one.
fn initial(spec: &Spec, reader: &mut Reader) -> Vec<Vec<Vec<Vec<i16>>>> {
    let mut state = Vec::new();
    for l in spec.layers.as_slice() {
        let mut directions = vec![Vec::new(); l.directions()];
        let states = if matches!(l.cell, Cell::Lstm { .. }) {
            2
        } else {
            1
        };
        for _ in 0..states {
            for direction in &mut directions {
                let mut numbers = Vec::new();
                for _ in 0..l.hidden.next_multiple_of(8) / 2 {
                    let word = match spec.initial_state {
                        InitialState::Zero => 0,
                        InitialState::Trained => reader.next(),
                    };
                    numbers.extend([word as i16, (word >> 16) as i16]);
                }
                direction.push(numbers);
            }
        }
        state.push(directions);
    }
    state
}

fn padded(values: &[i16], to: usize) -> Vec<i16> {
    let mut values = values.to_vec();
    values.resize(values.len().next_multiple_of(to), 0);
    values
}
