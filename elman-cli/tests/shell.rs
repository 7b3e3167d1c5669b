//! What surrounds the command: completions, manual pages, the version.

mod common;

use common::Workshop;

#[test]
fn every_shell_completes_every_command() {
    let shop = Workshop::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = shop.ok(&format!("completions {shell}"));
        for word in ["quantize", "clip-norm", "forecast"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    shop.fails(
        "completions korn",
        2,
        &["bash, elvish, fish, powershell, zsh"],
    );
}

#[test]
fn every_command_has_a_page() {
    let shop = Workshop::new();
    let page = shop.ok("man");
    assert!(
        page.starts_with(".ie")
            && page.contains(".SH SYNOPSIS")
            && page.contains("elman\\-train(1)")
    );
    assert_eq!(shop.ok("man -o pages/man1").trim(), "pages/man1/elman.1");
    for name in [
        "elman",
        "elman-train",
        "elman-train-forecast",
        "elman-export",
        "elman-man",
    ] {
        let page = shop.text(&format!("pages/man1/{name}.1"));
        assert!(
            page.contains(".SH OPTIONS") && page.contains(".SH EXAMPLES\n.nf\n"),
            "{name}"
        );
    }
    shop.write("file", "");
    shop.fails("man -o file/in", 1, &["cannot write into file/in"]);
}

/// What clap knows of commands, and theirs.
const COMMANDS: [&str; 25] = [
    "",
    "demo",
    "train",
    "train label",
    "train classify",
    "train forecast",
    "train text",
    "train echo",
    "tune",
    "tune classify",
    "tune echo",
    "eval",
    "predict",
    "generate",
    "report",
    "runs",
    "compare",
    "inspect",
    "quantize",
    "gradcheck",
    "export",
    "import",
    "bench",
    "completions",
    "man",
];

#[test]
fn examples_stay_whole_on_a_narrow_terminal() {
    let shop = Workshop::new();
    for command in COMMANDS {
        let narrow = shop
            .command(&format!("{command} --help"))
            .env("COLUMNS", "80")
            .output()
            .unwrap();
        let help = String::from_utf8(narrow.stdout).unwrap();
        assert!(help.contains("Usage: elman"), "{command}");
        let Some((_, examples)) = help.split_once("Examples:\n") else {
            assert!(
                ["completions", "man", ""].contains(&command),
                "{command} has no examples"
            );
            continue;
        };
        for line in examples.lines() {
            let is_whole =
                line.starts_with("  ") || line.is_empty() || line.starts_with("Every command");
            assert!(is_whole && line.len() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn the_version_says_what_this_machine_can_do() {
    let shop = Workshop::new();
    let long = shop.ok("--version");
    let mut lines = long.lines();
    assert_eq!(
        lines.next(),
        Some(concat!("elman ", env!("CARGO_PKG_VERSION")))
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("levels    ")
                && line.contains("portable")
                && line.contains("(in use: "))
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("features  "))
    );
    assert_eq!(shop.ok("-V").lines().count(), 1);
}
