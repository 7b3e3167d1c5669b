//! Numbers and lists as they may be typed on the command line.

use std::ops::{RangeBounds, RangeInclusive};

use clap::builder::TypedValueParser;

/// A parser of whole numbers in a range.
pub fn count(range: RangeInclusive<usize>) -> impl TypedValueParser<Value = usize> {
    move |text: &str| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "it must be a whole number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// A parser of numbers in a range; `description` goes on behind "it must be a number".
pub fn real(
    range: impl RangeBounds<f64> + Clone + Send + Sync + 'static,
    description: &'static str,
) -> impl TypedValueParser<Value = f64> {
    move |text: &str| match text.parse::<f64>() {
        Ok(number) if range.contains(&number) && number.is_finite() => Ok(number),
        _ => Err(format!("it must be a number {description}")),
    }
}

/// A context window.
///
/// # Errors
/// What it must be.
pub fn odd(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number % 2 == 1 && number <= 1025 => Ok(number),
        _ => Err("it must be an odd number from 1 to 1025".to_owned()),
    }
}

/// Where random numbers come from; TOML holds no more than 63 bits.
///
/// # Errors
/// What it must be.
pub fn seed(text: &str) -> Result<u64, String> {
    const LAST: u64 = i64::MAX as u64;
    let number = text.parse().ok().filter(|&number| number <= LAST);
    number.ok_or_else(|| {
        format!("it must be a whole number from 0 to {LAST}; every one is as good as another")
    })
}
/// Names with commas between them.
pub fn names(list: Option<&str>) -> impl Iterator<Item = &str> + Clone {
    let names = list.unwrap_or("").split(',').map(str::trim);
    names.filter(|name| !name.is_empty())
}
