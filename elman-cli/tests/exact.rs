//! The same model, byte for byte: whatever the number of threads, however often a run was stopped.

mod common;

use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{TINY, Workshop};

const MODEL: &str = "model.safetensors";
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Long enough to be stopped in the middle.
const LONG: &str = "--epochs 60 --patience 0 --hidden 48 --batch 4";

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
        "checkpoint.safetensors",
        "config.toml",
        "metrics.jsonl",
        "model.safetensors",
        "report.html",
    ];
    assert_eq!(names, whole, "no torn files stay behind");
}

/// Jobs of every kind, long enough to be killed several times.
const JOBS: [&str; 4] = [
    "train label --train train.conll --accumulate 2 --warm-up 30 --average 0.99",
    "train label --train train.conll --bidirectional false --k1 2 --k2 3 --schedule plateau",
    "train classify --train words.tsv --tokens chars --class-weights balanced --optimizer momentum --average 0.999 --smoothing 0.1",
    "train classify --train waves.csv --noise 0.3 --layers 2 --train-initial-state",
];

#[test]
fn kills_at_random_moments_change_nothing() {
    let shop = Workshop::new();
    let words = [
        "walking\tnow",
        "walked\tthen",
        "resting\tnow",
        "rested\tthen",
    ];
    shop.write("words.tsv", (words.join("\n") + "\n").repeat(20));
    let mut waves = "seq,t,x,label\n".to_owned();
    for i in 0..80 {
        for t in 0..3 + i % 4 {
            waves += &format!("{i},{t},{},{}\n", (i * 7 + t) % 5, i % 2);
        }
    }
    shop.write("waves.csv", waves);
    let size = "--hidden 32 --batch 4 --epochs 40 --patience 0";
    let mut kills = 0;
    for (number, job) in JOBS.iter().enumerate() {
        shop.ok(&format!("{job} {size} --out whole{number}"));
        let mut command = shop.command(&format!("{job} {size} --out killed{number}"));
        // A generator of our own, seeded by the number: 16 807 is the minimal standard.
        let mut random = number as u64 + 1;
        for _ in 0..6 {
            random = random * 16_807 % 0x7FFF_FFFF;
            let mut child = command
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("it starts");
            sleep(Duration::from_millis(5 + random % 120));
            if child.try_wait().expect("a state").is_none() {
                child.kill().expect("a kill");
                kills += 1;
            }
            child.wait().expect("an end");
            let has_begun = shop.path(&format!("killed{number}/config.toml")).exists();
            let line = if has_begun {
                format!("train --resume killed{number}")
            } else {
                format!("{job} {size} --out killed{number}")
            };
            command = shop.command(&line);
        }
        let last = command.stderr(std::process::Stdio::piped()).output();
        let last = common::Ran::of(last.expect("it starts"));
        assert_eq!(last.code, 0, "{job}: {}", last.err);
        assert_same(&shop, &format!("whole{number}"), &format!("killed{number}"));
    }
    assert!(kills > 0, "some must have come in time");
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
    shop.ok("train --resume run");
    assert_same(&shop, "whole", "run");
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
