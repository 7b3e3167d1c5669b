//! Driving the binary as a person would.

#![allow(dead_code, reason = "every test program uses a part of this")]

pub mod tables;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// What a command did.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A folder to work in, with a small corpus.
pub struct Workshop {
    pub home: TempDir,
}

impl Workshop {
    /// With `train.conll` and `test.conll`: B-NAME and I-NAME after titles, O elsewhere.
    pub fn new() -> Self {
        let workshop = Self {
            home: TempDir::new().expect("a temporary folder"),
        };
        workshop.write("train.conll", corpus(90, 1));
        workshop.write("test.conll", corpus(30, 2));
        workshop
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file is written");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Reads a text file.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    /// The command, in the folder.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_elman"));
        command
            .args(line.split_whitespace())
            .current_dir(&self.home)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, line: &str) -> Ran {
        Ran::of(self.command(line).output().expect("the binary starts"))
    }

    /// Runs a command that must succeed; returns its standard output.
    pub fn ok(&self, line: &str) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, 0, "elman {line}\n{}{}", ran.out, ran.err);
        ran.out
    }

    /// Runs a command that must fail with this code and a message that holds these words.
    pub fn fails(&self, line: &str, code: i32, words: &[&str]) {
        let ran = self.run(line);
        assert_eq!(ran.code, code, "elman {line}\n{}{}", ran.out, ran.err);
        for word in words {
            assert!(
                ran.err.contains(word),
                "elman {line}: {:?} is not in\n{}",
                word,
                ran.err
            );
        }
    }

    /// Runs a command whose standard input comes in pieces, with a pause before each but the first.
    pub fn feed(&self, line: &str, pieces: &[impl AsRef<[u8]>]) -> Ran {
        let mut command = self.command(line);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut input = child.stdin.take().expect("a pipe");
        let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.as_ref().to_vec()).collect();
        let writer = std::thread::spawn(move || {
            for (i, piece) in pieces.iter().enumerate() {
                if i > 0 {
                    sleep(Duration::from_millis(200));
                }
                // A command that refuses its data reads no more of them.
                let _ = input.write_all(piece);
            }
        });
        let output = child.wait_with_output().expect("an end");
        writer.join().expect("a writer");
        Ran::of(output)
    }

    /// The same of data in one piece.
    pub fn piped(&self, line: &str, data: impl AsRef<[u8]>) -> Ran {
        self.feed(line, &[data])
    }

    /// Trains a net on a file, which must go well; gives what was said.
    pub fn learn(&self, task: &str, file: &str, flags: &str) -> String {
        let line = format!("train {task} --train {file} --out {file}.run {QUICK} {flags}");
        let ran = self.run(&line);
        assert_eq!(ran.code, 0, "{file}: {}", ran.err);
        ran.err
    }

    /// A tensor of a run's model.
    pub fn tensor(&self, run: &str, name: &str) -> Vec<f32> {
        let content = self.read(&format!("{run}/model.safetensors"));
        let file = safetensors::SafeTensors::deserialize(&content).expect("a model");
        let words = file
            .tensor(name)
            .expect("the tensor")
            .data()
            .chunks_exact(4);
        words
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    }

    /// What a run scores on a file.
    pub fn scores(&self, run: &str, data: &str) -> serde_json::Value {
        let text = self.ok(&format!("eval {run} --data {data} --json"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Trains a tiny net into `out`.
    pub fn train(&self, out: &str, more: &str) {
        self.ok(&format!(
            "train label --train train.conll --out {out} {TINY} {more}"
        ));
    }
}

/// One that learns what is plain.
pub const QUICK: &str = "--hidden 12 --embedding 8 --epochs 12 --batch 8 --lr 0.01 --dropout 0 --patience 0 --threads 1";

/// A net that trains in a moment.
pub const TINY: &str = "--hidden 12 --embedding 8 --epochs 4 --batch 16 --dropout 0.2 --lr 0.01";

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Sentences of two kinds, numbered so that they vary without a generator.
pub fn corpus(sentences: usize, salt: usize) -> String {
    let (titles, names) = (
        ["Mr.", "Mrs.", "Dr."],
        ["Aho", "Bell", "Cray", "Dahl", "Eckert"],
    );
    let (verbs, things) = (["sees", "has", "wants"], ["Boats", "lamps", "Maps", "rain"]);
    let mut text = String::new();
    for i in 0..sentences {
        let n = i * 7 + salt * 3 + i / 5;
        if i % 3 == 0 {
            let (thing, verb, other) = (things[n % 4], verbs[n % 3], things[(n / 2) % 4]);
            text += &format!("{thing}\tO\n{verb}\tO\n{other}\tO\n.\tO\n\n");
        } else {
            let (title, first, last) = (titles[n % 3], names[n % 5], names[(n / 3) % 5]);
            let (verb, thing) = (verbs[(n / 2) % 3], things[n % 4]);
            text += &format!(
                "{title}\tO\n{first}\tB-NAME\n{last}\tI-NAME\n{verb}\tO\n{thing}\tO\n.\tO\n\n"
            );
        }
    }
    text
}

/// What kills met.
#[derive(Debug, Default)]
pub struct Kills {
    /// Processes that were still at work.
    pub kills: usize,
    /// Checkpoints that a kill left in the middle of an epoch.
    pub within: usize,
}

/// Trains every job at one go, and again with kills (SIGKILL) at random moments; models and last states must be the same
/// bytes.
pub fn kill_at_random(shop: &Workshop, jobs: &[&str], size: &str, times: usize) -> Kills {
    let mut met = Kills::default();
    for (number, job) in jobs.iter().enumerate() {
        shop.ok(&format!("{job} {size} --out whole{number}"));
        let folder = format!("killed{number}");
        let line = || match shop.path(&folder).join("config.toml").exists() {
            true => format!("train --resume {folder}"),
            false => format!("{job} {size} --checkpoint-every 1ms --out {folder}"),
        };
        let mut random = 7 * number as u64 + 1;
        for _ in 0..times {
            // The minimal standard generator.
            random = random * 16_807 % 0x7FFF_FFFF;
            let mut command = shop.command(&line());
            let mut child = command.stderr(Stdio::null()).spawn().expect("it starts");
            sleep(Duration::from_micros(5_000 + random % 145_000));
            met.kills += usize::from(child.try_wait().expect("a state").is_none());
            child.kill().expect("a kill");
            child.wait().expect("an end");
            met.within += usize::from(stands_within_an_epoch(shop, &folder));
        }
        shop.ok(&line());
        for file in ["model.safetensors", "checkpoint.safetensors"] {
            let [whole, killed] =
                ["whole", "killed"].map(|run| shop.read(&format!("{run}{number}/{file}")));
            assert!(whole == killed, "{job}: {file} differs");
        }
    }
    eprintln!("{met:?}");
    met
}

fn stands_within_an_epoch(shop: &Workshop, run: &str) -> bool {
    let path = shop.path(run).join("checkpoint.safetensors");
    let content = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    text.contains("batches") && !text.contains("\\\"batches\\\":0")
}

/// The folder of the real data, or `None` with a message; on CI it must be there.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("ELMAN_DATA")
        .map_or_else(beside, PathBuf::from)
        .join(name);
    if data.is_dir() {
        return Some(data);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{} is missing, and CI must have it",
        data.display()
    );
    eprintln!(
        "SKIPPED: no real data at {}; set ELMAN_DATA to the folder that holds {name}",
        data.display()
    );
    None
}

pub fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Lines of `predict --json`.
pub fn predicted(shop: &Workshop, runs: &str, data: &str) -> Vec<Value> {
    shop.ok(&format!("predict {runs} --data {data} --json"))
        .lines()
        .map(parse)
        .collect()
}
