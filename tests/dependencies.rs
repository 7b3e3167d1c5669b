//! `elman-core` stands on the few packages that its design names.

use std::collections::BTreeSet;
use std::process::Command;

/// Names in the dependency tree of a target, without `elman-core` itself.
fn tree(target: &str) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args([
            "tree",
            "--package",
            "elman-core",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(["--target", target, "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).expect("names");
    names
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|&name| name != "elman-core")
        .map(str::to_owned)
        .collect()
}

/// What `wide` and `crc` bring along is named beside them.
const EVERYWHERE: [&str; 7] = [
    "bytemuck",
    "crc",
    "crc-catalog",
    "libm",
    "rand_core",
    "safe_arch",
    "wide",
];

#[test]
fn chips_get_the_named_packages() {
    for target in [
        "thumbv7em-none-eabihf",
        "riscv32imac-unknown-none-elf",
        "aarch64-unknown-linux-gnu",
    ] {
        let found = tree(target);
        assert!(
            found.iter().all(|name| EVERYWHERE.contains(&name.as_str())),
            "{target}: {found:?}"
        );
        assert!(
            found.contains("wide"),
            "the tree of {target} was not read: {found:?}"
        );
    }
}

#[test]
fn desktops_get_detection_in_addition() {
    let mut found = tree("x86_64-unknown-linux-gnu");
    assert!(found.remove("cpufeatures"), "{found:?}");
    assert!(
        found.iter().all(|name| EVERYWHERE.contains(&name.as_str())),
        "{found:?}"
    );
}
