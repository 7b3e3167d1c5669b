//! Several runs: over folds of the data, from several seeds, and answering together.

mod common;

use common::tables::{SMALL, gestures, wave};
use common::{TINY, Workshop, parse, predicted};
use serde_json::Value;

/// The model that a run has.
fn model(shop: &Workshop, run: &str) -> Vec<u8> {
    shop.read(&format!("{run}/model.safetensors"))
}

#[test]
fn folds_are_ordinary_runs() {
    let shop = Workshop::new();
    let line = format!("train label --train train.conll {TINY} --epochs 2 --threads 1");
    let out = shop.ok(&format!("{line} --folds 3 --out cv"));
    let summary = parse(&shop.text("cv/summary.json"));
    assert_eq!(
        (&summary["kind"], &summary["score_name"]),
        (&"folds".into(), &"f1".into())
    );
    let scores: Vec<f64> = summary["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["score"].as_f64().unwrap())
        .collect();
    assert_eq!(scores.len(), 3);
    let mean = scores.iter().sum::<f64>() / 3.0;
    assert!((summary["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!(
        out.contains(&format!("f1 {mean:.4} on average, standard deviation")),
        "{out}"
    );
    assert!(
        out.contains("cv/fold-2 ") && out.contains("next: elman runs cv"),
        "{out}"
    );
    // Each is what its own flag trains, and can be repeated by its own settings.
    shop.ok(&format!("{line} --fold 2/3 --out alone"));
    assert!(model(&shop, "alone") == model(&shop, "cv/fold-2"));
    shop.ok("train label --config cv/fold-2/config.toml --out again");
    assert!(model(&shop, "again") == model(&shop, "cv/fold-2"));
    assert!(model(&shop, "cv/fold-1") != model(&shop, "cv/fold-2"));
    assert_eq!(shop.ok("runs cv --json").lines().count(), 3);
    assert_eq!(shop.ok("runs . --json").matches("cv/fold-").count(), 3);
    // A file of settings may ask for folds as well.
    shop.write("c.toml", "folds = 2\nepochs = 1\nhidden = 4\n");
    shop.ok("train label --config c.toml --train train.conll --out configured");
    assert_eq!(parse(&shop.text("configured/summary.json"))["planned"], 2);
    // What has ended is not repeated.
    let before = std::fs::metadata(shop.path("cv/fold-3/report.html"))
        .unwrap()
        .modified()
        .unwrap();
    let again = shop.ok("train --resume cv");
    assert_eq!(again, out);
    let after = std::fs::metadata(shop.path("cv/fold-3/report.html"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after);
    shop.fails("train --resume cv --epochs 9", 2, &["cv", "one of them"]);
    shop.fails(&format!("{line} --folds 3 --out cv"), 2, &["--resume cv"]);
    shop.fails(
        &format!("{line} --folds 3 --seeds 3 --out x"),
        2,
        &["one at a time"],
    );
    shop.fails(
        &format!("{line} --folds 3 --valid test.conll --out x"),
        2,
        &["--valid"],
    );
    shop.fails(
        &format!("{line} --folds 500 --out x"),
        2,
        &["500 folds", "90"],
    );
    shop.fails(&format!("{line} --fold 4/3 --out x"), 2, &["such as 2/5"]);
    shop.fails(
        "train echo --folds 3 --out x",
        2,
        &["--folds is not for elman train echo", "--seeds"],
    );
    assert!(!shop.path("x").exists());
}

#[test]
fn several_runs_go_on_where_they_were_killed() {
    let shop = Workshop::new();
    let line = format!(
        "train label --train train.conll {TINY} --epochs 20 --threads 1 --seed 5 --seeds 3 --quiet"
    );
    let began = std::time::Instant::now();
    shop.ok(&format!("{line} --out whole"));
    // However fast the machine is, some of these are before the end.
    let part = began.elapsed() / 8;
    assert!(
        shop.text("whole/seed-3/config.toml")
            .contains("\nseed = 7\n")
    );
    let mut kills = 0;
    for parts in 1..=4 {
        let go_on = match shop.path("killed/runs.toml").exists() {
            true => "train --resume killed --quiet".to_owned(),
            false => format!("{line} --checkpoint-every 1ms --out killed"),
        };
        let mut child = shop
            .command(&go_on)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(parts * part);
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "nothing was killed");
    let go_on = match shop.path("killed/runs.toml").exists() {
        true => "train --resume killed".to_owned(),
        false => format!("{line} --out killed"),
    };
    shop.ok(&go_on);
    for seed in 1..=3 {
        let name = format!("seed-{seed}");
        assert!(
            model(&shop, &format!("whole/{name}")) == model(&shop, &format!("killed/{name}")),
            "{name}"
        );
    }
    assert_eq!(
        shop.text("whole/summary.json"),
        shop.text("killed/summary.json")
    );
}

#[test]
fn every_task_has_its_folds() {
    let shop = Workshop::new();
    // Whole people are held out.
    let people: String = gestures(40, 1)
        .lines()
        .enumerate()
        .map(|(i, line)| match line.split_once(',') {
            Some((seq, _)) if i > 0 => format!("{line},p{}\n", seq.parse::<usize>().unwrap() % 5),
            _ => format!("{line},subject\n"),
        })
        .collect();
    shop.write("people.csv", people);
    let classify = format!("train classify --train people.csv {SMALL} --epochs 1");
    shop.fails(
        &format!("{classify} --folds 6 --out x"),
        2,
        &["6 folds need as many groups, and there are 5"],
    );
    let ran = shop.run(&format!("{classify} --folds 5 --out people"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        ran.err
            .matches("32 sequences (192 steps) to learn from, 8 to validate on")
            .count(),
        5,
        "{}",
        ran.err
    );

    // A series is learnt from up to the stretch that is forecast.
    shop.write("wave.csv", wave(240));
    let forecast = format!("train forecast --train wave.csv --target y {SMALL} --epochs 1");
    let ran = shop.run(&format!("{forecast} --folds 3 --out rolling"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let counts = ran
        .err
        .lines()
        .filter_map(|line| line.split_once(" sequences (")?.0.parse().ok());
    let counts: Vec<usize> = counts.collect();
    // In stretches of 32 steps: of 60, 120 and 180.
    assert_eq!(counts, [2, 4, 6]);

    shop.write(
        "names.txt",
        (0..40)
            .map(|i| format!("name{}\n", i * i))
            .collect::<String>(),
    );
    let text = format!("train text --train names.txt {SMALL} --epochs 1");
    shop.ok(&format!("{text} --folds 4 --out names"));
    assert_eq!(
        parse(&shop.text("names/summary.json"))["score_name"],
        "nats_per_token"
    );
    shop.fails(
        &format!("{text} --lines false --folds 4 --out x"),
        2,
        &["one running text"],
    );
    // Numbers from sequences: the slope, say.
    shop.write(
        "slopes.csv",
        gestures(40, 1)
            .replace("label", "y")
            .replace("up", "1.5")
            .replace("down", "-0.5"),
    );
    let regress = format!("train regress --train slopes.csv --target y {SMALL} --epochs 2");
    shop.ok(&format!("{regress} --folds 4 --out slopes"));
    assert_eq!(parse(&shop.text("slopes/summary.json"))["score_name"], "r2");
    let json = parse(&shop.ok("compare slopes/fold-1 slopes/fold-2 --data slopes.csv --json"));
    assert_eq!(
        (&json["test"]["test"], &json["test"]["examples"]),
        (&"diebold-mariano".into(), &40.into())
    );

    shop.ok("train echo --steps-per-epoch 500 --epochs 1 --threads 1 --seeds 2 --out echoes");
    assert!(!shop.path("x").exists());
}

#[test]
fn runs_answer_together() {
    let shop = Workshop::new();
    // The seed chooses what is held out, and so the vocabulary.
    shop.ok(&format!(
        "train label --train train.conll {TINY} --threads 1 --seeds 3 --out tags"
    ));
    let all = shop.scores("tags", "test.conll");
    assert_eq!(
        all,
        shop.scores("tags/seed-1 tags/seed-2 tags/seed-3", "test.conll")
    );
    assert_eq!(
        all["items"],
        shop.scores("tags/seed-1", "test.conll")["items"]
    );
    assert_ne!(
        all["loss"],
        shop.scores("tags/seed-1", "test.conll")["loss"]
    );
    let labelled = shop.ok("predict tags --data test.conll");
    assert_eq!(
        labelled.lines().count(),
        shop.text("test.conll").lines().count()
    );

    shop.write("train.csv", gestures(60, 1));
    shop.write("test.csv", gestures(20, 2));
    let classify = format!("train classify --train train.csv {SMALL} --epochs 3");
    shop.ok(&format!("{classify} --folds 2 --out moves"));
    let (together, apart) = (
        predicted(&shop, "moves", "test.csv"),
        ["moves/fold-1", "moves/fold-2"].map(|run| predicted(&shop, run, "test.csv")),
    );
    let right = together.iter().enumerate().filter(|(i, one)| {
        let p = |one: &Value| one["probabilities"]["up"].as_f64().unwrap();
        let mean = (p(&apart[0][*i]) + p(&apart[1][*i])) / 2.0;
        assert!((p(one) - mean).abs() < 1e-6, "{one} {mean}");
        let up = one["seq"].as_str().unwrap().parse::<usize>().unwrap() % 2 == 0;
        one["class"] == if up { "up" } else { "down" }
    });
    let accuracy = right.count() as f64 / 20.0;
    assert_eq!(
        shop.scores("moves", "test.csv")["accuracy"].as_f64(),
        Some(accuracy)
    );

    shop.write("wave.csv", wave(260));
    let forecast = format!(
        "train forecast --train wave.csv --target y --split-column split {SMALL} --epochs 5"
    );
    shop.ok(&format!("{forecast} --out w1"));
    shop.ok(&format!("{forecast} --out w2 --seed 9 --hidden 9"));
    let (together, apart) = (
        predicted(&shop, "w1 w2", "wave.csv"),
        ["w1", "w2"].map(|run| predicted(&shop, run, "wave.csv")),
    );
    for (i, one) in together.iter().enumerate() {
        let value = |one: &Value| one["forecast"].as_f64().unwrap();
        let mean = (value(&apart[0][i]) + value(&apart[1][i])) / 2.0;
        assert!((value(one) - mean).abs() < 1e-12);
    }
    let scored = parse(&shop.ok("eval w1 w2 --data wave.csv --part test --json"));
    let errors = together
        .windows(2)
        .skip(207)
        .map(|pair| pair[0]["forecast"].as_f64().unwrap() - pair[1]["value"].as_f64().unwrap());
    let squares: f64 = errors.map(|error| error * error).sum();
    assert!(
        (scored["rmse"].as_f64().unwrap() - (squares / 52.0).sqrt()).abs() < 1e-6,
        "{scored}"
    );
    assert_eq!(
        shop.ok("predict w1 w2 --data wave.csv --steps 3")
            .lines()
            .count(),
        4
    );

    shop.ok(&format!("{forecast} --horizon 2 --out w3"));
    shop.fails(
        "eval w1 w3 --data wave.csv",
        2,
        &["w1 and w3", "steps ahead, the other 2"],
    );
    shop.fails(
        "eval w1 tags --data wave.csv",
        2,
        &["w1 and tags/seed-1", "forecast", "label"],
    );
    shop.fails("predict moves --data test.csv --int8", 2, &["--int8"]);
    shop.fails("eval moves --data test.csv --int8", 2, &["name one run"]);
    shop.write("names.tsv", "ab\tx\nba\tx\naa\ty\nbb\ty\n".repeat(9));
    shop.ok(&format!(
        "train classify --train names.tsv {SMALL} --epochs 1 --out names"
    ));
    shop.fails(
        "eval moves/fold-1 names --data test.csv",
        2,
        &["they know different classes"],
    );
    shop.write("t.txt", "the cat sat on the mat\n".repeat(40));
    shop.ok(&format!(
        "train text --train t.txt {SMALL} --epochs 1 --seeds 2 --out texts"
    ));
    shop.fails("eval texts --data t.txt", 2, &["do not answer together"]);
}
