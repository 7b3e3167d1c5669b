//! `elman export`: what may be typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::base::typed::count;
use crate::data::{DataFile, Format};

/// What a net is exported as.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A Rust module of statics that needs elman-core and nothing else
    Rust,
    /// C99 that needs nothing at all: F and a header beside it
    C,
    /// A file that elman-core and its C interface read in place from flash
    Image,
    /// For ONNX Runtime and others that read ONNX; elman import reads it back
    Onnx,
}

/// Whose package manager a folder is for.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageKind {
    /// A library of the Arduino IDE, with a sketch
    Arduino,
    /// A library of PlatformIO, with a project
    Platformio,
    /// A component of ESP-IDF, with a project
    EspIdf,
    /// A module of Zephyr, with an application
    Zephyr,
    /// A pack of Open-CMSIS, with a solution
    Cmsis,
    /// A project of CMake, which tests itself
    Cmake,
}

/// Turn a trained net into files for a chip, with golden vectors that prove it there
#[derive(Args, Debug)]
#[command(after_help = "\
Every export holds golden vectors: inputs from your own data, and the outputs that must come out.
Its self-test runs them on the chip: every bit must be the same where multiply-adds are fused,
elsewhere outputs may be off by a small bound. The sizes, printed and in the head of the file, are
of weights and buffers; code comes on top (C: about a kilobyte). ONNX is for machines with a runtime,
and holds no golden vectors: batch and time are free, and the state goes in and out.

C and Rust of a streaming net that reads measurements take raw samples (NAME_feed): out come events
of classes and labels, forecasts and other numbers in the units of the data. With --int8 events need
no float at all; around numbers scales, sums and curves stay floats, and only the net is in whole
numbers. C and Rust of a float net that reads both ways scale a sequence in one call (NAME_scale_rows).

Examples:
  elman export runs/digits --format c -o digits.c    (and digits.h)
  elman export runs/digits --format rust -o src/digits.rs
  elman export runs/digits --format rust --int8 -o src/digits.rs
  elman export runs/digits --format c --int8 -o digits.c
  elman export runs/sun --format c --int8 -o sun.c          (forecasts by an int8 net)
  elman export runs/digits --format image -o digits.image --data test.csv
  elman export runs/digits --format image --int8 -o digits.image
  elman export runs/digits --format c -o digits.c --json | jq .flash_bytes
  elman export runs/digits --format onnx -o digits.onnx
  elman export runs/digits --format onnx --raw -o digits.onnx    (columns in, names out)
  elman export runs/digits --package arduino -o digits      (a folder: C, metadata, an example)
  elman export runs/digits --package zephyr --int8 -o modules/digits")]
pub struct ExportArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// What to write [of a package: c]
    #[arg(
        long,
        value_name = "FORMAT",
        required = false,
        required_unless_present = "package",
        default_value_if("package", clap::builder::ArgPredicate::IsPresent, "c")
    )]
    pub format: ExportFormat,
    /// C in a folder that a package manager takes as it is, named after the folder, with an example
    #[arg(long, value_name = "KIND")]
    pub package: Option<PackageKind>,
    /// Where to write it
    #[arg(short, long, value_name = "F")]
    pub out: PathBuf,
    /// Labelled data for the golden vectors, in the format of the training data [default: the run's validation data]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Format of the data: csv, ts, tsf, ucr, npy, npz, conll, pairs or text [default: found by content]
    #[arg(
        long,
        value_name = "FORMAT",
        requires = "data",
        hide_possible_values = true
    )]
    pub data_format: Option<Format>,
    /// The classes of the sentences, where they have a file of their own
    #[arg(long, value_name = "FILE", requires = "data")]
    pub classes: Option<PathBuf>,
    /// Steps of golden vectors, of the first sequences
    #[arg(long, value_name = "N", default_value = "32", value_parser = count(1..=4096))]
    pub golden: usize,
    /// The net in whole numbers that `elman quantize` made, fed with raw samples (with --format c, rust or image)
    #[arg(long)]
    pub int8: bool,
    /// Take raw columns and give names: scaling and the names of the outputs are part of the graph (with --format onnx, of nets
    /// that read tables and answer with classes or labels)
    #[arg(long, conflicts_with = "bare")]
    pub raw: bool,
    /// Leave out what the numbers mean: names of outputs, vocabularies, scaling
    #[arg(long)]
    pub bare: bool,
    /// Print the sizes as one JSON object
    #[arg(long)]
    pub json: bool,
}

impl ExportArgs {
    /// The data that the command line names.
    pub fn file(&self) -> Option<DataFile<'_>> {
        let path = self.data.as_deref()?;
        Some(DataFile {
            path,
            format: self.data_format,
            classes: self.classes.as_deref(),
            columns: None,
            part: None,
        })
    }
}
