//! From the fuzzer's bytes to nets and data for them.

use arbitrary::{Result, Unstructured};
use elman_core::{
    Activation, Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input,
    Layer, Layers, Read, Spec,
};
use elman_tests::{Case, Rows, Targets};

/// Values at which arithmetic goes wrong first.
const CORNERS: [f32; 16] = [
    0.0,
    -0.0,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    1e-45,
    -1e-40,
    1e30,
    -1e19,
    1e-30,
    88.8,
    -104.0,
    0.5,
];

/// Any number, corners more often than others.
///
/// # Errors
/// No bytes are left.
pub fn number(bytes: &mut Unstructured<'_>) -> Result<f32> {
    match bytes.int_in_range(0..=3)? {
        0 => Ok(f32::from_bits(bytes.arbitrary()?)),
        _ => Ok(*bytes.choose(&CORNERS)?),
    }
}

/// Sizes around those of registers and tiles, mostly small.
fn size(bytes: &mut Unstructured<'_>) -> Result<usize> {
    match bytes.int_in_range(0..=7)? {
        0 => bytes.int_in_range(1..=130),
        1 => Ok(*bytes.choose(&[1, 15, 16, 17, 31, 32, 33, 63, 64, 65])?),
        _ => bytes.int_in_range(1..=9),
    }
}

fn rate(bytes: &mut Unstructured<'_>) -> Result<f32> {
    Ok(*bytes.choose(&[0.0, 0.0, 0.0, 0.5, 0.1, 0.999])?)
}

/// Any cell, mostly without a clip.
fn cell(bytes: &mut Unstructured<'_>) -> Result<Cell> {
    let cell = *bytes.choose(&[
        Cell::elman(Activation::Tanh),
        Cell::elman(Activation::Relu),
        Cell::elman(Activation::Identity),
        Cell::gru(),
        Cell::lstm(),
    ])?;
    let none = f32::INFINITY;
    let clip = *bytes.choose(&[none, none, none, 0.1, 1.0, 20.0])?;
    Ok(match cell {
        Cell::Elman { activation, .. } => Cell::Elman { activation, clip },
        Cell::Gru { .. } => Cell::Gru { clip },
        Cell::Lstm { .. } => Cell::Lstm { clip },
    })
}

/// Any small net.
///
/// # Errors
/// No bytes are left.
pub fn spec(bytes: &mut Unstructured<'_>) -> Result<Spec> {
    let input = if bytes.arbitrary()? {
        Input::Dense {
            width: size(bytes)?,
        }
    } else {
        let mut channels = Vec::new();
        for _ in 0..bytes.int_in_range(1..=3)? {
            channels.push(Channel {
                vocabulary: bytes.int_in_range(1..=9)?,
                width: size(bytes)?,
            });
        }
        Input::Tokens {
            channels: Channels::from_slice(&channels).expect("one to three"),
            window: *bytes.choose(&[1, 1, 3, 5, 9])?,
        }
    };
    let mut layers = Vec::new();
    for _ in 0..bytes.int_in_range(1..=3)? {
        layers.push(Layer {
            hidden: size(bytes)?,
            direction: *bytes.choose(&[Direction::Forward, Direction::Forward, Direction::Both])?,
            cell: cell(bytes)?,
        });
    }
    let outputs = size(bytes)?;
    Ok(Spec {
        input,
        layers: Layers::from_slice(&layers).expect("one to three"),
        initial_state: *bytes.choose(&[InitialState::Zero, InitialState::Trained])?,
        head: Head {
            kind: *bytes.choose(&[
                HeadKind::None,
                HeadKind::Linear { outputs },
                HeadKind::Softmax { outputs },
            ])?,
            read: *bytes.choose(&[Read::EveryStep, Read::LastStep])?,
        },
        dropout: Dropout {
            input: rate(bytes)?,
            hidden: rate(bytes)?,
            head: rate(bytes)?,
            recurrent: rate(bytes)?,
        },
    })
}

/// A net and ragged data for it; all numbers are moderate.
///
/// # Errors
/// No bytes are left.
pub fn case(bytes: &mut Unstructured<'_>) -> Result<Case> {
    let spec = spec(bytes)?;
    // Many small nets find more than a few large ones.
    if spec.params_len() > 1 << 15 {
        return Err(arbitrary::Error::IncorrectFormat);
    }
    let mut lengths = Vec::new();
    for _ in 0..bytes.int_in_range(1..=7)? {
        lengths.push(bytes.int_in_range(1..=9)?);
    }
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let seed = bytes.arbitrary()?;
    let mut case = Case::new(spec, &lengths, seed);
    if bytes.arbitrary()? {
        case = case.carrying(seed ^ 1);
    }
    if bytes.arbitrary()? {
        case = case.ignoring(seed ^ 2).weighing(seed ^ 3);
    }
    Ok(case)
}

/// Puts corners into weights, rows, states and targets; true if any number is not finite, or huge.
///
/// # Errors
/// No bytes are left.
pub fn spoil(case: &mut Case, bytes: &mut Unstructured<'_>) -> Result<bool> {
    let mut is_wild = false;
    for _ in 0..bytes.int_in_range(0..=6)? {
        let value = number(bytes)?;
        let numbers: &mut [f32] = match bytes.int_in_range(0..=3)? {
            0 => &mut case.params,
            1 => match &mut case.rows {
                Rows::Dense(numbers) => numbers,
                Rows::Tokens(_) => &mut [],
            },
            2 => case.carried.as_deref_mut().unwrap_or(&mut []),
            _ => match &mut case.targets {
                Targets::Values { values, .. } => values,
                Targets::Classes { .. } => &mut [],
            },
        };
        if !numbers.is_empty() {
            let place = bytes.choose_index(numbers.len())?;
            numbers[place] = value;
            is_wild |= !value.is_finite() || value.abs() > 1e4;
        }
    }
    Ok(is_wild)
}

/// The bits of numbers; which NaN it is, no chip promises.
pub fn bits(numbers: &[f32]) -> Vec<u32> {
    let canonical = |x: &f32| if x.is_nan() { f32::NAN } else { *x };
    numbers.iter().map(|x| canonical(x).to_bits()).collect()
}
