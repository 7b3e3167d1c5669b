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
            let (first, _) = (reader.next(), reader.next());
            let (shift, limit) = (first & 0xffff, (first >> 16) as i16);
            assert_eq!(limit > 0, l.cell.limit().is_some());
            let matrix = matrix(
                &mut reader,
                l.hidden,
                below[0].len(),
                l.hidden.next_multiple_of(8),
            );
            let mut h = padded(start, 8);
            let order: Vec<usize> = match reverse {
                0 => (0..steps).collect(),
                _ => (0..steps).rev().collect(),
            };
            for t in order {
                let z = matrix.iter().map(|row| row.sum(&below[t], &h));
                let f = |z: i64| match (activate(l.cell, z >> shift), limit) {
                    (h, 0) => h,
                    (h, limit) => h.clamp(-limit, limit),
                };
                h = padded(&z.map(f).collect::<Vec<i16>>(), 8);
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
    let matrix = matrix(&mut reader, outputs, tops[0].len(), 0);
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

fn matrix(reader: &mut Reader, rows: usize, below: usize, state: usize) -> Vec<Row> {
    let mut matrix = Vec::new();
    for _ in 0..rows.div_ceil(4) {
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
        matrix.extend(four);
    }
    matrix.truncate(rows);
    matrix
}

fn activate(cell: Cell, t: i64) -> i16 {
    let limit = |t: i64, low| t.clamp(low, 32767) as i16;
    let Cell::Elman { activation, .. } = cell else {
        panic!("an Elman layer")
    };
    match activation {
        Activation::Relu => limit(t, 0),
        Activation::Identity => limit(t, -32767),
        Activation::Tanh => {
            // Between the ends of lines that are 1/32 long, each raised by a sixteenth of the curve's bend.
            let end = |i: i64| {
                let x = i as f64 / 32.0;
                let bend = 2.0 * x.tanh() * (1.0 - x.tanh().powi(2));
                let raised = (x.tanh() + bend / (16.0 * 1024.0)) * 32768.0 + 0.5;
                raised.min(32767.0) as i64
            };
            let magnitude = t.abs().min((256 << 9) - 1);
            let (line, within) = (magnitude >> 9, magnitude & 511);
            let h = end(line) + (((end(line + 1) - end(line)) * within + 256) >> 9);
            (h * t.signum()) as i16
        }
    }
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

/// The initial state of every layer and direction.
fn initial(spec: &Spec, reader: &mut Reader) -> Vec<Vec<Vec<i16>>> {
    let mut state = Vec::new();
    for l in spec.layers.as_slice() {
        let mut directions = Vec::new();
        for _ in 0..l.directions() {
            let mut h = Vec::new();
            for _ in 0..l.hidden.next_multiple_of(8) / 2 {
                let word = match spec.initial_state {
                    InitialState::Zero => 0,
                    InitialState::Trained => reader.next(),
                };
                h.extend([word as i16, (word >> 16) as i16]);
            }
            directions.push(h);
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
