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

/// A parser of amounts with `k` and `M` behind them, each `thousand` times what comes before: 1024 for bytes, 1000 for counts.
pub fn amount(thousand: u32) -> impl TypedValueParser<Value = usize> {
    move |text: &str| {
        let (digits, factor) = match text.as_bytes().last() {
            Some(b'k' | b'K') => (&text[..text.len() - 1], f64::from(thousand)),
            Some(b'm' | b'M') => (&text[..text.len() - 1], f64::from(thousand).powi(2)),
            _ => (text, 1.0),
        };
        let number = digits.parse().map(|number: f64| number * factor);
        match number {
            Ok(number) if (1.0..1e15).contains(&number) => Ok(number as usize),
            _ => Err("it must be an amount such as 900, 32k or 1.5M"),
        }
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

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::*;

    #[test]
    fn amounts_have_their_thousands() {
        let read = |thousand, text: &str| {
            let arg = Arg::new("x").value_parser(amount(thousand));
            let found = Command::new("c").arg(arg).try_get_matches_from(["c", text]);
            found.ok()?.get_one::<usize>("x").copied()
        };
        assert_eq!(read(1024, "32k"), Some(32_768));
        assert_eq!(read(1000, "1.5k"), Some(1500));
        assert_eq!(read(1024, "2M"), Some(2 << 20));
        assert_eq!(read(1000, "900"), Some(900));
        for wrong in ["", "k", "0", "1kk", "1e99", "NaN", "inf", "12 k"] {
            assert_eq!(read(1000, wrong), None, "{wrong}");
        }
    }
}
