//! What a step takes on some chips, for the head of a file, from the [table of counts](crate::net::figures).

use elman_core::Spec;

use crate::net::figures::Figures;

/// Chips and compilers of which the head of a file tells: the chip and the route of the table, and words.
pub type Told = &'static [[&'static str; 3]];
/// Of exports to Rust.
pub const RUST: Told = &[["m4f", "rust", "Cortex-M4F"], ["m0", "rust", "Cortex-M0"]];
pub const RUST_INT8: Told = &[["m4f", "int8", "Cortex-M4F"], ["m0", "int8", "Cortex-M0"]];
/// Of exports to C.
pub const C: Told = &[
    ["m4f", "c", "Cortex-M4F, gcc"],
    ["m4f", "c-clang", "Cortex-M4F, clang"],
    ["m0", "c", "Cortex-M0, gcc"],
];
pub const C_INT8: Told = &[
    ["m4f", "c-int8", "Cortex-M4F, gcc"],
    ["m4f", "c-int8-clang", "Cortex-M4F, clang"],
    ["m0", "c-int8", "Cortex-M0, gcc"],
];

/// What a step takes, beside the bytes of its tables; nothing where nobody has counted.
pub fn lines(spec: &Spec, told: Told) -> Vec<String> {
    let lines: Vec<String> = told
        .iter()
        .filter_map(|[chip, route, words]| {
            let figures = Figures::of(chip, route)?;
            Some(format!(
                "- {words}: {} instructions, {} bytes of stack, {} bytes of code",
                figures.instructions(spec),
                figures.stack(spec)?,
                figures.code(spec)?
            ))
        })
        .collect();
    if lines.is_empty() {
        return lines;
    }
    let title =
        "A step takes about, as counts in QEMU tell (optimised for speed, the code for size):";
    [String::new(), title.to_owned()]
        .into_iter()
        .chain(lines)
        .collect()
}
