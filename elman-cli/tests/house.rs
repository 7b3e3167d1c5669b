//! The picture of the source: which file names which. No two files name each other, not even through others, and the wings
//! of elman-cli name only those below them.
//!
//! The files are read as text, without a compiler. A file names another where a `use` or a path in its code leads there;
//! what a folder's `mod.rs` passes on with `pub use` leads to the file that it comes from. Tests do not count.
//!
//! `ELMAN_HOUSE=some/src cargo test -p elman-cli --test house -- --ignored --nocapture` prints the circles of any crate.

#[path = "house/graph.rs"]
mod graph;
#[path = "house/reader.rs"]
mod reader;
#[path = "house/tokens.rs"]
mod tokens;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use graph::{circles, graph};

/// The wings of elman-cli, from above to below: a file names files of its own wing and of those below, without exception.
const WINGS: [&str; 8] = [
    "command", "exchange", "args", "task", "train", "net", "data", "base",
];

/// What stands above the wings.
const ROOF: [&str; 3] = ["hostile.rs", "lib.rs", "main.rs"];

#[test]
fn no_circles_in_the_command() {
    assert_eq!(circles_of("elman-cli"), [""; 0]);
}

#[test]
fn no_circles_in_core() {
    assert_eq!(circles_of("elman-core"), [""; 0]);
}

fn circles_of(package: &str) -> Vec<String> {
    let found = circles(&source(package)).into_iter();
    found.map(|circle| circle.join(" <-> ")).collect()
}

#[test]
fn the_top_level_holds_only_wings() {
    let entries = fs::read_dir(source("elman-cli")).unwrap();
    let found: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let planned = WINGS.iter().chain(&ROOF).map(ToString::to_string);
    assert_eq!(found, planned.collect());
}

#[test]
fn wings_look_down_only() {
    let height = |file: &str| {
        let wing = file.split('/').next().unwrap();
        let place = WINGS.iter().position(|&name| name == wing);
        place.map_or(WINGS.len(), |place| WINGS.len() - 1 - place)
    };
    let mut found = Vec::new();
    for (from, to) in graph(&source("elman-cli")).edges() {
        if height(&from) < height(&to) {
            found.push(format!("{from} -> {to}"));
        }
    }
    assert_eq!(found, [""; 0]);
}

#[test]
#[ignore = "prints the circles of the crate that ELMAN_HOUSE names; run by hand, by whoever untangles or reviews one"]
fn circles_of_another_crate() {
    let source = std::env::var_os("ELMAN_HOUSE").expect("ELMAN_HOUSE=path/to/src");
    let found = circles(Path::new(&source));
    let files: usize = found.iter().map(Vec::len).sum();
    println!("{} circles of {files} files", found.len());
    for circle in found {
        println!("{}: {}", circle.len(), circle.join(" "));
    }
}

#[test]
fn paths_lead_to_files() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("lib.rs", "mod a; mod b; mod c; // use crate::c;");
    put(
        "a.rs",
        "use crate::b::{self, One, child::{Two, Three as Four}}; fn f() { b::g('\"', r#\"crate::c\"#) }",
    );
    put("b/mod.rs", "mod child; pub use child::One; pub fn g() {}");
    put(
        "b/child.rs",
        "/* /* */ use crate::a; */ pub struct One; fn h() { crate::c::i() } #[cfg(test)] mod tests { use crate::a::f; }",
    );
    put("c.rs", "pub fn i() { super::a::f() }");
    let edge = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(
        graph(folder.path()).edges(),
        [
            edge("a.rs", "b/child.rs"),
            edge("a.rs", "b/mod.rs"),
            edge("b/child.rs", "c.rs"),
            edge("c.rs", "a.rs")
        ]
    );
    assert_eq!(circles(folder.path()), [["a.rs", "b/child.rs", "c.rs"]]);
}

fn source(package: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    workspace.join(package).join("src")
}
