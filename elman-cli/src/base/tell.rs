//! Notes and warnings on standard error, which is nobody's result: where it cannot be written (its reader is gone, its disk full,
//! the terminal closed) the work goes on without them.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether another process says all there is to say.
static IS_HUSHED: AtomicBool = AtomicBool::new(false);

/// From now on nothing is told: of several processes that do one work only the first speaks.
pub fn hush() {
    IS_HUSHED.store(true, Ordering::Relaxed);
}

/// Writes a line to standard error, as `eprintln!` would if it could not panic; words of a file do not steer the terminal.
macro_rules! tell {
    ($($words:tt)*) => {
        $crate::base::tell::line(format_args!($($words)*))
    };
}
pub(crate) use tell;

thread_local! {
    static IS_OLD_NEWS: Cell<bool> = const { Cell::new(false) };
}

/// Does some work that was done before, whose notes therefore are no news: what this thread tells meanwhile is lost.
pub fn hushed<R>(work: impl FnOnce() -> R) -> R {
    let before = IS_OLD_NEWS.replace(true);
    let result = work();
    IS_OLD_NEWS.set(before);
    result
}

/// What [`tell!`] does.
pub fn line(words: fmt::Arguments<'_>) {
    if IS_HUSHED.load(Ordering::Relaxed) || IS_OLD_NEWS.get() {
        return;
    }
    aloud(words);
}

/// The same of a process that was hushed, where the first cannot know what it says.
pub fn aloud(words: fmt::Arguments<'_>) {
    let line = format!("{}\n", plain(&words.to_string()));
    // Nobody is left to tell if this fails.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// Words that may be a stranger's, so that they do not steer the terminal: control characters are escaped, and no line but the
/// first begins where ours do.
pub fn plain(words: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        words.chars().try_for_each(|c| match c {
            '\n' => f.write_str("\n  "),
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => f.write_char(c),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_do_not_steer_the_terminal() {
        let words = "label \u{1b}[31mX\r\u{9b}0m\nelman: all is well, é";
        assert_eq!(
            plain(words).to_string(),
            "label \\u{1b}[31mX\\r\\u{9b}0m\n  elman: all is well, é"
        );
    }
}
