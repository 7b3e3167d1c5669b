//! Constants of a graph as numbers.

use super::Tensor;
use super::data_type::{FLOAT, INT32, INT64};
use crate::base::failure::{Failure, Result};

/// More dimensions have no meaning for a net.
const MAX_RANK: usize = 8;

/// A constant tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    pub dims: Vec<usize>,
    pub numbers: Numbers,
}

/// Its numbers, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    Floats(Vec<f32>),
    Ints(Vec<i64>),
}

impl Constant {
    /// A tensor of a file.
    ///
    /// # Errors
    /// A type that no net of ours has, numbers in another file, or too few or many of them.
    pub fn read(tensor: &Tensor) -> Result<Self> {
        let complain = |what: &str| {
            Err(Failure::input(format!(
                "the tensor {}: {what}",
                tensor.name
            )))
        };
        if tensor.data_location != 0 {
            return complain(
                "data_location: its numbers lie in another file; save the model as one file",
            );
        }
        let raw = &tensor.raw_data[..];
        let is_raw = !raw.is_empty();
        let numbers = match tensor.data_type {
            FLOAT if is_raw => Numbers::Floats(words(raw, f32::from_le_bytes)),
            FLOAT => Numbers::Floats(tensor.float_data.clone()),
            INT32 if is_raw => {
                let small = words(raw, i32::from_le_bytes).into_iter();
                Numbers::Ints(small.map(i64::from).collect())
            }
            INT32 => Numbers::Ints(tensor.int32_data.iter().copied().map(i64::from).collect()),
            INT64 if is_raw => Numbers::Ints(words(raw, i64::from_le_bytes)),
            INT64 => Numbers::Ints(tensor.int64_data.clone()),
            other => {
                return complain(&format!(
                    "data_type {other}: only float32, int32 and int64 are read; save the model in float32"
                ));
            }
        };
        if tensor.dims.len() > MAX_RANK {
            return complain(&format!("more than {MAX_RANK} dims"));
        }
        let dims: Option<Vec<usize>> = tensor
            .dims
            .iter()
            .map(|&dim| usize::try_from(dim).ok())
            .collect();
        let dims = dims.filter(|dims| product(dims) == Some(numbers.len()));
        match dims {
            Some(dims) => Ok(Self { dims, numbers }),
            None => complain(&format!(
                "dims {:?} do not fit its {} numbers",
                tensor.dims,
                numbers.len()
            )),
        }
    }

    /// A scalar.
    pub fn scalar(number: f32) -> Self {
        Self {
            dims: Vec::new(),
            numbers: Numbers::Floats(vec![number]),
        }
    }

    /// The numbers, if they are no whole numbers.
    pub fn floats(&self) -> Option<&[f32]> {
        match &self.numbers {
            Numbers::Floats(floats) => Some(floats),
            Numbers::Ints(_) => None,
        }
    }

    /// The numbers, if they are whole.
    pub fn ints(&self) -> Option<&[i64]> {
        match &self.numbers {
            Numbers::Floats(_) => None,
            Numbers::Ints(ints) => Some(ints),
        }
    }

    /// The one number that all of them are.
    pub fn uniform(&self) -> Option<f32> {
        let floats = self.floats()?;
        let first = *floats.first()?;
        floats.iter().all(|x| *x == first).then_some(first)
    }

    /// Rows and columns exchanged; `None` for what is no matrix.
    pub fn transposed(&self) -> Option<Self> {
        let (&[rows, columns], Some(floats)) = (&self.dims[..], self.floats()) else {
            return None;
        };
        let turned = (0..columns)
            .flat_map(|column| (0..rows).map(move |row| floats[row * columns + column]));
        Some(Self {
            dims: vec![columns, rows],
            numbers: Numbers::Floats(turned.collect()),
        })
    }

    /// The same numbers in another shape.
    pub fn reshaped(&self, dims: Vec<usize>) -> Option<Self> {
        (product(&dims) == Some(self.numbers.len())).then(|| Self {
            dims,
            numbers: self.numbers.clone(),
        })
    }

    /// Constants of numbers behind each other along an axis.
    pub fn joined(parts: &[&Self], axis: usize) -> Option<Self> {
        let first = parts.first()?;
        let (before, after) = (first.dims.get(..axis)?, first.dims.get(axis + 1..)?);
        let fits = |part: &&Self| {
            part.dims.get(..axis) == Some(before) && part.dims.get(axis + 1..) == Some(after)
        };
        if !parts.iter().all(fits) {
            return None;
        }
        let (outer, inner) = (product(before)?, product(after)?);
        let mut floats = Vec::new();
        for row in 0..outer {
            for part in parts {
                let width = part.dims[axis] * inner;
                floats.extend_from_slice(part.floats()?.get(row * width..(row + 1) * width)?);
            }
        }
        let mut dims = first.dims.clone();
        dims[axis] = parts.iter().map(|part| part.dims[axis]).sum();
        Some(Self {
            dims,
            numbers: Numbers::Floats(floats),
        })
    }
}

impl Numbers {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Floats(floats) => floats.len(),
            Self::Ints(ints) => ints.len(),
        }
    }
}

/// Bytes as numbers; a number that is cut short counts as none at all, which the caller sees.
fn words<T, const N: usize>(raw: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
    match raw.as_chunks::<N>() {
        (words, []) => words.iter().map(|&word| from(word)).collect(),
        _ => Vec::new(),
    }
}

fn product(dims: &[usize]) -> Option<usize> {
    dims.iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_must_fit_the_numbers() {
        let good = Tensor::floats("w", &[2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let matrix = Constant::read(&good).unwrap();
        assert_eq!(
            matrix.transposed().unwrap().floats().unwrap(),
            [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
        );
        let wrong = |change: &dyn Fn(&mut Tensor)| {
            let mut tensor = good.clone();
            change(&mut tensor);
            Constant::read(&tensor).unwrap_err().to_string()
        };
        assert!(wrong(&|t| t.dims = vec![i64::MAX, i64::MAX]).contains("dims"));
        assert!(wrong(&|t| t.dims = vec![-2, -3]).contains("dims [-2, -3]"));
        assert!(wrong(&|t| t.raw_data = vec![0; 23].into()).contains("dims"));
        assert!(wrong(&|t| t.data_type = 10).contains("data_type 10"));
        assert!(wrong(&|t| t.data_location = 1).contains("data_location"));
    }

    #[test]
    fn constants_are_joined_along_any_axis() {
        let constant = |dims: &[usize], floats: &[f32]| Constant {
            dims: dims.to_vec(),
            numbers: Numbers::Floats(floats.to_vec()),
        };
        let (a, b) = (
            constant(&[2, 1], &[1.0, 2.0]),
            constant(&[2, 2], &[3.0, 4.0, 5.0, 6.0]),
        );
        let joined = Constant::joined(&[&a, &b], 1).unwrap();
        assert_eq!(joined, constant(&[2, 3], &[1.0, 3.0, 4.0, 2.0, 5.0, 6.0]));
        assert_eq!(Constant::joined(&[&a, &b], 0), None);
    }
}
