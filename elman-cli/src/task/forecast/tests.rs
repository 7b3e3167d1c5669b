//! Series that grow, gaps, and what predictions must have in common with evaluations.

use std::path::Path;

use super::task::load_for_test;

fn write(folder: &Path, rows: impl Iterator<Item = String>) -> std::path::PathBuf {
    let path = folder.join("series.csv");
    let text: String = std::iter::once("t,y\n".to_owned()).chain(rows).collect();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_growing_series_is_expected_right_outside_of_training() {
    let home = tempfile::tempdir().unwrap();
    let path = write(
        home.path(),
        (1..=1000).map(|x: u64| format!("{x},{}\n", x * x)),
    );
    let task = load_for_test(&path, "y").unwrap();
    let meaning = &crate::train::task::Task::data(&task).meaning;
    let mut history = meaning.history();
    for x in 1..=2000 {
        history.push(&[f64::from(x * x)]);
    }
    for x in [50usize, 1000, 2000] {
        let expected = meaning.expect(&history, x - 1, &mut Vec::new());
        let next = ((x + 1) * (x + 1)) as f64;
        // Even if the net is as wrong as it can be by ten of its units.
        for output in [-10.0, 10.0] {
            let value = meaning.value(expected, output);
            assert!((value - next).abs() < 0.5, "{x}: {value}");
        }
    }
}

#[test]
fn nothing_is_learnt_from_gaps() {
    let home = tempfile::tempdir().unwrap();
    let wave = |x: u64| (x as f64 * 0.7).sin();
    let row = |x: u64| match x % 10 {
        3 => format!("{x},\n"),
        _ => format!("{x},{}\n", wave(x)),
    };
    let task = load_for_test(&write(home.path(), (0..200).map(row)), "y").unwrap();
    let train = crate::train::task::Task::train(&task);
    let crate::data::Targets::Numbers { numbers, .. } = train.targets() else {
        panic!("forecasts are numbers");
    };
    assert!(numbers.iter().any(|goal| !goal.is_nan()));
    let inputs = (0..train.rows()).flat_map(|row| train.numbers(row));
    assert!(inputs.into_iter().all(|input| input.is_finite()));
}

#[test]
fn complaints_say_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let path = write(home.path(), (0..5).map(|x| format!("{x},{x}\n")));
    let complaint = load_for_test(&path, "y").unwrap_err().to_string();
    assert!(complaint.contains("too short"), "{complaint}");
    let complaint = load_for_test(&path, "z").unwrap_err().to_string();
    assert!(complaint.contains("there is no column z"), "{complaint}");
    let path = write(home.path(), (0..5).map(|x| format!("{x},\n")));
    let complaint = load_for_test(&path, "y").unwrap_err().to_string();
    assert!(
        complaint.ends_with("the column y holds no value"),
        "{complaint}"
    );
}
