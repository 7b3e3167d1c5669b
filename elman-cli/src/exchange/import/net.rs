//! A net as other frameworks hold it, and how it becomes one of ours. Matrices are `[out][in]`, as in PyTorch and ONNX.

use elman_core::{
    Cell, Channel, Channels, Direction, Dropout, Head, HeadKind, InitialState, Input, Layer,
    Layers, Place, Read, Spec, TensorKind,
};

use crate::base::failure::{Failure, Result};

/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub numbers: Vec<f32>,
}

impl Matrix {
    /// Puts every block of columns where `places` says, counted in blocks of a matrix that has `blocks` of them; what is
    /// left is zero.
    ///
    /// # Errors
    /// The columns are no such blocks, or too many.
    pub fn spread(&self, places: &[usize], blocks: usize) -> Result<Self> {
        let width = self.columns / places.len().max(1);
        let columns = width.checked_mul(blocks).filter(|columns| {
            width * places.len() == self.columns && columns.checked_mul(self.rows).is_some()
        });
        let columns = columns.ok_or_else(|| Failure::input("a matrix does not fit its layer"))?;
        let mut numbers = vec![0.0; self.rows * columns];
        for row in 0..self.rows {
            for (block, &place) in places.iter().enumerate() {
                let from = row * self.columns + block * width;
                let to = row * columns + place * width;
                numbers[to..to + width].copy_from_slice(&self.numbers[from..from + width]);
            }
        }
        Ok(Self {
            rows: self.rows,
            columns,
            numbers,
        })
    }

    /// The matrix that changes nothing.
    pub fn identity(size: usize) -> Self {
        let numbers = (0..size).flat_map(|row| (0..size).map(move |column| row == column));
        Self {
            rows: size,
            columns: size,
            numbers: numbers.map(|one| f32::from(u8::from(one))).collect(),
        }
    }

    /// As core wants it, `[in][out]`.
    fn transposed(&self) -> Vec<f32> {
        let column =
            |column| (0..self.rows).map(move |row| self.numbers[row * self.columns + column]);
        (0..self.columns).flat_map(column).collect()
    }
}

/// The weights of one direction of a layer; G gates lie in PyTorch's order.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionWeights {
    /// (G·H, I)
    pub input: Matrix,
    /// (G·H, H)
    pub recurrent: Matrix,
    /// (biases·H), both biases in one, as core has them.
    pub bias: Vec<f32>,
    /// Where the states start: h, and c of an LSTM.
    pub initial: [Start; 2],
}

/// (H), where a state starts if not at zero.
pub type Start = Option<Vec<f32>>;

/// A layer; at least one direction is there.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignLayer {
    pub cell: Cell,
    pub forward: Option<DirectionWeights>,
    pub reverse: Option<DirectionWeights>,
}

impl ForeignLayer {
    /// Hidden units per direction.
    pub fn hidden(&self) -> usize {
        let weights = self.forward.as_ref().or(self.reverse.as_ref());
        weights.map_or(0, |weights| weights.recurrent.columns)
    }

    /// Blocks of hidden units in a row: core has no layer that runs in reverse only, so that one gets a forward direction of zeros.
    pub const fn blocks(&self) -> usize {
        if self.reverse.is_some() { 2 } else { 1 }
    }
}

/// What a step reads.
#[derive(Clone, Debug, PartialEq)]
pub enum ForeignInput {
    Dense {
        width: usize,
    },
    /// Tables (ids, width).
    Tokens {
        tables: Vec<Matrix>,
        window: usize,
    },
}

/// The map behind the top layer, whose rows it reads whole: (O, width of the layer).
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignHead {
    pub weights: Matrix,
    pub bias: Vec<f32>,
}

/// A whole net.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    pub input: ForeignInput,
    pub layers: Vec<ForeignLayer>,
    pub head: Option<ForeignHead>,
    /// Whether the file itself says that a softmax follows.
    pub softmax: bool,
    /// At which steps the head reads; `None`: the file does not say.
    pub read: Option<Read>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Foreign {
    /// Its shape; ids outside the sequence read a padding row, which is added to every table.
    ///
    /// # Errors
    /// Sizes that core does not know, or that do not fit each other.
    pub fn spec(&self, read: Read, softmax: bool) -> Result<Spec> {
        let layers: Vec<Layer> = self
            .layers
            .iter()
            .map(|layer| Layer {
                hidden: layer.hidden(),
                direction: match layer.blocks() {
                    2 => Direction::Both,
                    _ => Direction::Forward,
                },
                cell: layer.cell,
            })
            .collect();
        let spec = Spec {
            input: self.input.of_core().map_err(unknown_size)?,
            layers: Layers::from_slice(&layers).map_err(unknown_size)?,
            initial_state: if self.starts().any(Option::is_some) {
                InitialState::Trained
            } else {
                InitialState::Zero
            },
            head: Head {
                kind: match &self.head {
                    None => HeadKind::None,
                    Some(head) if softmax => HeadKind::Softmax {
                        outputs: head.weights.rows,
                    },
                    Some(head) => HeadKind::Linear {
                        outputs: head.weights.rows,
                    },
                },
                read,
            },
            dropout: Dropout::NONE,
        };
        spec.check().map_err(unknown_size)?;
        self.check(&spec)?;
        Ok(spec)
    }

    fn starts(&self) -> impl Iterator<Item = &Start> {
        let layers = self.layers.iter();
        let directions =
            layers.flat_map(|layer| [&layer.forward, &layer.reverse].into_iter().flatten());
        directions.flat_map(|weights| &weights.initial)
    }

    /// Whether every matrix has the size that its place asks for, and holds numbers.
    fn check(&self, spec: &Spec) -> Result<()> {
        for tensor in spec.tensors() {
            let (rows, columns) = (tensor.rows, tensor.columns);
            let found = self.source(tensor.kind);
            let (size, numbers) = match &found {
                TensorSource::Matrix(matrix) => {
                    ((matrix.columns, matrix.rows), &matrix.numbers[..])
                }
                TensorSource::Table(table) => ((table.rows + 1, table.columns), &table.numbers[..]),
                TensorSource::Vector(vector) => ((1, vector.len()), *vector),
                TensorSource::Zeros => ((rows, columns), &[][..]),
            };
            if size != (rows, columns) {
                let shape = |(rows, columns)| match tensor.is_transposed_in_pytorch() {
                    true => format!("{columns} x {rows}"),
                    false => format!("{rows} x {columns}"),
                };
                // So many more numbers as there are neighbours.
                let is_window = |step: usize| size.0 > rows && size.0.is_multiple_of(step.max(1));
                let hint = match (tensor.kind, spec.input) {
                    (
                        TensorKind::InputWeights(Place { layer: 0, .. }),
                        Input::Tokens { window, .. },
                    ) if is_window(rows / window) => {
                        "; if a step reads its neighbours too, say so by --like RUN, or by --spec with a window"
                    }
                    _ => "",
                };
                return Err(Failure::input(format!(
                    "{} must be {}, and is {}{hint}",
                    tensor.kind,
                    shape((rows, columns)),
                    shape(size)
                )));
            }
            if !numbers.iter().all(|x| x.is_finite()) {
                return Err(Failure::input(format!(
                    "{} holds a number that is not finite",
                    tensor.kind
                )));
            }
        }
        Ok(())
    }

    /// All parameters, as core wants them.
    pub fn params(&self, spec: &Spec) -> Vec<f32> {
        let mut params = vec![0.0; spec.params_len()];
        for tensor in spec.tensors() {
            let to = &mut params[tensor.range()];
            match self.source(tensor.kind) {
                TensorSource::Matrix(matrix) => to.copy_from_slice(&matrix.transposed()),
                TensorSource::Table(table) => {
                    to[..table.numbers.len()].copy_from_slice(&table.numbers)
                }
                TensorSource::Vector(vector) => to.copy_from_slice(vector),
                TensorSource::Zeros => {}
            }
        }
        params
    }

    fn direction(&self, place: Place) -> Option<&DirectionWeights> {
        let layer = self.layers.get(place.layer)?;
        match place.reverse {
            false => layer.forward.as_ref(),
            true => layer.reverse.as_ref(),
        }
    }

    fn start(&self, place: Place, state: usize) -> Option<TensorSource<'_>> {
        let initial = &self.direction(place)?.initial[state];
        initial.as_deref().map(TensorSource::Vector)
    }

    /// Where a tensor's numbers come from.
    fn source(&self, kind: TensorKind) -> TensorSource<'_> {
        let found = match kind {
            TensorKind::Embedding { channel } => match &self.input {
                ForeignInput::Dense { .. } => None,
                ForeignInput::Tokens { tables, .. } => tables.get(channel).map(TensorSource::Table),
            },
            TensorKind::InitialState(place) => self.start(place, 0),
            TensorKind::InitialCell(place) => self.start(place, 1),
            TensorKind::InputWeights(place) => self
                .direction(place)
                .map(|weights| TensorSource::Matrix(&weights.input)),
            TensorKind::RecurrentWeights(place) => self
                .direction(place)
                .map(|weights| TensorSource::Matrix(&weights.recurrent)),
            TensorKind::Bias(place) => self
                .direction(place)
                .map(|weights| TensorSource::Vector(&weights.bias)),
            TensorKind::HeadWeights => {
                let head = self.head.as_ref();
                head.map(|head| TensorSource::Matrix(&head.weights))
            }
            TensorKind::HeadBias => self
                .head
                .as_ref()
                .map(|head| TensorSource::Vector(&head.bias)),
        };
        found.unwrap_or(TensorSource::Zeros)
    }
}

/// The numbers of a tensor.
enum TensorSource<'a> {
    /// `[out][in]`
    Matrix(&'a Matrix),
    /// All rows but the padding row.
    Table(&'a Matrix),
    Vector(&'a [f32]),
    /// Of a direction that the layer does not have.
    Zeros,
}

impl ForeignInput {
    fn of_core(&self) -> Result<Input, elman_core::Error> {
        Ok(match self {
            Self::Dense { width } => Input::Dense { width: *width },
            Self::Tokens { tables, window } => {
                let channel = |table: &Matrix| Channel {
                    vocabulary: table.rows,
                    width: table.columns,
                };
                let channels: Vec<Channel> = tables.iter().map(channel).collect();
                Input::Tokens {
                    channels: Channels::from_slice(&channels)?,
                    window: *window,
                }
            }
        })
    }
}

/// Sizes come from the file, so the file is to blame.
fn unknown_size(error: elman_core::Error) -> Failure {
    Failure::input(format!("no net that elman can run: {error}"))
}

/// A net that fits core; what its numbers mean is not known yet.
pub struct Net {
    pub spec: Spec,
    pub params: Vec<f32>,
    /// Whether the file says at which steps the head reads.
    pub knows_read: bool,
    pub notes: Vec<String>,
}

/// A spec that makes no net is the file's fault.
pub fn blame_file(failure: Failure) -> Failure {
    match failure {
        Failure::Run(sentence) => Failure::Input(sentence),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_go_where_they_belong() {
        let matrix = Matrix {
            rows: 2,
            columns: 2,
            numbers: vec![1.0, 2.0, 3.0, 4.0],
        };
        let swapped = matrix.spread(&[1, 0], 2).unwrap();
        assert_eq!(swapped.numbers, [2.0, 1.0, 4.0, 3.0]);
        let behind = matrix.spread(&[1], 2).unwrap();
        assert_eq!(behind.numbers, [0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 3.0, 4.0]);
        assert!(matrix.spread(&[0, 1, 2], 3).is_err());
    }
}
