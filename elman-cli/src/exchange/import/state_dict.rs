//! PyTorch: the `state_dict` of a module that holds one `torch.nn.RNN`, `GRU` or `LSTM`, perhaps behind an `nn.Embedding` and
//! before an `nn.Linear`, as `safetensors.torch.save_file` writes it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use clap::ValueEnum;
use elman_core::{Activation, Layer};
use safetensors::tensor::{Dtype, SafeTensors};

use super::net::{DirectionWeights, Foreign, ForeignHead, ForeignInput, ForeignLayer, Matrix};
use crate::base::failure::{Failure, Result};
use crate::net::cell::{self, CellName};

/// The modules that are read.
fn modules() -> String {
    let all = CellName::value_variants().iter();
    let names: Vec<&str> = all.filter_map(|name| name.names().torch).collect();
    names.join(", ")
}

/// What tensors do not tell.
#[derive(Clone, Debug)]
pub struct Hints {
    /// Activation and clip of every layer; of the layers beyond, the last's.
    pub layers: Vec<Layer>,
    /// Steps that a token net sees at once.
    pub window: usize,
}

/// The tensors of a file, and which of them have not been read yet.
struct StateDict<'a> {
    file: SafeTensors<'a>,
    unused: RefCell<BTreeSet<String>>,
}

/// Reads the net.
///
/// # Errors
/// Tensors that make no such net; the sentence names one.
pub fn read(content: &[u8], hints: &Hints) -> Result<Foreign> {
    let file = SafeTensors::deserialize(content).map_err(|error| {
        Failure::input(format!("no safetensors file, or a damaged one: {error}"))
    })?;
    let names = file.names().into_iter().map(str::to_owned).collect();
    let tensors = StateDict {
        file,
        unused: RefCell::new(names),
    };
    let prefix = tensors.prefix()?;
    let layers = tensors.layers(&prefix, hints)?;
    let tables = tensors.tables()?;
    let head = tensors.head()?;
    if let Some(name) = tensors.unused.borrow().first() {
        return Err(Failure::input(format!(
            "elman has no place for the tensor {name}: a net is embeddings (named …emb…), one of {}, and one Linear",
            modules()
        )));
    }
    let width = layers[0]
        .forward
        .as_ref()
        .map_or(0, |weights| weights.input.columns);
    Ok(Foreign {
        input: if tables.is_empty() {
            ForeignInput::Dense { width }
        } else {
            ForeignInput::Tokens {
                tables,
                window: hints.window,
            }
        },
        layers,
        head,
        softmax: false,
        read: None,
        notes: Vec::new(),
    })
}

impl StateDict<'_> {
    /// What stands before `weight_ih_l0`.
    fn prefix(&self) -> Result<String> {
        const FIRST: &str = "weight_ih_l0";
        let unused = self.unused.borrow();
        let mut found = unused.iter().filter_map(|name| name.strip_suffix(FIRST));
        match (found.next(), found.next()) {
            (Some(prefix), None) => Ok(prefix.to_owned()),
            (None, _) => Err(Failure::input(format!(
                "no tensor is called …{FIRST}: this is no state_dict with one of {}",
                modules()
            ))),
            (Some(one), Some(other)) => Err(Failure::input(format!(
                "two nets, {one}{FIRST} and {other}{FIRST}: save the state_dict of one"
            ))),
        }
    }

    /// The stacked layers.
    fn layers(&self, prefix: &str, hints: &Hints) -> Result<Vec<ForeignLayer>> {
        let mut layers: Vec<ForeignLayer> = Vec::new();
        while self.has(&format!("{prefix}weight_ih_l{}", layers.len())) {
            let number = layers.len();
            let cell = self.cell(prefix, &format!("_l{number}"))?;
            let direction = |end: &str| self.direction(prefix, &format!("_l{number}{end}"), cell);
            let is_both = self.has(&format!("{prefix}weight_ih_l{number}_reverse"));
            let hint = hints.layers.get(number).or(hints.layers.last());
            let hint = hint.copied().unwrap_or(Layer::tanh(0));
            let activation = cell::activation(&hint).unwrap_or(Activation::Tanh);
            let clip = hint.cell.limit().unwrap_or(f32::INFINITY);
            layers.push(ForeignLayer {
                cell: cell.cell(activation, clip),
                forward: Some(direction("")?),
                reverse: is_both.then(|| direction("_reverse")).transpose()?,
            });
        }
        Ok(layers)
    }

    /// The cell of a layer, by its gates.
    fn cell(&self, prefix: &str, end: &str) -> Result<CellName> {
        let projection = format!("{prefix}weight_hr{end}");
        if self.has(&projection) {
            return Err(Failure::input(format!(
                "the tensor {projection}: elman has no LSTM with projections (proj_size)"
            )));
        }
        let name = format!("{prefix}weight_hh{end}");
        let Matrix { rows, columns, .. } = self.matrix(&name)?;
        let gates = rows.checked_div(columns).filter(|_| rows % columns == 0);
        gates.and_then(cell::of_gates).ok_or_else(|| {
            Failure::input(format!(
                "{name} has {rows} rows of {columns}: this is none of {}",
                modules()
            ))
        })
    }

    fn direction(&self, prefix: &str, end: &str, cell: CellName) -> Result<DirectionWeights> {
        let name = format!("{prefix}weight_hh{end}");
        let recurrent = self.matrix(&name)?;
        let Matrix { rows, columns, .. } = recurrent;
        let facts = cell.cell(Activation::Tanh, f32::INFINITY).facts();
        if columns.checked_mul(facts.gates) != Some(rows) {
            return Err(Failure::input(format!(
                "{name} has {rows} rows of {columns}, and those of {} are {} times as many",
                cell.names().torch.unwrap_or_default(),
                facts.gates
            )));
        }
        // Nets made with bias=False have none.
        let bias = |which: &str| {
            let name = format!("{prefix}bias_{which}{end}");
            let is_there = self.has(&name);
            is_there.then(|| self.vector(&name, rows)).transpose()
        };
        let zeros = || vec![0.0; rows];
        let (first, second) = (bias("ih")?, bias("hh")?);
        let (first, second) = (first.unwrap_or_else(zeros), second.unwrap_or_else(zeros));
        Ok(DirectionWeights {
            input: self.matrix(&format!("{prefix}weight_ih{end}"))?,
            recurrent,
            bias: cell::fold_biases(&facts, &first, &second),
            initial: [None, None],
        })
    }

    /// Embedding tables, in the order of their names.
    fn tables(&self) -> Result<Vec<Matrix>> {
        let is_table =
            |name: &&String| name.to_lowercase().contains("emb") && name.ends_with("weight");
        let names: Vec<String> = self
            .unused
            .borrow()
            .iter()
            .filter(is_table)
            .cloned()
            .collect();
        names.iter().map(|name| self.matrix(name)).collect()
    }

    /// The one `nn.Linear`.
    fn head(&self) -> Result<Option<ForeignHead>> {
        let name = self
            .unused
            .borrow()
            .iter()
            .find(|name| name.ends_with("weight"))
            .cloned();
        let Some(name) = name else {
            return Ok(None);
        };
        let weights = self.matrix(&name)?;
        let stem = name.strip_suffix("weight").unwrap_or(&name);
        let bias = format!("{stem}bias");
        Ok(Some(ForeignHead {
            bias: if self.has(&bias) {
                self.vector(&bias, weights.rows)?
            } else {
                vec![0.0; weights.rows]
            },
            weights,
        }))
    }

    fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    fn matrix(&self, name: &str) -> Result<Matrix> {
        let (shape, numbers) = self.tensor(name)?;
        match shape[..] {
            [rows, columns] => Ok(Matrix {
                rows,
                columns,
                numbers,
            }),
            _ => Err(Failure::input(format!(
                "the tensor {name} must have two dimensions, and has the shape {shape:?}"
            ))),
        }
    }

    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>> {
        let (shape, numbers) = self.tensor(name)?;
        if shape == [len] {
            return Ok(numbers);
        }
        Err(Failure::input(format!(
            "the tensor {name} must have the shape [{len}], and has {shape:?}"
        )))
    }

    fn tensor(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let tensor = self
            .file
            .tensor(name)
            .map_err(|_| Failure::input(format!("the tensor {name} is missing")))?;
        self.unused.borrow_mut().remove(name);
        if tensor.dtype() != Dtype::F32 {
            return Err(Failure::input(format!(
                "the tensor {name} is {}; save the net as float32: net.float().state_dict()",
                tensor.dtype()
            )));
        }
        let words = tensor.data().as_chunks().0.iter();
        let numbers = words.map(|&word| f32::from_le_bytes(word)).collect();
        Ok((tensor.shape().to_vec(), numbers))
    }
}
