//! State dicts made by hand: whatever they are called and however they are stored, the net is the same.

use std::collections::HashMap;

use elman_core::{Input, Read, Spec};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};

use super::state_dict::{self, Hints};
use crate::base::failure::Result;

/// Numbers per step, hidden units and outputs.
const I: usize = 3;
const H: usize = 3;
const O: usize = 6;

type Tensors = Vec<(&'static str, Vec<usize>)>;

/// Eighths, which every type of float holds.
fn numbers(shape: &[usize], seed: usize) -> Vec<f64> {
    let len = shape.iter().product();
    (0..len)
        .map(|i| ((i * 7 + seed * 3) % 17) as f64 / 8.0 - 1.0)
        .collect()
}

fn file(tensors: &Tensors, dtype: Dtype, about: &[(&str, &str)], change: f64) -> Vec<u8> {
    let bytes = |number: f64| match dtype {
        Dtype::F64 => number.to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f64(number).to_le_bytes().to_vec(),
        Dtype::BF16 => bf16::from_f64(number).to_le_bytes().to_vec(),
        _ => (number as f32).to_le_bytes().to_vec(),
    };
    let data: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(name, shape)| {
            numbers(shape, name.len())
                .into_iter()
                .flat_map(|number| bytes(number + change))
                .collect()
        })
        .collect();
    let views = tensors
        .iter()
        .zip(&data)
        .map(|((name, shape), data)| (*name, TensorView::new(dtype, shape.clone(), data).unwrap()));
    let about: HashMap<String, String> = about
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    safetensors::serialize(views, Some(about)).unwrap()
}

fn read(content: &[u8]) -> Result<(Spec, Vec<f32>, Vec<String>)> {
    let hints = Hints {
        layers: Vec::new(),
        window: 1,
    };
    let foreign = state_dict::read(content, &hints)?;
    let spec = foreign.spec(Read::EveryStep, false)?;
    Ok((spec, foreign.params(&spec), foreign.notes))
}

fn complaint(content: &[u8]) -> String {
    read(content).unwrap_err().to_string()
}

fn bare() -> Tensors {
    vec![
        ("rnn.weight_ih_l0", vec![H, I]),
        ("rnn.weight_hh_l0", vec![H, H]),
        ("rnn.bias_ih_l0", vec![H]),
        ("rnn.bias_hh_l0", vec![H]),
    ]
}

#[test]
fn every_type_of_float_gives_the_same_net() {
    let mut tensors = bare();
    tensors.push(("fc.weight", vec![O, H]));
    let of = |dtype| read(&file(&tensors, dtype, &[], 0.0)).unwrap();
    let expected = of(Dtype::F32);
    for dtype in [Dtype::F64, Dtype::F16, Dtype::BF16] {
        let found = of(dtype);
        assert_eq!(
            (found.0, &found.1, &found.2),
            (expected.0, &expected.1, &Vec::new()),
            "{dtype:?}"
        );
    }
    let notes = read(&file(&tensors, Dtype::F64, &[], 1e-12)).unwrap().2;
    assert!(
        notes[0].ends_with("numbers in double precision were rounded to single"),
        "{notes:?}"
    );
    let text = file(&bare(), Dtype::I32, &[], 0.0);
    assert!(complaint(&text).contains("is I32; save the net as float32"));
}

#[test]
fn tied_weights_are_read_where_they_are_stored() {
    let mut tensors = bare();
    tensors.extend([("decoder.weight", vec![O, H]), ("decoder.bias", vec![O])]);
    let tied = file(
        &tensors,
        Dtype::F32,
        &[("encoder.weight", "decoder.weight"), ("format", "pt")],
        0.0,
    );
    let (spec, params, notes) = read(&tied).unwrap();
    assert!(matches!(spec.input, Input::Tokens { .. }));
    assert_eq!(spec.output_width(), O);
    assert_eq!(
        notes,
        ["encoder.weight is tied to decoder.weight, and is read from there"]
    );
    let table = numbers(&[O, H], "decoder.weight".len());
    assert!(
        params
            .iter()
            .zip(&table)
            .all(|(&found, &stored)| f64::from(found) == stored)
    );
}

#[test]
fn a_table_is_found_by_its_shape_if_its_name_does_not_say() {
    let of = |table: &'static str, shape: Vec<usize>, head: &'static str, rows: usize| {
        let mut tensors = bare();
        tensors[0].1[1] = shape[1];
        tensors.extend([(table, shape), (head, vec![rows, H])]);
        read(&file(&tensors, Dtype::F32, &[], 0.0))
    };
    let (spec, ..) = of("lookup.weight", vec![9, 5], "out.weight", 2).unwrap();
    assert!(matches!(spec.input, Input::Tokens { .. }) && spec.output_width() == 2);
    let (spec, ..) = of("encoder.weight", vec![9, H], "decoder.weight", 4).unwrap();
    assert!(matches!(spec.input, Input::Tokens { .. }) && spec.output_width() == 4);
    let unclear = of("a.weight", vec![9, H], "b.weight", 4)
        .unwrap_err()
        .to_string();
    assert!(
        unclear.contains("a.weight or b.weight is the embedding table"),
        "{unclear}"
    );
}

#[test]
fn a_cell_is_a_net_of_one_layer() {
    let cell: Tensors = bare()
        .into_iter()
        .map(|(name, shape)| (name.strip_suffix("_l0").unwrap(), shape))
        .collect();
    let names: Vec<String> = cell.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names[0], "rnn.weight_ih");
    let spec = read(&file(&cell, Dtype::F32, &[], 0.0)).unwrap().0;
    assert_eq!(spec, read(&file(&bare(), Dtype::F32, &[], 0.0)).unwrap().0);
    let mut both = cell;
    both.extend(bare());
    assert!(
        complaint(&file(&both, Dtype::F32, &[], 0.0))
            .starts_with("two nets, rnn.weight_ih_l0 and rnn.weight_ih")
    );
}
