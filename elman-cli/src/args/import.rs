//! `elman import`: what may be typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use elman_core::Read;

use crate::net::cell::ActivationName;
use crate::task::classify::Unit;

/// The task in the configuration of an imported run: there is nothing to go on with.
pub const IMPORTED: &str = "import";

/// What an imported net is for.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportTask {
    /// A class for every sequence, read at the last step
    Classify,
    /// A label for every step
    Label,
    /// Numbers in, numbers out: what the head or the hidden units say, at every step or the last
    Values,
}

/// At which steps the head reads.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadName {
    EveryStep,
    LastStep,
}

impl From<ReadName> for Read {
    fn from(name: ReadName) -> Self {
        match name {
            ReadName::EveryStep => Self::EveryStep,
            ReadName::LastStep => Self::LastStep,
        }
    }
}

/// Make a run of a net that was trained elsewhere: PyTorch's state_dict, or ONNX
#[derive(Args, Debug)]
#[command(after_help = "\
F is a state_dict that safetensors.torch.save_file wrote, or an ONNX file. Of a state_dict these names are understood, behind any
prefix: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ..._reverse of torch.nn.RNN, GRU or LSTM, told apart by their shapes (the
two biases become one), NAME.weight and NAME.bias of one torch.nn.Linear, NAME.weight of an Embedding that has emb in its name. Of an
ONNX file: RNN, GRU (linear_before_reset 1) and LSTM, one after the other, behind a Gather of embeddings and before one MatMul or Gemm
and a Softmax.

The run that comes out works with inspect, predict, eval, quantize and export. It reads numbers as they are, unless --mean and
--deviation say how the training scaled them.

Examples:
  elman import moves.safetensors --task classify --labels up,down -o runs/moves
  elman import moves.onnx --task classify --labels up,down --columns ax,ay,az
  elman import tagger.safetensors --task label --labels O,B-PER,I-PER \\
      --vocabulary words.txt
  elman import hidden.safetensors --activation relu     (prints hidden units)
  elman import tuned.safetensors --like runs/names      (trained on in PyTorch)
  elman export runs/moves --format c -o moves.c         (on to the chip)")]
pub struct ImportArgs {
    /// The file
    #[arg(value_name = "F")]
    pub file: PathBuf,
    /// Folder for the run; must be new or empty [default: the next free runs/import-N]
    #[arg(short, long, value_name = "RUN")]
    pub out: Option<PathBuf>,
    /// What the net is for [default: classify or label where --labels are given, by the steps it is read at; else values]
    #[arg(long, value_name = "TASK")]
    pub task: Option<ImportTask>,
    /// What the outputs are called, in their order [default: 0,1,2,...; of values y1,y2,...]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub labels: Option<Vec<String>>,
    /// What the numbers of a step are called in your data [default: x1,x2,...]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub columns: Option<Vec<String>>,
    /// What was subtracted from every column in training [default: 0]
    #[arg(
        long,
        value_name = "X,...",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub mean: Option<Vec<f64>>,
    /// What every column was then divided by [default: 1]
    #[arg(long, value_name = "X,...", value_delimiter = ',')]
    pub deviation: Option<Vec<f64>>,
    /// Of nets that read tokens: a token per line, in the order of the ids
    #[arg(long, value_name = "FILE")]
    pub vocabulary: Option<PathBuf>,
    /// The token that stands for unknown ones
    #[arg(
        long,
        value_name = "TOKEN",
        requires = "vocabulary",
        help = "The token that stands for unknown ones [default: <unk>, [UNK] or UNK if there is one; else they read zeros]"
    )]
    pub unknown: Option<String>,
    /// What a token of a text is [default: chars where all tokens are single characters, else words]
    #[arg(long, value_name = "UNIT", requires = "vocabulary")]
    pub tokens: Option<Unit>,
    /// Of a state_dict: at which steps the head reads [default: last-step for classify, else every-step]
    #[arg(long, value_name = "STEPS")]
    pub read: Option<ReadName>,
    /// Of a state_dict of torch.nn.RNN: what the hidden units compute [default: tanh]
    #[arg(long, value_name = "NAME")]
    pub activation: Option<ActivationName>,
    /// Of a state_dict: the whole shape as JSON, or a file of it, as it stands in the metadata of model.safetensors; the
    /// tensors must fit it
    #[arg(long, value_name = "JSON", conflicts_with_all = ["activation", "read"])]
    pub spec: Option<String>,
    /// The file was made from this run's model, and means the same
    #[arg(long, value_name = "RUN", conflicts_with_all = ["task", "labels", "columns", "mean", "deviation", "vocabulary",
        "unknown", "tokens", "read", "activation", "spec"])]
    pub like: Option<PathBuf>,
    /// Print what was found as one JSON object
    #[arg(long)]
    pub json: bool,
}
