//! `elman inspect --chip`: what a net takes on one chip, one way.

use elman_core::Spec;
use serde::Serialize;

use crate::args::{Route, Target};
use crate::base::failure::{Failure, Result};
use crate::exchange::export;
use crate::net::cost::Memory;
use crate::net::figures::{self, Figures};

/// What is printed.
#[derive(Debug, Serialize)]
pub struct ChipReport {
    chip: &'static str,
    route: &'static str,
    /// Tables and weights.
    flash_bytes: usize,
    /// Beside them, compiled for size.
    code_bytes: Option<usize>,
    ram_bytes: usize,
    stack_bytes: Option<usize>,
    /// Of a step, compiled for speed, scaling included; on an AVR cycles.
    instructions_per_step: usize,
    /// Of these.
    scaling_instructions: Option<usize>,
    /// In whole numbers, where the chip has no FPU and another route was asked for.
    int8_instructions_per_step: Option<usize>,
    /// That counted what this follows from.
    compiler: &'static str,
    #[serde(skip)]
    int8_route: &'static str,
    /// What is counted: on an AVR cycles.
    #[serde(skip)]
    counted: &'static str,
    #[serde(skip)]
    words: &'static str,
    #[serde(skip)]
    ram: [usize; 3],
}

impl ChipReport {
    /// Of a net; `steps` of a sequence where it reads both ways.
    ///
    /// # Errors
    /// A route that does not lead to the chip, or of which there are no figures.
    pub fn of(spec: &Spec, steps: usize, chip: Target, route: Option<Route>) -> Result<Self> {
        let route = route.unwrap_or(match chip {
            Target::Avr => Route::C,
            _ => Route::Rust,
        });
        if chip == Target::Avr && !matches!(route, Route::C | Route::CInt8) {
            return Err(Failure::input(
                "--chip avr: elman-core does not run there; say --route c or --route c-int8",
            ));
        }
        let (chip_name, route_name) = (chip.name(), route.name());
        let figures = Figures::of(chip_name, route_name).ok_or_else(|| {
            Failure::input(format!(
                "--chip {chip_name} --route {route_name}: nobody has counted that yet; counted are {}",
                figures::routes().join(", ")
            ))
        })?;
        let memory = match route {
            Route::C => Memory::of_panels(spec, steps, export::c_scratch(spec, steps)),
            Route::Rust | Route::Image => Memory::of_strips(spec, steps),
            Route::Int8 | Route::ImageInt8 => Memory::of_words(spec, steps),
            Route::CInt8 => export::c_int8_memory(spec, steps),
        };
        let scaling = figures.scaling(spec);
        let scaled = |figures: Figures| figures.instructions(spec) + scaling.unwrap_or(0);
        let in_int8 = match route {
            Route::C => Some(Route::CInt8),
            Route::Rust => Some(Route::Int8),
            Route::Image => Some(Route::ImageInt8),
            Route::Int8 | Route::CInt8 | Route::ImageInt8 => None,
        };
        let in_int8 = in_int8.filter(|_| !chip.has_fpu()).map(Route::name);
        Ok(Self {
            chip: chip_name,
            route: route_name,
            flash_bytes: memory.flash_bytes,
            code_bytes: figures.code(spec),
            ram_bytes: memory.ram_bytes(),
            stack_bytes: figures.stack(spec),
            instructions_per_step: scaled(figures),
            scaling_instructions: scaling,
            int8_instructions_per_step: in_int8
                .and_then(|route| Figures::of(chip_name, route))
                .map(scaled),
            int8_route: in_int8.unwrap_or_default(),
            compiler: figures::compiler(route_name),
            counted: match chip {
                Target::Avr => "cycles",
                _ => "instructions",
            },
            words: chip.words(),
            ram: [
                memory.state_bytes,
                memory.scratch_bytes,
                memory.output_bytes,
            ],
        })
    }

    /// For people.
    pub fn lines(&self) -> String {
        let about = |bytes: Option<usize>| match bytes {
            Some(bytes) => format!("about {bytes} bytes"),
            None => "not counted".to_owned(),
        };
        let [state, scratch, outputs] = self.ram;
        let scaling = match self.scaling_instructions {
            Some(count) if count > 0 => format!(", {count} of them for scaling in f32"),
            Some(_) => String::new(),
            None => ", scaling not counted".to_owned(),
        };
        let mut text = format!(
            "on a {}, --route {}\n\
             flash          {} bytes of tables and weights; code {} (compiled for size)\n\
             RAM            {} bytes: state {state}, scratch {scratch}, outputs {outputs}; stack {}\n\
             {:14} about {} per step{scaling} (optimised for speed, {})\n",
            self.words,
            self.route,
            self.flash_bytes,
            about(self.code_bytes),
            self.ram_bytes,
            about(self.stack_bytes),
            self.counted,
            self.instructions_per_step,
            self.compiler,
        );
        if let Some(count) = self.int8_instructions_per_step {
            text += &format!(
                "               this chip has no FPU: in whole numbers it is about {count} (elman quantize, --route {})\n",
                self.int8_route
            );
        }
        text
    }
}
