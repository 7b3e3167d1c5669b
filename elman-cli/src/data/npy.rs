//! NumPy arrays: one `.npy` of values, or an `.npz` of values `x` and labels `y`.
//!
//! An array (T) or (N, T) or (N, T, F) is N sequences of T steps of F values; `y` has a label per sequence (N) or per
//! step (N, T), as numbers or strings. Rows of nothing but NaN at the end of a sequence are padding and are cut off.
//! The header is read here: the crates that do it bring a whole parser generator for one line of text.

use std::collections::VecDeque;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::ZipArchive;

use super::npy_array::{Array, Values};
use super::table::{Block, Blocks, Labels, Wanted, choose};
use crate::base::tell::tell;

/// Names that the values and the labels go by in an archive.
const VALUES: [&str; 8] = [
    "x", "X", "X_train", "x_train", "X_test", "x_test", "data", "arr_0",
];
const LABELS: [&str; 7] = ["y", "Y", "y_train", "y_test", "labels", "label", "arr_1"];

/// The sequences of a file; arrays come as a whole.
pub struct Arrays {
    columns: Vec<String>,
    blocks: VecDeque<Block>,
}

impl Arrays {
    /// Reads an array without labels.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_npy(reader: impl Read, wanted: &Wanted) -> Result<Self, String> {
        if wanted.needs_labels {
            return Err("an .npy file holds no labels; save values and labels as numpy.savez(FILE, x=…, y=…)".to_owned());
        }
        Self::new(Array::read(reader)?, None, wanted)
    }

    /// Reads an archive; `path` is what a note names.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_npz(file: impl Read + Seek, path: &Path, wanted: &Wanted) -> Result<Self, String> {
        let mut archive =
            ZipArchive::new(file).map_err(|error| format!("a damaged archive: {error}"))?;
        let has = |name: &str| archive.index_for_name(name).is_some();
        if ["X", "x"]
            .iter()
            .any(|x| has(&format!("{x}_train.npy")) && has(&format!("{x}_test.npy")))
        {
            tell!(
                "elman: {}: note: the arrays for training are read; save those for testing to a file of their own",
                path.display()
            );
        }
        let Some(values) = member(&mut archive, &VALUES)? else {
            let names = archive.file_names().filter_map(Result::ok);
            let names: Vec<_> = names.map(|name| name.into_owned()).collect();
            return Err(format!(
                "the archive has no array x of values; it holds {}",
                names.join(", ")
            ));
        };
        let labels = member(&mut archive, &LABELS)?;
        if wanted.needs_labels && labels.is_none() {
            return Err("the archive has no array y of labels".to_owned());
        }
        Self::new(values, labels, wanted)
    }

    fn new(values: Array, labels: Option<Array>, wanted: &Wanted) -> Result<Self, String> {
        let (sequences, steps, features) = match values.shape[..] {
            [steps] => (1, steps, 1),
            [sequences, steps] => (sequences, steps, 1),
            [sequences, steps, features] => (sequences, steps, features),
            _ => {
                return Err(format!(
                    "an array of shape {}; sequences come as (sequences, steps, values)",
                    values.shape_text()
                ));
            }
        };
        let Values::Numbers(numbers) = &values.values else {
            return Err("the array of values holds text".to_owned());
        };
        let names: Vec<String> = (1..=features).map(|i| format!("x{i}")).collect();
        let chosen = choose(&names, wanted)?;
        let labels = labels
            .map(|labels| per_sequence(&labels, sequences, steps))
            .transpose()?;
        let mut blocks = VecDeque::new();
        for (sequence, values) in numbers.chunks_exact(steps * features).enumerate() {
            let mut block = cut_padding(values, features, &chosen);
            if block.rows == 0 {
                return Err(format!("sequence {} has no values", sequence + 1));
            }
            block.line = sequence + 1;
            if let Some(labels) = &labels {
                let of_steps = &labels[sequence];
                for row in 0..block.rows {
                    block
                        .labels
                        .push(row, &of_steps[row.min(of_steps.len() - 1)]);
                }
                let is_empty = matches!(&block.labels, Labels::Same(label) if label.is_empty());
                if is_empty && wanted.needs_labels {
                    return Err(format!("sequence {} has an empty label", sequence + 1));
                }
            }
            blocks.push_back(block);
        }
        let columns = chosen.iter().map(|&column| names[column].clone()).collect();
        Ok(Self { columns, blocks })
    }
}

impl Blocks for Arrays {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn left_out(&self) -> &[String] {
        &[]
    }

    fn is_array(&self) -> bool {
        true
    }

    fn next_block(&mut self) -> crate::base::failure::Result<Option<Block>> {
        Ok(self.blocks.pop_front())
    }
}

/// One array of an archive, by the first name that fits.
fn member(
    archive: &mut ZipArchive<impl Read + Seek>,
    names: &[&str],
) -> Result<Option<Array>, String> {
    for name in names {
        let file = format!("{name}.npy");
        let Some(index) = archive.index_for_name(&file) else {
            continue;
        };
        let member = archive
            .by_index(index)
            .map_err(|error| format!("{name}: {error}"))?;
        let array =
            Array::read(BufReader::new(member)).map_err(|what| format!("{name}: {what}"))?;
        return Ok(Some(array));
    }
    Ok(None)
}

/// For each sequence one label, or one per step.
fn per_sequence(
    labels: &Array,
    sequences: usize,
    steps: usize,
) -> Result<Vec<Vec<String>>, String> {
    let texts = labels.to_text();
    let each = match texts.len() {
        len if len == sequences => 1,
        len if len == sequences.saturating_mul(steps) => steps,
        _ => {
            return Err(format!(
                "y has shape {}; labels come as ({sequences},) or ({sequences}, {steps})",
                labels.shape_text()
            ));
        }
    };
    Ok(texts.chunks_exact(each).map(<[String]>::to_vec).collect())
}

/// The rows of one sequence up to the last that holds a value.
fn cut_padding(values: &[f64], features: usize, chosen: &[usize]) -> Block {
    let rows = values.chunks_exact(features);
    let len = rows
        .clone()
        .rposition(|row| row.iter().any(|value| !value.is_nan()))
        .map_or(0, |last| last + 1);
    let values = rows
        .take(len)
        .flat_map(|row| chosen.iter().map(|&column| row[column]));
    Block {
        values: values.collect(),
        rows: len,
        ..Block::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::npy_array::tests::{npy, npy_text};
    use super::*;
    use proptest::prelude::*;
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;

    fn npz(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn labelled() -> Wanted {
        Wanted {
            needs_labels: true,
            ..Wanted::default()
        }
    }

    fn blocks(bytes: &[u8], wanted: &Wanted) -> Result<Vec<Block>, String> {
        Arrays::from_npz(Cursor::new(bytes), Path::new("f"), wanted)
            .map(|arrays| arrays.blocks.into())
    }

    #[test]
    fn values_and_labels_of_an_archive() {
        let nan = f64::NAN;
        let values = npy(
            "(2, 3, 2)",
            &[1., 2., 3., nan, nan, nan, 7., 8., 9., 10., 11., 12.],
        );
        let archive = |y| npz(&[("x.npy", values.clone()), ("y.npy", y)]);
        let found = blocks(&archive(npy_text("(2,)", &["é", "b"])), &labelled()).unwrap();
        assert_eq!((found[0].rows, found[1].rows), (2, 3));
        assert_eq!(found[1].row(2, 2), [11.0, 12.0]);
        assert_eq!(found[0].labels, Labels::Same("é".into()));
        let found = blocks(
            &archive(npy("(2, 3)", &[1., 2., 2., 0., 0., 5.])),
            &labelled(),
        );
        let found = found.unwrap();
        assert_eq!(found[0].labels, Labels::Each(vec!["1".into(), "2".into()]));
        let one = Wanted {
            columns: Some(vec!["x2".into()]),
            ..Wanted::default()
        };
        let found = blocks(&archive(npy("(2,)", &[1., 2.])), &one).unwrap();
        assert_eq!(found[1].values, [8.0, 10.0, 12.0]);
    }

    #[test]
    fn arrays_go_by_many_names() {
        let x = npy("(2, 2)", &[1., 2., 3., 4.]);
        let y = npy("(2,)", &[1., 0.]);
        for [first, second] in [
            ["X_train.npy", "y_train.npy"],
            ["X_test.npy", "y_test.npy"],
            ["arr_0.npy", "arr_1.npy"],
        ] {
            let found = blocks(
                &npz(&[(first, x.clone()), (second, y.clone())]),
                &labelled(),
            )
            .unwrap();
            assert_eq!(found[1].labels, Labels::Same("0".into()), "{first}");
        }
    }

    #[test]
    fn complaints_say_what_is_expected() {
        let x = || npy("(2, 2)", &[1., 2., 3., 4.]);
        let complaint = |members: &[_]| blocks(&npz(members), &labelled()).unwrap_err();
        assert!(complaint(&[("z.npy", x())]).ends_with("it holds z.npy"));
        assert!(complaint(&[("x.npy", x())]).contains("no array y"));
        let three = npy("(3,)", &[1., 2., 3.]);
        assert!(complaint(&[("x.npy", x()), ("y.npy", three)]).contains("(2,) or (2, 2)"));
        assert!(Arrays::from_npy(&x()[..], &labelled()).is_err());
        let series = Arrays::from_npy(&npy("(3,)", &[1., 2., 3.])[..], &Wanted::default());
        assert_eq!(series.unwrap().blocks[0].rows, 3);
        let empty = npy("(1, 2)", &[f64::NAN, f64::NAN]);
        let complaint = Arrays::from_npy(&empty[..], &Wanted::default()).err();
        assert_eq!(complaint.unwrap(), "sequence 1 has no values");
    }

    proptest! {
        #[test]
        fn a_damaged_archive_is_an_error_or_a_value(byte in 0usize..600, change in 1u8.., cut in 0usize..600) {
            let mut archive = npz(&[
                ("x.npy", npy("(2, 2)", &[1., 2., 3., 4.])),
                ("y.npy", npy("(2,)", &[0., 1.])),
            ]);
            let _ = blocks(&archive[..cut.min(archive.len())], &labelled());
            let place = byte % archive.len();
            archive[place] ^= change;
            let _ = blocks(&archive, &labelled());
        }
    }
}
