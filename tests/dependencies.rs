//! `elman-core` stands on the few packages that its design names.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What `cargo tree` says of a package, a line per package in it.
fn cargo_tree(package: &str, arguments: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").expect("cargo runs the tests");
    let output = Command::new(cargo)
        .args(["tree", "--prefix", "none", "--package", package])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).expect("names");
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Names in the dependency tree of a target, without `elman-core` itself.
fn tree(target: &str) -> BTreeSet<String> {
    let edges = ["--edges", "normal,build", "--format", "{p}"];
    let lines = cargo_tree(
        "elman-core",
        &[&edges[..], &["--target", target, "--all-features"]].concat(),
    );
    let names = lines.iter().filter_map(|line| line.split(' ').next());
    names
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

/// One of these must be on offer for every package of the command.
const LICENCES: [&str; 4] = ["MIT", "Apache-2.0", "Zlib", "Unicode-3.0"];

#[test]
fn every_licence_lets_users_do_as_they_like() {
    let format = ["--edges", "normal,build", "--format", "{p}|{l}"];
    let packages = cargo_tree("elman-cli", &format);
    assert!(packages.len() > 50, "the tree was not read: {packages:?}");
    for package in &packages {
        let (name, licence) = package.split_once('|').expect("a name and a licence");
        let is_free = |part: &str| {
            let mut offers = part.split(" OR ").flat_map(|offers| offers.split('/'));
            offers.any(|offer| LICENCES.contains(&offer.trim_matches(['(', ')', ' '])))
        };
        assert!(licence.split(" AND ").all(is_free), "{name}: {licence}");
    }
}

/// In two versions until their users agree: hash tables (safetensors, indexmap), and what derive macros parse with.
const TWICE: [&str; 2] = ["hashbrown", "syn"];

#[test]
fn little_comes_in_two_versions() {
    let packages = cargo_tree("elman-cli", &["--edges", "normal,build", "--format", "{p}"]);
    let mut versions = BTreeMap::<&str, BTreeSet<&str>>::new();
    for package in &packages {
        let mut words = package.split(' ');
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            versions.entry(name).or_default().insert(version);
        }
    }
    let twice = versions.iter().filter(|(_, versions)| versions.len() > 1);
    let twice: Vec<&str> = twice.map(|(&name, _)| name).collect();
    assert_eq!(twice, TWICE);
}
