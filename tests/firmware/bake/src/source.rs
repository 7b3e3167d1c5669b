//! Numbers as statics of a Rust module, bit for bit.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use elman_core::Strip;

use crate::Answers;

/// The text of a module that a firmware includes.
#[derive(Default)]
pub struct Source(String);

impl Source {
    /// An empty module.
    pub fn new() -> Self {
        Self::default()
    }

    /// A line as it is.
    pub fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// `static NAME: [f32; _]`, in the section of the test's own numbers.
    pub fn floats(&mut self, name: &str, numbers: &[f32]) {
        let items: Vec<String> = numbers.iter().copied().map(float).collect();
        self.array(name, "f32", &items);
    }

    /// `static NAME: [elman_core::Strip; _]`, there too.
    pub fn strips(&mut self, name: &str, strips: &[Strip]) {
        let strip = |strip: &Strip| {
            let lanes: Vec<String> = strip.0.iter().copied().map(float).collect();
            format!("elman_core::Strip([{}])", lanes.join(", "))
        };
        let items: Vec<String> = strips.iter().map(strip).collect();
        self.array(name, "elman_core::Strip", &items);
    }

    /// `static NAME: [_; _]` of whole numbers, there too.
    pub fn integers<T: ToString>(&mut self, name: &str, kind: &str, numbers: &[T]) {
        let items: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        self.array(name, kind, &items);
    }

    /// `static NAME: [&[f32]; 2]`: with fused multiply-add, and without, which is empty where the desktop had none.
    pub fn answers(&mut self, name: &str, answers: &Answers<Vec<f32>>) {
        let [fused, unfused] = [format!("{name}_FUSED"), format!("{name}_UNFUSED")];
        self.floats(&fused, &answers.fused);
        self.floats(&unfused, answers.unfused.as_deref().unwrap_or(&[]));
        self.line(&format!(
            "pub static {name}: [&[f32]; 2] = [&{fused}, &{unfused}];"
        ));
    }

    fn array(&mut self, name: &str, kind: &str, items: &[String]) {
        let _ = write!(
            self.0,
            "#[unsafe(link_section = \".weights.{name}\")]\npub static {name}: [{kind}; {}] = [\n    {}\n];\n",
            items.len(),
            items.join(",\n    ")
        );
    }

    /// Writes the module into the build script's folder.
    ///
    /// # Panics
    /// Outside a build script.
    pub fn write(&self, file: &str) {
        let folder = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
        fs::write(Path::new(&folder).join(file), &self.0).expect("the build script's own folder");
    }
}

fn float(x: f32) -> String {
    format!("f32::from_bits({:#010x})", x.to_bits())
}
