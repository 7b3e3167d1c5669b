//! What becomes of a run whose output nobody reads, whose disk is full, whose terminal is closed, or that is begun twice.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};

use common::{TINY, Workshop};

/// Every byte written to it is one too many.
fn full() -> Stdio {
    let file = File::options().write(true).open("/dev/full");
    file.expect("Linux has it").into()
}

/// A pipe whose reader is gone.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn begin(shop: &Workshop, line: &str) -> Child {
    let mut command = shop.command(line);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary starts")
}

fn training(out: &str) -> String {
    format!("train label --train train.conll --out {out} {TINY}")
}

#[test]
fn a_training_that_nobody_listens_to_ends_as_any_other() {
    let shop = Workshop::new();
    shop.train("heard", "");
    for (name, stderr) in [("full", full()), ("closed", closed())] {
        let status = shop
            .command(&training(name))
            .stderr(stderr)
            .stdout(Stdio::null())
            .status();
        assert_eq!(status.expect("it starts").code(), Some(0), "{name}");
        assert_eq!(
            shop.read(&format!("{name}/model.safetensors")),
            shop.read("heard/model.safetensors")
        );
    }
}

#[test]
fn what_cannot_be_written_is_exit_code_1_after_the_work() {
    let shop = Workshop::new();
    let of = |line: &str, stdout: Stdio| {
        let output = shop
            .command(line)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .output();
        let output = output.expect("it starts");
        (
            output.status.code(),
            String::from_utf8(output.stderr).expect("UTF-8"),
        )
    };
    let (code, said) = of(&training("run"), full());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot write the output"), "{said}");
    assert!(
        shop.path("run/model.safetensors").exists()
            && shop.path("run/checkpoint.safetensors").exists()
    );
    for line in [
        "report run",
        "eval run --data test.conll",
        "predict run --data test.conll",
        "inspect run",
        "man",
        "completions bash",
        "--help",
        "train label --help",
    ] {
        assert_eq!(of(line, full()).0, Some(1), "{line}");
        let (code, said) = of(line, closed());
        assert_eq!((code, said.as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_closed_terminal_ends_no_training_and_a_friendly_kill_saves_it() {
    let shop = Workshop::new();
    let mut child = begin(
        &shop,
        &training("run").replace(
            "--epochs 4",
            "--epochs 100000 --patience 0 --checkpoint-every 1h",
        ),
    );
    while !shop.path("run/metrics.jsonl").exists() {
        assert!(child.try_wait().expect("it runs").is_none());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let send = |signal: &str| {
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{signal} {}", child.id()))
            .status();
        assert!(status.expect("a shell").success());
    };
    let epochs = || shop.text("run/metrics.jsonl").lines().count();
    send("HUP");
    let before = epochs();
    while epochs() < before + 3 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(!shop.path("run/checkpoint.safetensors").exists());
    send("TERM");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert!(shop.path("run/checkpoint.safetensors").exists());
}

#[test]
fn who_comes_second_changes_nothing() {
    let shop = Workshop::new();
    let mut child = begin(
        &shop,
        &training("run").replace("--epochs 4", "--epochs 100000 --patience 0"),
    );
    while !shop.path("run/metrics.jsonl").exists() {
        assert!(child.try_wait().expect("it runs").is_none());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let config = shop.read("run/config.toml");
    shop.fails(&training("run"), 2, &["run exists already", "--resume run"]);
    shop.fails(
        "train --resume run",
        2,
        &["another process is training this run"],
    );
    assert_eq!(shop.read("run/config.toml"), config);
    child.kill().expect("it was alive");
    child.wait().expect("it ended");
}

#[test]
fn paths_that_the_settings_cannot_hold_leave_nothing_behind() {
    let shop = Workshop::new();
    let odd = std::ffi::OsStr::from_bytes(b"n\xe9t");
    std::fs::copy(shop.path("train.conll"), shop.home.path().join(odd)).expect("a copy");
    let entries = || {
        std::fs::read_dir(shop.home.path())
            .expect("a folder")
            .count()
    };
    let before = entries();
    for (flags, path) in [
        ("--out run --train", odd),
        (
            "--train train.conll --out",
            std::ffi::OsStr::from_bytes(b"r\xe9n"),
        ),
    ] {
        let mut command = shop.command(&format!("train label {TINY} {flags}"));
        let output = command.arg(path).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("not UTF-8"), "{said}");
        assert_eq!(entries(), before);
    }
}
