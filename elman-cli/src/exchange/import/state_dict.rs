//! PyTorch: the `state_dict` of a module that holds one `torch.nn.RNN`, `GRU` or `LSTM`, perhaps behind an `nn.Embedding` and
//! before an `nn.Linear`, as `safetensors.torch.save_file` writes it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use clap::ValueEnum;
use elman_core::{Activation, Layer};
use half::{bf16, f16};
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
    /// Names of tensors that are stored once for two, and the names that they are stored under.
    aliases: HashMap<String, String>,
    unused: RefCell<BTreeSet<String>>,
    /// Doubles that became other numbers.
    rounded: Cell<usize>,
}

/// Reads the net.
///
/// # Errors
/// Tensors that make no such net; the sentence names one.
pub fn read(content: &[u8], hints: &Hints) -> Result<Foreign> {
    let file = SafeTensors::deserialize(content).map_err(|error| {
        Failure::input(format!("no safetensors file, or a damaged one: {error}"))
    })?;
    let aliases = aliases(content, &file);
    let names = file.names().into_iter().map(str::to_owned);
    let names = names.chain(aliases.keys().cloned()).collect();
    let tensors = StateDict {
        file,
        aliases,
        unused: RefCell::new(names),
        rounded: Cell::new(0),
    };
    let layers = tensors.stack(hints)?;
    let (tables, head) = tensors.ends(&layers)?;
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
        notes: tensors.notes(),
    })
}

/// Tied weights: `safetensors.torch.save_model` stores one of two equal tensors, and names the other in the metadata.
fn aliases(content: &[u8], file: &SafeTensors<'_>) -> HashMap<String, String> {
    let about = SafeTensors::read_metadata(content).ok();
    let about = about.and_then(|(_, metadata)| metadata.metadata().clone());
    let is_alias =
        |(name, of): &(String, String)| file.tensor(name).is_err() && file.tensor(of).is_ok();
    about
        .unwrap_or_default()
        .into_iter()
        .filter(is_alias)
        .collect()
}

impl StateDict<'_> {
    /// The stacked layers of the one module, or the one layer of a cell.
    fn stack(&self, hints: &Hints) -> Result<Vec<ForeignLayer>> {
        let (prefix, is_cell) = self.prefix()?;
        if is_cell {
            return Ok(vec![self.layer(&prefix, 0, "", hints)?]);
        }
        let mut layers: Vec<ForeignLayer> = Vec::new();
        while self.has(&format!("{prefix}weight_ih_l{}", layers.len())) {
            let number = layers.len();
            layers.push(self.layer(&prefix, number, &format!("_l{number}"), hints)?);
        }
        Ok(layers)
    }

    /// What stands before `weight_ih_l0`, or before the `weight_ih` of an RNNCell, GRUCell or LSTMCell.
    fn prefix(&self) -> Result<(String, bool)> {
        const FIRST: &str = "weight_ih_l0";
        const CELL: &str = "weight_ih";
        let unused = self.unused.borrow();
        let find = |end| unused.iter().filter_map(move |name| name.strip_suffix(end));
        let found = find(FIRST).map(|prefix| (prefix, FIRST));
        let mut found = found.chain(find(CELL).map(|prefix| (prefix, CELL)));
        match (found.next(), found.next()) {
            (Some((prefix, end)), None) => Ok((prefix.to_owned(), end == CELL)),
            (None, _) => Err(Failure::input(format!(
                "no tensor is called …{FIRST}: this is no state_dict with one of {}",
                modules()
            ))),
            (Some((one, first)), Some((other, second))) => Err(Failure::input(format!(
                "two nets, {one}{first} and {other}{second}: save the state_dict of one"
            ))),
        }
    }

    /// One layer, whose names end in `end`.
    fn layer(&self, prefix: &str, number: usize, end: &str, hints: &Hints) -> Result<ForeignLayer> {
        let cell = self.cell(prefix, end)?;
        let reverse = format!("{end}_reverse");
        let is_both = self.has(&format!("{prefix}weight_ih{reverse}"));
        let hint = hints.layers.get(number).or(hints.layers.last());
        let hint = hint.copied().unwrap_or(Layer::tanh(0));
        let activation = cell::activation(&hint).unwrap_or(Activation::Tanh);
        let clip = hint.cell.limit().unwrap_or(f32::INFINITY);
        Ok(ForeignLayer {
            cell: cell.cell(activation, clip),
            forward: Some(self.direction(prefix, end, cell)?),
            reverse: is_both
                .then(|| self.direction(prefix, &reverse, cell))
                .transpose()?,
        })
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

    /// What stands on both ends of the layers: embedding tables, in the order of their names, and one `nn.Linear`.
    fn ends(&self, layers: &[ForeignLayer]) -> Result<(Vec<Matrix>, Option<ForeignHead>)> {
        let is_weight = |name: &&String| name.ends_with("weight");
        let all: Vec<String> = self
            .unused
            .borrow()
            .iter()
            .filter(is_weight)
            .cloned()
            .collect();
        let is_named = |name: &String| name.to_lowercase().contains("emb");
        let (mut tables, mut others): (Vec<String>, Vec<String>) =
            all.into_iter().partition(is_named);
        if tables.is_empty()
            && let Some(place) = self.unnamed_table(&others, layers)?
        {
            tables.push(others.remove(place));
        }
        let head = others.first().map(|name| self.head(name)).transpose()?;
        let tables = tables
            .iter()
            .map(|name| self.matrix(name))
            .collect::<Result<_>>()?;
        Ok((tables, head))
    }

    /// Which of two matrices is an embedding table although its name does not say so: it has no bias and is as wide as what
    /// the first layer reads, and the other is as wide as what the last layer says.
    fn unnamed_table(&self, names: &[String], layers: &[ForeignLayer]) -> Result<Option<usize>> {
        let [first, second] = names else {
            return Ok(None);
        };
        let width = |layer: &ForeignLayer, of: fn(&DirectionWeights) -> usize| {
            let directions = layer.forward.iter().chain(&layer.reverse);
            directions.map(of).collect::<Vec<_>>()
        };
        let inputs = layers.first().and_then(|layer| {
            width(layer, |weights| weights.input.columns)
                .first()
                .copied()
        });
        let outputs = layers.last().map(|layer| {
            width(layer, |weights| weights.recurrent.columns)
                .iter()
                .sum::<usize>()
        });
        let columns = |name: &str| self.shape(name).and_then(|shape| shape.get(1).copied());
        let is_table =
            |name: &str| !self.has(&bias_of(name)) && columns(name) == inputs && inputs.is_some();
        let is_head = |name: &str| columns(name) == outputs;
        let fits = [
            is_table(first) && is_head(second),
            is_table(second) && is_head(first),
        ];
        Ok(match fits {
            [false, false] => None,
            [is_first, is_second] if is_first != is_second => Some(usize::from(is_second)),
            // Both would do: their usual names decide.
            _ => match [first, second].map(|name| name.to_lowercase().contains("encoder")) {
                [true, false] => Some(0),
                [false, true] => Some(1),
                _ => {
                    return Err(Failure::input(format!(
                        "{first} or {second} is the embedding table, and both fit; put emb into its name"
                    )));
                }
            },
        })
    }

    fn head(&self, name: &str) -> Result<ForeignHead> {
        let weights = self.matrix(name)?;
        let bias = bias_of(name);
        Ok(ForeignHead {
            bias: if self.has(&bias) {
                self.vector(&bias, weights.rows)?
            } else {
                vec![0.0; weights.rows]
            },
            weights,
        })
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let tensor = self.file.tensor(self.stored(name)).ok()?;
        Some(tensor.shape().to_vec())
    }

    fn has(&self, name: &str) -> bool {
        self.file.tensor(self.stored(name)).is_ok()
    }

    /// The name under which a tensor is stored.
    fn stored<'b>(&'b self, name: &'b str) -> &'b str {
        self.aliases.get(name).map_or(name, String::as_str)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self
            .aliases
            .iter()
            .map(|(name, of)| format!("{name} is tied to {of}, and is read from there"))
            .collect();
        notes.sort();
        let rounded = self.rounded.get();
        if rounded > 0 {
            notes.push(format!(
                "{rounded} numbers in double precision were rounded to single"
            ));
        }
        notes
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
            .tensor(self.stored(name))
            .map_err(|_| Failure::input(format!("the tensor {name} is missing")))?;
        self.unused.borrow_mut().remove(name);
        let numbers = self.numbers(tensor.dtype(), tensor.data());
        let numbers = numbers.ok_or_else(|| {
            let found = tensor.dtype();
            Failure::input(format!(
                "the tensor {name} is {found}; save the net as float32: net.float().state_dict()"
            ))
        })?;
        Ok((tensor.shape().to_vec(), numbers))
    }

    /// Little-endian numbers as `f32`; none where their type is another.
    fn numbers(&self, dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
        let halves = || bytes.as_chunks().0.iter();
        Some(match dtype {
            Dtype::F32 => {
                let words = bytes.as_chunks().0.iter();
                words.map(|&word| f32::from_le_bytes(word)).collect()
            }
            Dtype::F16 => halves()
                .map(|&half| f16::from_le_bytes(half).to_f32())
                .collect(),
            Dtype::BF16 => halves()
                .map(|&half| bf16::from_le_bytes(half).to_f32())
                .collect(),
            Dtype::F64 => {
                let words = bytes.as_chunks().0.iter();
                let doubles = words.map(|&word| f64::from_le_bytes(word));
                let rounded = doubles
                    .clone()
                    .filter(|&double| !double.is_nan() && f64::from(double as f32) != double);
                self.rounded.set(self.rounded.get() + rounded.count());
                doubles.map(|double| double as f32).collect()
            }
            _ => return None,
        })
    }
}

/// The bias beside the weights of a module.
fn bias_of(weights: &str) -> String {
    let stem = weights.strip_suffix("weight").unwrap_or(weights);
    format!("{stem}bias")
}
