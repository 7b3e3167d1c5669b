//! What leads from raw samples to numbers in the units of the data, for images of either kind.

use elman_core::feed::{
    ColumnScale, Curve, FrontBuffers, FrontFeed, Lags, NumberFront, NumberGolden, NumberReads,
    Readout, Readouts, Regression, Split, Streaming,
};
use elman_core::{Error, Inputs, Layer, Layers, Level, Spec};

/// Numbers of a raw sample.
pub const COLUMNS: usize = 2;
/// Which golden number is missing.
pub const MISSING: usize = 5;

const LOG: Curve = Curve::Log {
    floor: 1e-3,
    unit: 1.5,
};

static SCALES: [ColumnScale; COLUMNS] = [ColumnScale::new(3.0, 2.0), ColumnScale::new(100.0, 40.0)];
static CENTERS: [Split; COLUMNS] = [Split::new(3.1), Split::new(99.9)];
/// Of two targets: two rows and a mean of two columns.
static SUMS: [f32; 12] = [
    0.1, -0.02, 0.03, 0.04, -0.05, 0.06, 0.07, -0.01, 0.02, -0.03, 0.04, 0.05,
];
/// Of two values of the other column, and three lags.
static LAGS: [f32; 5] = [0.02, -0.03, 0.5, 0.2, -0.1];
static INPUTS: [ColumnScale; 6] = [
    ColumnScale::new(0.1, 0.3),
    ColumnScale::new(0.2, 0.4),
    ColumnScale::new(0.3, 0.5),
    ColumnScale::new(0.4, 0.6),
    ColumnScale::new(0.5, 0.7),
    ColumnScale::new(0.6, 0.8),
];
static READOUTS: [Readout; 2] = [
    Readout {
        curve: Curve::Identity,
        residual: 0.25,
        start: Split::new(40.1),
    },
    Readout {
        curve: LOG,
        residual: 0.07,
        start: Split::new(1.3),
    },
];

const ROWS: NumberFront<'static> = NumberFront {
    reads: NumberReads::Rows {
        columns: &SCALES,
        farthest: 2.5,
        window: 3,
        sums: Regression {
            centers: &CENTERS,
            weights: &SUMS,
            rows: 2,
            with_mean: true,
        },
    },
    readouts: Readouts::new(&READOUTS),
    reaches: &[50.0, 0.1, 0.2, 90.0, 0.5, 0.75],
    raw: &[],
    missing: 0,
    values: &[],
    value_tolerance: &[1e-3, 1e-3],
};

/// Two values, of which a window of three rows and linear sums are read; an answer is a sample late.
pub fn rows() -> Spec {
    Spec {
        layers: Layers::of([Layer::gru(5)]),
        ..Spec::dense(6, 1, 2)
    }
}

/// The next value of a series with another column beside it.
pub fn series() -> Spec {
    Spec {
        layers: Layers::of([Layer::tanh(7)]),
        ..Spec::dense(6, 1, 1)
    }
}

/// Of the nets above, still without golden samples.
pub fn front(spec: &Spec) -> Option<NumberFront<'static>> {
    if *spec == rows() {
        return Some(ROWS);
    }
    let lags = Lags {
        curve: LOG,
        centers: &CENTERS,
        weights: &LAGS,
        inputs: &INPUTS,
        farthest: 4.0,
        span: 2,
        base: Some(1),
        offset: 0.01,
    };
    (*spec == series()).then_some(NumberFront {
        reads: NumberReads::Series(lags),
        readouts: Readouts::new(&READOUTS[1..]),
        reaches: &[],
        value_tolerance: &[1e-3],
        ..ROWS
    })
}

/// Raw numbers of so many samples.
pub fn raw(samples: usize) -> Vec<f32> {
    let column = |i: usize| [0.5 + (i * i % 7) as f32, 60.0 + (i * 31 % 90) as f32];
    (0..samples).flat_map(column).collect()
}

/// What a net reads and answers on the way.
#[derive(Default)]
pub struct Told {
    pub inputs: Vec<f32>,
    pub outputs: Vec<f32>,
    pub values: Vec<f32>,
    pub bounds: Vec<[f32; 2]>,
}

/// A net that is listened to.
struct Heard<N> {
    net: N,
    told: Told,
}

impl<N: Streaming> Streaming for Heard<N> {
    fn spec(&self) -> &Spec {
        self.net.spec()
    }

    fn reset(&mut self) {
        self.net.reset();
    }

    fn step(&mut self, inputs: Inputs<'_>, outputs: &mut [f32]) -> Result<(), Error> {
        self.net.step(inputs, outputs)?;
        let Inputs::Dense(row) = inputs else {
            return Err(Error::InputKind);
        };
        self.told.inputs.extend(row);
        self.told.outputs.extend_from_slice(outputs);
        Ok(())
    }

    fn step_unread(&mut self, inputs: Inputs<'_>) -> Result<(), Error> {
        self.net.step_unread(inputs)
    }
}

/// What a net says of golden samples, one of them missing.
pub fn told<N: Streaming>(front: &NumberFront<'_>, net: N, raw: &[f32], lengths: &[u32]) -> Told {
    let (told, targets) = (Told::default(), front.readouts.len());
    let mut room = Room::new(front);
    let mut feed = room.feed(front, Heard { net, told }).unwrap();
    let mut lost = raw.to_vec();
    lost[MISSING] = f32::NAN;
    let (mut samples, mut out) = (lost.chunks(COLUMNS), vec![0.0; targets]);
    let (mut values, mut bounds) = (Vec::new(), Vec::new());
    for &length in lengths {
        feed.reset();
        assert_eq!(feed.bounds(targets - 1, 90), None, "before any answer");
        for turn in 0.. {
            let is_told = match turn < length {
                true => feed.feed(samples.next().unwrap(), &mut out),
                false => feed.end(&mut out),
            };
            if is_told.unwrap() {
                values.extend_from_slice(&out);
                bounds.extend(feed.bounds(targets - 1, 90));
            } else if turn >= length {
                break;
            }
        }
    }
    Told {
        values,
        bounds,
        ..std::mem::take(&mut feed.net_mut().told)
    }
}

/// Runs golden samples in dirty buffers, and then numbers of any size.
pub fn check<N: Streaming>(
    front: &NumberFront<'_>,
    net: N,
    level: Level,
    golden: &NumberGolden<'_>,
) -> Result<Option<usize>, Error> {
    if front.room_len() > 1 << 20 {
        return Ok(None);
    }
    let (mut room, mut out) = (Room::new(front), vec![f32::NAN; front.readouts.len()]);
    let mut feed = room.feed(front, net)?;
    let found = feed.check(level, golden, &mut out)?;
    let sample = |x| vec![x; front.reads.columns()];
    for x in [f32::MAX, f32::MIN, f32::NAN, 1e-40, -1.0] {
        feed.feed(&sample(x), &mut out)?;
    }
    feed.feed_unread(&sample(0.5))?;
    assert_eq!(feed.bounds(0, 90), None, "after a sample that nobody read");
    feed.end(&mut out)?;
    Ok(found)
}

/// Dirty buffers of a feed.
struct Room {
    readouts: Vec<Readout>,
    outputs: Vec<f32>,
    rows: Vec<f32>,
    memory: Vec<f32>,
}

impl Room {
    fn new(front: &NumberFront<'_>) -> Self {
        let targets = front.readouts.len();
        let [rows, memory] = front.reads.room_len(targets);
        Self {
            readouts: vec![Readout::default(); targets],
            outputs: vec![f32::NAN; targets],
            rows: vec![f32::NAN; rows],
            memory: vec![f32::NAN; memory],
        }
    }

    fn feed<'a, N: Streaming>(
        &'a mut self,
        front: &NumberFront<'a>,
        net: N,
    ) -> Result<FrontFeed<'a, N>, Error> {
        let buffers = FrontBuffers {
            readouts: &mut self.readouts,
            outputs: &mut self.outputs,
            rows: &mut self.rows,
            memory: &mut self.memory,
        };
        front.feed(net, buffers)
    }
}
