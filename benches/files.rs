//! Files of fixed bytes for the loaders.

use std::fmt::Write;

use elman_benches::numbers;

const ROWS: usize = 200;

/// A table with everything that a header can name, and with missing cells.
pub fn csv() -> Vec<u8> {
    let mut text = "seq,t,x1,x2,label,split\n".to_owned();
    for (row, x) in numbers(1, ROWS).iter().enumerate() {
        let (seq, t, label) = (row / 20, row % 20, ["a", "b", "\"c,d\""][row % 3]);
        let missing = if row % 7 == 0 { "" } else { "0.25" };
        write_line(
            &mut text,
            format_args!("{seq},{t},{x},{missing},{label},train"),
        );
    }
    text.into_bytes()
}

/// A problem of the UCR archive.
pub fn ts() -> Vec<u8> {
    let mut text =
        "@problemName p\n@timeStamps false\n@univariate true\n@classLabel true a b\n@data\n"
            .to_owned();
    for (row, series) in numbers(1, ROWS).chunks(20).enumerate() {
        let cells: Vec<String> = series.iter().map(f32::to_string).collect();
        let label = ["a", "b"][row % 2];
        write_line(&mut text, format_args!("{}:{label}", cells.join(",")));
    }
    text.into_bytes()
}

/// Single precision, in C order.
pub fn npy() -> Vec<u8> {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({ROWS}, 8), }}").into_bytes();
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header);
    file.extend(numbers(1, 8 * ROWS).iter().flat_map(|x| x.to_le_bytes()));
    file
}

/// Sentences of ten words.
pub fn conll() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..ROWS {
        let label = if row % 5 == 0 { "B-NAME" } else { "O" };
        write_line(&mut text, format_args!("word{}\t{label}", row % 37));
        if row % 10 == 9 {
            text.push('\n');
        }
    }
    text.into_bytes()
}

/// Texts and their classes.
pub fn pairs() -> Vec<u8> {
    let mut text = String::new();
    for row in 0..ROWS {
        let class = ["x", "y"][row % 2];
        write_line(&mut text, format_args!("some words number {row}\t{class}"));
    }
    text.into_bytes()
}

fn write_line(text: &mut String, line: std::fmt::Arguments) {
    writeln!(text, "{line}").expect("a string takes all");
}
