//! Pictures made of characters.

use std::io::{IsTerminal, Write};

use crate::base::failure::Result;

/// Eighths of a character cell.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Where a picture changes in place, if that is a terminal.
pub struct Screen {
    is_terminal: bool,
    has_colours: bool,
    /// Lines of the picture that stands there.
    height: usize,
}

impl Screen {
    /// Standard output.
    pub fn new() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        Self {
            is_terminal,
            has_colours: is_terminal && std::env::var_os("NO_COLOR").is_none(),
            height: 0,
        }
    }

    /// Whether pictures can move.
    pub const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Text in a colour (SGR number), where there are any.
    pub fn paint(&self, colour: u8, text: &str) -> String {
        if self.has_colours {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Puts a picture in the place of the last one; where that cannot be, below it.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn draw(&mut self, lines: &[String]) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if self.is_terminal && self.height > 0 {
            write!(out, "\x1b[{}A", self.height)?;
        }
        let clear = if self.is_terminal { "\x1b[K" } else { "" };
        for line in lines {
            writeln!(out, "{line}{clear}")?;
        }
        self.height = lines.len();
        Ok(out.flush()?)
    }
}

/// One character per number from 0 to 1, as high as the number.
pub fn bars(numbers: impl IntoIterator<Item = f32>) -> String {
    let bar = |number: f32| EIGHTHS[(number.clamp(0.0, 1.0) * 8.0).round() as usize];
    numbers.into_iter().map(bar).collect()
}

/// A curve over so many columns, from 0 to `top`, in so many lines, the highest first; `None` where nothing is yet.
pub fn curve(columns: &[Option<f64>], top: f64, height: usize) -> Vec<String> {
    let eighths = |number: &Option<f64>| {
        let share = number.map_or(0.0, |number| (number / top).clamp(0.0, 1.0));
        // What is there is seen.
        let least = usize::from(number.is_some());
        ((share * (8 * height) as f64).round() as usize).max(least)
    };
    let heights: Vec<usize> = columns.iter().map(eighths).collect();
    let line = |line: usize| {
        let below = 8 * (height - 1 - line);
        let cells = heights.iter();
        let cells = cells.map(|&eighths| EIGHTHS[eighths.saturating_sub(below).min(8)]);
        cells.collect::<String>()
    };
    (0..height).map(line).collect()
}

/// Two curves over the same columns in so many lines, the highest first: `o`, `+`, and `*` where they meet.
pub fn dots(first: &[f64], second: &[f64], height: usize) -> Vec<String> {
    let both = || first.iter().chain(second).copied();
    let low = both().fold(f64::INFINITY, f64::min);
    let range = both().fold(f64::NEG_INFINITY, f64::max) - low;
    let line_of = |value: f64| {
        let share = (value - low) / range.max(f64::MIN_POSITIVE);
        (height - 1) - (share.clamp(0.0, 1.0) * (height - 1) as f64).round() as usize
    };
    let cell = |line: usize, column: usize| match (
        line_of(first[column]) == line,
        line_of(second[column]) == line,
    ) {
        (true, true) => '*',
        (true, false) => 'o',
        (false, true) => '+',
        (false, false) => ' ',
    };
    let columns = first.len().min(second.len());
    let line = |line| (0..columns).map(|column| cell(line, column)).collect();
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_numbers() {
        assert_eq!(bars([0.0, 0.5, 1.0, 7.0, f32::NAN]), " ▄██ ");
        let columns = [Some(1.0), Some(0.0), Some(0.25), None];
        assert_eq!(curve(&columns, 1.0, 2), ["█   ", "█▁▄ "]);
        let lines = dots(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0], 3);
        assert_eq!(lines, [" +o", " o+", "*  "]);
        assert_eq!(dots(&[1.0], &[1.0], 2), [" ", "*"]);
    }
}
