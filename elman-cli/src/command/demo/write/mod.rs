//! `elman demo --write DIR`: made-up samples for every task, small enough that a net learns them in seconds. The lines of the
//! README work with them.

mod digits;
mod nets;
mod tables;
mod texts;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::base::failure::{Failure, Result};
use crate::base::folder::write_atomic;
use crate::base::seeds::{self, Purpose};
use crate::data::conll::Sentence;
use crate::data::demo::{DemoCorpus, to_conll};

/// Files of one kind, and a command that takes them.
struct Samples {
    about: &'static str,
    files: Vec<(&'static str, Vec<u8>)>,
    line: &'static str,
}

/// Writes the samples of a seed into a folder that is new or empty, and says what it wrote.
///
/// # Errors
/// A folder that holds something or cannot be written.
pub fn run(folder: &Path, seed: u64) -> Result<()> {
    make_empty(folder)?;
    let all = samples(seed)?;
    for (name, content) in all.iter().flat_map(|samples| &samples.files) {
        write_atomic(&folder.join(name), content)?;
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

fn samples(seed: u64) -> Result<Vec<Samples>> {
    let rng = |place: &[u64]| {
        let place: Vec<u64> = [6].iter().chain(place).copied().collect();
        seeds::generator(seed, Purpose::Demo, &place)
    };
    let digits = |part, count| digits::table(&mut rng(&[1, part]), count, part != 4);
    let (series, live) = tables::series(&mut rng(&[2]));
    Ok(vec![
        names(seed),
        Samples {
            about: "Pictures of digits, read row by row:",
            files: files([
                ("digits.csv", digits(1, 500)),
                ("digits-dev.csv", digits(2, 100)),
                ("digits-test.csv", digits(3, 100)),
                ("digits-new.csv", digits(4, 10)),
            ]),
            line: "elman train classify --train digits.csv --valid digits-dev.csv --out runs/digits",
        },
        Samples {
            about: "How a hand moved, by an accelerometer; and what a walker did at every moment:",
            files: files([
                ("gestures.csv", tables::gestures(&mut rng(&[3]))),
                ("rows.csv", tables::recording(&mut rng(&[4]))),
            ]),
            line: "elman train label --train rows.csv",
        },
        Samples {
            about: "Surnames and the language that they are of:",
            files: files([("names.tsv", texts::surnames(&mut rng(&[5])))]),
            line: "elman train classify --train names.tsv --tokens chars",
        },
        Samples {
            about: "A chaotic wave on a parabola, moved by heat; and how it goes on:",
            files: files([("series.csv", series), ("live.csv", live)]),
            line: "elman train forecast --train series.csv --target y --split-column split --out runs/series",
        },
        Samples {
            about: "Five numbers and the square of the next; and engines on a test bench:",
            files: files([
                ("windows.csv", tables::windows(1..997, 1, true)),
                ("windows-test.csv", tables::windows(500..1996, 23, true)),
                ("windows-new.csv", tables::windows(46..1997, 1950, false)),
                ("engine.csv", tables::engine(&mut rng(&[6]))),
            ]),
            line: "elman train regress --train windows.csv --target y --out runs/squares",
        },
        Samples {
            about: "A story without end, lines with more and less sense, and first names:",
            files: files([
                ("story.txt", texts::story(seed, 10, 1200)),
                ("story-test.txt", texts::story(seed, 11, 240)),
                ("lines.txt", texts::lines(seed)),
                ("names.txt", texts::first_names(&mut rng(&[7]))),
            ]),
            line: "elman train text --train story.txt --hidden 128 --out runs/story",
        },
        Samples {
            about: "Nets as PyTorch saves them, not learnt but thought out:",
            files: vec![
                ("tagger.safetensors", nets::tagger()?),
                ("words.txt", nets::WORDS.into()),
                ("hidden.safetensors", nets::hidden()?),
            ],
            line: "elman import tagger.safetensors --task label --labels O,B-PER,I-PER --vocabulary words.txt",
        },
    ])
}

fn files<const N: usize>(texts: [(&'static str, String); N]) -> Vec<(&'static str, Vec<u8>)> {
    texts.map(|(name, text)| (name, text.into_bytes())).into()
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
        files: files([
            ("train.conll", to_conll(&train)),
            ("dev.conll", to_conll(&valid)),
            ("test.conll", to_conll(&test)),
            ("new.conll", new.iter().map(tokens).collect()),
        ]),
        line: "elman train label --train train.conll --valid dev.conll --out runs/names",
    }
}

/// A sentence whose labels are yet to be found.
fn tokens(sentence: &Sentence) -> String {
    sentence.tokens.join("\n") + "\n\n"
}
