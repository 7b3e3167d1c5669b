//! The same model, byte for byte: whatever the number of threads, however often a run was stopped.

mod common;

use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{TINY, Workshop};

const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Long enough to be stopped in the middle.
const LONG: &str = "--epochs 60 --patience 0 --hidden 48 --batch 4 --checkpoint-every 5ms";

fn model(shop: &Workshop, run: &str) -> Vec<u8> {
    shop.read(&format!("{run}/{MODEL}"))
}

/// Best model and last state: parameters, optimizer and counters of the last epoch.
fn assert_same(shop: &Workshop, one: &str, other: &str) {
    for file in [MODEL, CHECKPOINT] {
        let [one, other] = [one, other].map(|run| shop.read(&format!("{run}/{file}")));
        assert!(one == other, "{file} differs");
    }
}

#[test]
fn threads_change_nothing() {
    let shop = Workshop::new();
    for threads in [1, 2, 5] {
        shop.train(
            &format!("run{threads}"),
            &format!("--batch 32 --threads {threads}"),
        );
    }
    assert_same(&shop, "run1", "run2");
    assert_same(&shop, "run1", "run5");
    shop.train("other", "--batch 32 --seed 2");
    assert_ne!(model(&shop, "run1"), model(&shop, "other"), "the seed does");
}

/// Waits until a run has so many epochs behind it.
fn wait_for_epochs(shop: &Workshop, run: &str, epochs: usize) {
    let metrics = shop.path(run).join("metrics.jsonl");
    let began = Instant::now();
    while std::fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < epochs {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "no epoch {epochs} in {}",
            metrics.display()
        );
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_run_goes_on_to_the_same_model() {
    let shop = Workshop::new();
    shop.train("whole", LONG);
    let line = format!("train label --train train.conll --out killed {TINY} {LONG}");
    let mut child = shop.command(&line).spawn().expect("the binary starts");
    for epochs in [2, 9, 17] {
        wait_for_epochs(&shop, "killed", epochs);
        child.kill().expect("a kill");
        child.wait().expect("an end");
        child = shop
            .command("train --resume killed")
            .spawn()
            .expect("the binary starts");
    }
    assert!(child.wait().expect("an end").success());
    assert_same(&shop, "whole", "killed");
    let epochs = |run: &str| {
        let text = shop.text(&format!("{run}/metrics.jsonl"));
        let epoch = |line: &str| {
            let epoch: serde_json::Value = serde_json::from_str(line).expect("JSON");
            (
                epoch["epoch"].as_u64(),
                epoch["train_loss"].as_f64(),
                epoch["score"].as_f64(),
            )
        };
        text.lines().map(epoch).collect::<Vec<_>>()
    };
    assert_eq!(epochs("whole"), epochs("killed"));
    // Every process that saw an epoch end leaves an event file.
    let is_event_file = |name: &String| name.starts_with("events.out.tfevents.");
    let names = std::fs::read_dir(shop.path("killed")).expect("a folder");
    let mut names: Vec<String> = names
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !is_event_file(name))
        .collect();
    names.sort();
    let whole = [
        ".lock",
        "calls.jsonl",
        "checkpoint.safetensors",
        "config.toml",
        "metrics.jsonl",
        "model.safetensors",
        "report.html",
    ];
    assert_eq!(names, whole, "no torn files stay behind");
}

/// A file for every task.
fn fill(shop: &Workshop, sequences: usize) {
    shop.write("train.conll", common::corpus(sequences, 1));
    let words = [
        "walking\tnow",
        "walked\tthen",
        "resting\tnow",
        "rested\tthen",
    ];
    shop.write("words.tsv", (words.join("\n") + "\n").repeat(sequences / 4));
    let (mut waves, mut rows) = ("seq,t,x,label\n".to_owned(), "seq,t,x,label\n".to_owned());
    for i in 0..sequences {
        for t in 0..3 + i % 4 {
            let x = (i * 7 + t) % 5;
            waves += &format!("{i},{t},{x},{}\n", i % 2);
            rows += &format!("{i},{t},{x},{}\n", x % 2);
        }
    }
    shop.write("waves.csv", waves);
    shop.write("rows.csv", rows);
    let step = |t: usize| {
        let y = (t as f64 / 3.0).sin() + (t * 7919 % 101) as f64 / 300.0;
        format!("{y:.4},{}\n", t % 7)
    };
    let series = (0..4 * sequences).map(step).collect::<String>();
    shop.write("series.csv", "y,lead\n".to_owned() + &series);
    shop.write("rhyme.txt", "der sah viele Löwen\n".repeat(sequences));
}

/// Jobs of every kind, with epochs long enough to be killed within them; text and echoes have a test of their own.
const JOBS: [&str; 7] = [
    "train label --train train.conll --accumulate 2 --warm-up 30 --average 0.99 --recurrent-dropout 0.2",
    "train label --train train.conll --transitions --average 0.99 --accumulate 2",
    "train label --train train.conll --bidirectional false --k1 2 --k2 3 --schedule plateau",
    "train classify --train words.tsv --tokens chars --class-weights balanced --optimizer momentum --average 0.999 --smoothing 0.1",
    "train classify --train waves.csv --noise 0.3 --layers 2 --train-initial-state --cell lstm",
    "train forecast --train series.csv --target y --inputs lead --hidden 96 --dropout 0.1",
    "train regress --train series.csv --target y --inputs lead --hidden 96",
];

#[test]
fn kills_at_random_moments_change_nothing() {
    let shop = Workshop::new();
    fill(&shop, 400);
    let met = common::kill_at_random(&shop, &JOBS, "--hidden 48 --epochs 100 --patience 0", 6);
    assert!(met.within >= 4, "hardly any within an epoch: {met:?}");
}

/// A job per task and kind of data.
const CONFIGURED: [&str; 11] = [
    "label --train train.conll --format conll --dropout 0.1 --layers 2",
    "label --train rows.csv --noise 0.2 --format csv",
    "label --train train.conll --transitions",
    "classify --train waves.csv --class-weights balanced --time-limit 1h --average 0.9 --smoothing 0.1",
    "classify --train words.tsv --tokens chars --warm-up 3 --cell gru",
    "classify --train words.tsv --valid words.tsv --tokens words --optimizer sgd --lr 0.0000012345678901",
    "forecast --train series.csv --target y --inputs lead --horizon 2 --train-initial-state --cell lstm",
    "regress --train series.csv --target y --inputs lead --read every --noise 0.1",
    "text --train rhyme.txt --k1 4 --k2 9 --lines false",
    "text --train rhyme.txt --tokens words --lines --accumulate 2",
    "echo --steps-per-epoch 2000 --delay 4 --classes 3 --seed 9007199254740993",
];

#[test]
fn every_configuration_file_repeats_its_run() {
    let shop = Workshop::new();
    fill(&shop, 40);
    for (number, job) in CONFIGURED.iter().enumerate() {
        let task = job.split(' ').next().expect("a task");
        let [run, again] = ["run", "again"].map(|name| format!("{name}{number}"));
        shop.ok(&format!("train {job} --hidden 10 --epochs 2 --out {run}"));
        shop.ok(&format!(
            "train {task} --config {run}/config.toml --out {again}"
        ));
        assert_same(&shop, &run, &again);
        let settings = |run: &str| shop.text(&format!("{run}/config.toml")).replace(run, "");
        assert_eq!(settings(&run), settings(&again), "{job}");
    }
}

#[test]
fn a_run_without_a_checkpoint_starts_over_and_a_finished_one_stays() {
    let shop = Workshop::new();
    shop.train("run", "");
    let before = model(&shop, "run");
    shop.ok("train --resume run");
    assert_eq!(model(&shop, "run"), before);
    for file in [MODEL, CHECKPOINT] {
        std::fs::remove_file(shop.path("run").join(file)).expect("removed");
    }
    shop.ok("train --resume run");
    assert_eq!(model(&shop, "run"), before);
}

#[test]
fn a_run_goes_on_only_with_the_data_it_began_with() {
    let shop = Workshop::new();
    shop.train("run", "");
    shop.write("train.conll", common::corpus(91, 1));
    shop.fails(
        "train --resume run",
        2,
        &["checkpoint.safetensors", "data are not what they were"],
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_how_to_go_on() {
    let shop = Workshop::new();
    shop.train("whole", LONG);
    let line = format!("train label --train train.conll --out run {TINY} {LONG}");
    let mut command = shop.command(&line);
    let child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    wait_for_epochs(&shop, "run", 3);
    let status = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success());
    let ran = common::Ran::of(child.wait_with_output().expect("an end"));
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert!(ran.err.contains("elman train --resume run"), "{}", ran.err);
    let page = shop.text("run/report.html");
    assert!(page.contains(", stopped") && page.contains("elman train --resume run"));
    shop.ok("train --resume run");
    assert_same(&shop, "whole", "run");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_start_at_once() {
    use std::io::{BufRead, BufReader};

    let shop = Workshop::new();
    // Orthogonal weights for so many units take many seconds.
    let line = "train label --train train.conll --out run --cell lstm --hidden 2048 --bidirectional false --batch 8";
    let mut command = shop.command(line);
    let mut child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut next = || lines.next().map(|line| line.expect("text"));
    let first = next().expect("a line");
    assert!(first.starts_with("drawing the first weights"), "{first}");
    let status = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.expect("kill runs").success());
    let asked = std::time::Instant::now();
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    let waited = asked.elapsed();
    assert!(waited < std::time::Duration::from_secs(1), "{waited:?}");
    let last = next().expect("a reason");
    assert!(last.contains("before the first update"), "{last}");
    assert!(!shop.path("run/checkpoint.safetensors").exists());
}

#[test]
fn a_configuration_file_repeats_a_run_and_flags_win() {
    let shop = Workshop::new();
    shop.train(
        "run",
        "--dropout 0.1 --layers 2 --seed 9007199254740993 --lr 0.003 --train-initial-state",
    );
    shop.ok("train label --config run/config.toml --out again");
    assert_same(&shop, "run", "again");
    let settings = |run: &str| {
        let text = shop.text(&format!("{run}/config.toml"));
        text.lines()
            .filter(|line| !line.starts_with("out ="))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(settings("run"), settings("again"));
    shop.ok("train label --config run/config.toml --out shallow --layers 1");
    assert!(shop.text("shallow/config.toml").contains("layers = 1\n"));
}
