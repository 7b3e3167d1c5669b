//! `elman inspect`: what may be typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Show the net of a run: its score and settings, tensors, parameters, memory on a chip, work per step
#[derive(Args, Debug)]
#[command(after_help = "\
Flash and RAM are exact, for elman-core and images; elman export prints those of its own artefacts, with golden vectors. Code
comes on top. Instructions are estimates from counts in QEMU, and no cycles.

Examples:
  elman inspect runs/names
  elman inspect runs/chip --chip m0 --route int8   (flash, RAM, stack and instructions there)
  elman inspect runs/names --train-steps 8   (RAM of training on the chip)
  elman inspect runs/names --json | jq .parameters
  elman inspect runs/names --json | jq .run.score")]
pub struct InspectArgs {
    /// The folder of a training run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Show what the net takes on this chip alone: flash, RAM, stack, instructions of a step, its scaling included
    #[arg(long, value_enum, value_name = "CHIP")]
    pub chip: Option<Target>,
    /// How the net gets onto the chip [default: rust; c on avr]
    #[arg(long, value_enum, value_name = "ROUTE", requires = "chip")]
    pub route: Option<Route>,
    /// Steps of a sequence, where RAM depends on them: nets that read both ways need the whole sequence
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub steps: u32,
    /// Steps that gradients flow back through, where the net is trained on the chip
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub train_steps: u32,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A chip by its core.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Cortex-M0, M0+: no FPU
    M0,
    /// Cortex-M3: no FPU
    M3,
    /// Cortex-M4F, M7
    M4f,
    /// Cortex-M33 with FPU and DSP
    M33,
    /// Cortex-M55, M85: Helium
    M55,
    /// RISC-V, RV32IMAC: no FPU
    Rv32,
    /// AVR: no FPU, eight bits
    Avr,
}

impl Target {
    /// As it is typed, and as the table of figures has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::M0 => "m0",
            Self::M3 => "m3",
            Self::M4f => "m4f",
            Self::M33 => "m33",
            Self::M55 => "m55",
            Self::Rv32 => "rv32",
            Self::Avr => "avr",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::M0 => "Cortex-M0",
            Self::M3 => "Cortex-M3",
            Self::M4f => "Cortex-M4F",
            Self::M33 => "Cortex-M33",
            Self::M55 => "Cortex-M55",
            Self::Rv32 => "RISC-V (RV32IMAC)",
            Self::Avr => "AVR",
        }
    }

    /// Whether it computes floating point in hardware.
    pub const fn has_fpu(self) -> bool {
        matches!(self, Self::M4f | Self::M33 | Self::M55)
    }
}

/// How a net gets onto a chip.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// `elman export --format c`
    C,
    /// `elman export --format rust`: FixedStream of elman-core
    Rust,
    /// `elman export --format image`, through elman-core or elman.h
    Image,
    /// `elman quantize`, then `elman export --format rust --int8`
    Int8,
    /// `elman quantize`, then `elman export --format c --int8`
    #[value(name = "c-int8")]
    CInt8,
    /// `elman quantize`, then `elman export --format image --int8`
    #[value(name = "image-int8")]
    ImageInt8,
}

impl Route {
    /// As it is typed, and as the table of figures has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Rust => "rust",
            Self::Image => "image",
            Self::Int8 => "int8",
            Self::CInt8 => "c-int8",
            Self::ImageInt8 => "image-int8",
        }
    }
}
