//! What functions are called: as the file is.

use std::path::Path;

use crate::base::failure::{Failure, Result};

/// Headers of the C standard up to C23, and those of POSIX and of usual libraries for chips that other headers include.
const STANDARD: [&str; 50] = [
    "alloca",
    "assert",
    "complex",
    "ctype",
    "dirent",
    "endian",
    "errno",
    "fcntl",
    "features",
    "fenv",
    "float",
    "inttypes",
    "iso646",
    "limits",
    "locale",
    "malloc",
    "math",
    "memory",
    "newlib",
    "pthread",
    "reent",
    "regex",
    "sched",
    "semaphore",
    "setjmp",
    "signal",
    "stdalign",
    "stdarg",
    "stdatomic",
    "stdbit",
    "stdbool",
    "stdckdint",
    "stddef",
    "stdint",
    "stdio",
    "stdlib",
    "stdnoreturn",
    "string",
    "strings",
    "tgmath",
    "threads",
    "time",
    "uchar",
    "unistd",
    "wchar",
    "wctype",
    "intrin",
    "arm_acle",
    "arm_neon",
    "immintrin",
];

/// The name of the export, from the name of its file.
///
/// # Errors
/// One that begins with no letter, or whose header would be taken for one of the compiler's.
pub fn identifier(path: &Path) -> Result<String> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let name: String = stem.chars().map(letter).collect();
    let path = path.display();
    if STANDARD.contains(&stem.to_lowercase().as_str()) {
        return Err(Failure::input(format!(
            "-o {path}: beside it comes {stem}.h, which would hide the standard header of that name from every file that is compiled \
             with it; take another name, e.g. -o net.c"
        )));
    }
    let first = name.chars().next();
    if first.is_some_and(|first| first.is_ascii_alphabetic()) {
        return Ok(name);
    }
    Err(Failure::input(format!(
        "-o {path}: functions are called as the file is, so its name must begin with a letter, e.g. -o net.c"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Result<String, String> {
        identifier(Path::new(path)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn names_of_files_become_identifiers() {
        assert_eq!(name("src/Slot-Tagger.2.c").unwrap(), "slot_tagger_2");
        assert!(name("9.c").unwrap_err().contains("-o net.c"));
    }

    #[test]
    fn headers_of_the_compiler_are_not_hidden() {
        for path in ["string.c", "src/stddef.c", "Math.c", "out/stdint.c"] {
            let said = name(path).unwrap_err();
            assert!(said.contains("would hide the standard header"), "{said}");
        }
        assert_eq!(name("strings2.c").unwrap(), "strings2");
    }
}
