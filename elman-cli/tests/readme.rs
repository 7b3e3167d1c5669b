//! The lines of the README, from above to below in one empty folder: each must do what it says without an error. Nets are small and learn
//! for one epoch, which is enough to find a name that is wrong, a file that is not there or a folder that is taken.
#![cfg(unix)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// First words of lines that run.
const RUN: [&str; 5] = ["elman", "echo", "tail", "cp", "mkdir"];

/// First words of lines that need what a test has not: a checkout to build, other programs, other machines.
const SKIPPED: [&str; 12] = [
    "cargo",
    "rustup",
    "apt-get",
    "cd",
    "mpirun",
    "tensorboard",
    "jq",
    "benches/count",
    "tests/firmware/run",
    "tests/firmware/c/run",
    "tests/firmware/c/walk",
    "python3",
];

/// A command of the README, without the remark behind it.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    number: usize,
    command: &'a str,
}

/// The lines of all blocks of `sh`.
fn lines(readme: &str) -> Vec<Line<'_>> {
    let mut is_shell = false;
    let mut found = Vec::new();
    for (at, line) in readme.lines().enumerate() {
        if line.starts_with("```") {
            is_shell = line == "```sh";
        } else if is_shell {
            let command = line.split(" #").next().unwrap_or_default().trim();
            if !command.is_empty() && !command.starts_with('#') {
                let number = at + 1;
                found.push(Line { number, command });
            }
        }
    }
    found
}

/// The command, with what makes it quick; nothing if this machine cannot run it.
fn quick(command: &str, version: &str) -> Option<String> {
    let mut quick = command
        .replace("--time 20m", "")
        .replace("--trials 40", "--trials 2")
        .replace("--epochs 20 ", "--epochs 1 ");
    let mut add = |flag: &str, value: &str| {
        if !command.contains(flag) {
            quick += &format!(" {flag} {value}");
        }
    };
    if command.starts_with("elman train") {
        add("--epochs", "1");
        add("--hidden", "8");
    } else if command.starts_with("elman tune") {
        add("--epochs", "1");
        add("--trials", "2");
    } else if command.starts_with("elman bench") {
        add("--seconds", "0.005");
        let level = command.split("--level ").nth(1);
        let level = level.and_then(|rest| rest.split(' ').next());
        if level.is_some_and(|level| !version.contains(level)) {
            return None;
        }
    }
    // Nobody writes on.
    Some(quick.replace("tail -n +1 -f ", "tail -n +1 "))
}

/// The binary's folder before all others.
fn path() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_elman"))
        .parent()
        .expect("a folder");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(PathBuf::from(own)).chain(std::env::split_paths(&others));
    std::env::join_paths(all).expect("a path")
}

/// Runs a command in a folder.
///
/// # Errors
/// What it said, if it did not go well.
fn shell(folder: &Path, command: &str) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let out = said(&output.stdout);
    match output.status.success() {
        true => Ok(out),
        false => Err(format!("{}\n{out}{}", output.status, said(&output.stderr))),
    }
}

/// Runs every line in a folder; how many ran.
///
/// # Errors
/// Those that failed, with their numbers and what they said.
fn follow(readme: &str, folder: &Path) -> Result<usize, String> {
    let version = shell(folder, "elman --version")?;
    let (mut count, mut failed) = (0, String::new());
    for Line { number, command } in lines(readme) {
        let first = command.split(' ').next().unwrap_or_default();
        if SKIPPED.contains(&first) {
            continue;
        }
        if !RUN.contains(&first) {
            failed += &format!(
                "README.md:{number}: {command}\nneither in RUN nor in SKIPPED of this test\n\n"
            );
            continue;
        }
        let Some(quick) = quick(command, &version) else {
            eprintln!("SKIPPED: README.md:{number}: {command}: not on this machine");
            continue;
        };
        match shell(folder, &quick) {
            Ok(_) => count += 1,
            Err(said) => failed += &format!("README.md:{number}: {quick}\n{said}\n\n"),
        }
    }
    match failed.is_empty() {
        true => Ok(count),
        false => Err(failed),
    }
}

#[test]
fn every_line_works_in_an_empty_folder() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let folder = tempfile::tempdir().expect("a folder");
    let count = follow(&readme, folder.path()).unwrap_or_else(|failed| panic!("{failed}"));
    assert!(count >= 60, "only {count} lines of the README ran");
    for made in [
        "digits.h",
        "src/digits.rs",
        "runs/cv/summary.json",
        "runs/names/report.html",
    ] {
        assert!(folder.path().join(made).is_file(), "{made} is not there");
    }
}

#[test]
fn lines_are_found_and_those_that_fail_are_named() {
    let readme = "Text\n```sh\n# a remark\nelman --version   # says it\ncargo test\n\n```\n```rust\nelman\n```\n```sh\n\
                  elman inspect none\nsudo rm\n```\n";
    let found: Vec<(usize, &str)> = lines(readme)
        .iter()
        .map(|line| (line.number, line.command))
        .collect();
    assert_eq!(
        found,
        [
            (4, "elman --version"),
            (5, "cargo test"),
            (12, "elman inspect none"),
            (13, "sudo rm")
        ]
    );
    let folder = tempfile::tempdir().expect("a folder");
    let failed = follow(readme, folder.path()).expect_err("two lines fail");
    for words in [
        "README.md:12: elman inspect none",
        "there is no such run",
        "README.md:13: sudo rm\nneither",
    ] {
        assert!(failed.contains(words), "{words}: {failed}");
    }
    assert!(
        !failed.contains("README.md:4") && !failed.contains("README.md:5"),
        "{failed}"
    );
}

#[test]
fn nets_are_small_where_the_line_says_nothing_else() {
    let version = "levels    portable, avx2";
    let quick = |command| quick(command, version);
    assert_eq!(
        quick("elman train echo --hidden 16").unwrap(),
        "elman train echo --hidden 16 --epochs 1"
    );
    assert_eq!(quick("elman bench --level avx512"), None);
    assert_eq!(
        quick("elman bench --level avx2").unwrap(),
        "elman bench --level avx2 --seconds 0.005"
    );
    assert_eq!(
        quick("tail -n +1 -f a | elman predict r").unwrap(),
        "tail -n +1 a | elman predict r"
    );
}
