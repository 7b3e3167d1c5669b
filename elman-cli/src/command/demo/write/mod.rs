//! `elman demo --write DIR`: made-up samples for every task, small enough that a net learns them in seconds. The lines of the
//! README work with them.

mod digits;
mod tables;
mod texts;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use rand_pcg::Pcg64Mcg;

use crate::base::failure::{Failure, Result};
use crate::base::folder::write_atomic;
use crate::base::seeds::{self, Purpose};
use crate::data::conll::Sentence;
use crate::data::demo::{DemoCorpus, to_conll};

/// Files of one kind, and a command that takes them.
struct Samples {
    about: &'static str,
    files: Vec<(&'static str, String)>,
    line: &'static str,
}

/// Writes the samples of a seed into a folder that is new or empty, and says what it wrote.
///
/// # Errors
/// A folder that holds something or cannot be written.
pub fn run(folder: &Path, seed: u64) -> Result<()> {
    make_empty(folder)?;
    let all = samples(seed);
    for (name, content) in all.iter().flat_map(|samples| &samples.files) {
        write_atomic(&folder.join(name), content.as_bytes())?;
    }
    tell(folder, &all)
}

fn make_empty(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
    let mut entries = fs::read_dir(folder).map_err(|error| Failure::read(folder, &error))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(Failure::input(format!(
            "{} is not empty, and no file of yours shall be lost: name a new folder, e.g. elman demo --write samples",
            folder.display()
        ))),
    }
}

fn tell(folder: &Path, all: &[Samples]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let count: usize = all.iter().map(|samples| samples.files.len()).sum();
    writeln!(out, "{count} files with made-up samples:")?;
    for Samples { about, files, line } in all {
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        writeln!(out, "\n{about}\n  {}\n  {line}", names.join(", "))?;
    }
    match folder == Path::new(".") {
        true => Ok(()),
        false => Ok(writeln!(out, "\nFirst: cd {}", folder.display())?),
    }
}

fn samples(seed: u64) -> Vec<Samples> {
    let [train, dev, test] = [(1, 400), (2, 100), (3, 100)]
        .map(|(part, count)| digits::table(&mut generator(seed, &[1, part]), count, true));
    let new = digits::table(&mut generator(seed, &[1, 4]), 10, false);
    let (series, live) = tables::series(&mut generator(seed, &[2]));
    vec![
        names(seed),
        Samples {
            about: "Pictures of digits, read row by row:",
            files: vec![
                ("digits.csv", train),
                ("digits-dev.csv", dev),
                ("digits-test.csv", test),
                ("digits-new.csv", new),
            ],
            line: "elman train classify --train digits.csv --valid digits-dev.csv --out runs/digits",
        },
        Samples {
            about: "How a hand moved, by an accelerometer; and what a walker did at every moment:",
            files: vec![
                ("gestures.csv", tables::gestures(&mut generator(seed, &[3]))),
                ("rows.csv", tables::recording(&mut generator(seed, &[4]))),
            ],
            line: "elman train label --train rows.csv",
        },
        Samples {
            about: "Surnames and where they are at home:",
            files: vec![("names.tsv", texts::surnames(&mut generator(seed, &[5])))],
            line: "elman train classify --train names.tsv --tokens chars",
        },
        Samples {
            about: "A chaotic wave on a parabola, moved by heat; and how it goes on:",
            files: vec![("series.csv", series), ("live.csv", live)],
            line: "elman train forecast --train series.csv --target y --split-column split --out runs/series",
        },
        Samples {
            about: "Five numbers and the square of the next; and engines on a test bench:",
            files: vec![
                ("windows.csv", tables::windows(1..997, 1, true)),
                ("windows-test.csv", tables::windows(500..1996, 23, true)),
                ("windows-new.csv", tables::windows(46..1997, 1950, false)),
                ("engine.csv", tables::engine(&mut generator(seed, &[6]))),
            ],
            line: "elman train regress --train windows.csv --target y --out runs/squares",
        },
        Samples {
            about: "A story without end, lines with more and less sense, and first names:",
            files: vec![
                ("story.txt", texts::story(seed, 10, 2400)),
                ("story-test.txt", texts::story(seed, 11, 240)),
                ("lines.txt", texts::lines(seed)),
                ("names.txt", texts::first_names(&mut generator(seed, &[7]))),
            ],
            line: "elman train text --train story.txt --out runs/story",
        },
    ]
}

/// The sentences of `elman demo names`.
fn names(seed: u64) -> Samples {
    let DemoCorpus {
        train,
        valid,
        mut test,
    } = DemoCorpus::generate(seed);
    let new = test.split_off(test.len().saturating_sub(8));
    Samples {
        about: "Sentences with names of people:",
        files: vec![
            ("train.conll", to_conll(&train)),
            ("dev.conll", to_conll(&valid)),
            ("test.conll", to_conll(&test)),
            ("new.conll", new.iter().map(tokens).collect()),
        ],
        line: "elman train label --train train.conll --valid dev.conll --out runs/names",
    }
}

/// A sentence whose labels are yet to be found.
fn tokens(sentence: &Sentence) -> String {
    sentence.tokens.join("\n") + "\n\n"
}

fn generator(seed: u64, place: &[u64]) -> Pcg64Mcg {
    let place: Vec<u64> = [6].iter().chain(place).copied().collect();
    seeds::generator(seed, Purpose::Demo, &place)
}
