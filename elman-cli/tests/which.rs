//! Which run: comparing two, what a run shows of itself, folds and seeds, runs that answer together, and why.

mod common;

use common::{TINY, Workshop};
use serde_json::Value;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Sequences of two classes that lie a little apart: the first column rises or falls.
fn gestures(sequences: usize, salt: usize) -> String {
    let mut text = "seq,t,x,z,label\n".to_owned();
    for i in 0..sequences {
        let (label, slope) = if i % 2 == 0 {
            ("up", 1.0)
        } else {
            ("down", -1.0)
        };
        for t in 0..6 {
            let wave = ((i * 31 + salt * 17 + t * 7) % 13) as f64 / 4.0 - 1.5;
            let x = slope * t as f64 / 3.0 + wave;
            text += &format!("{i},{t},{x:.3},{:.3},{label}\n", -wave / 2.0);
        }
    }
    text
}

/// A wave with a rhythm that a line does not foresee.
fn wave(steps: usize) -> String {
    let mut text = "t,y,split\n".to_owned();
    let mut x = 0.3f64;
    for t in 0..steps {
        x = 3.7 * x * (1.0 - x);
        let part = if t * 10 < steps * 6 {
            "train"
        } else if t * 10 < steps * 8 {
            "dev"
        } else {
            "test"
        };
        text += &format!("{t},{x:.6},{part}\n");
    }
    text
}

/// Nets for numbers that train in a moment.
const SMALL: &str = "--hidden 6 --batch 8 --lr 0.02 --patience 0 --threads 1";

#[test]
fn runs_are_compared_on_the_same_sentences() {
    let shop = Workshop::new();
    shop.train("a", "--epochs 1");
    shop.train("b", "--epochs 8 --hidden 16");
    let plain = shop.ok("compare a b");
    for part in [
        "--hidden",
        "12",
        "16",
        "parameters",
        "MACs per step",
        "f1",
        "--data FILE",
    ] {
        assert!(plain.contains(part), "{part}\n{plain}");
    }
    assert!(!plain.contains("--lr"), "the same in both\n{plain}");
    let table = shop.ok("compare a b --data test.conll");
    assert!(
        table.contains("B is better: its F1 is") && table.contains("p < 0.001"),
        "{table}"
    );
    let json = parse(&shop.ok("compare a b --data test.conll --json"));
    assert_eq!(
        (&json["test"]["test"], &json["test"]["better"]),
        (&"paired-bootstrap".into(), &"B".into())
    );
    assert_eq!(json["test"]["examples"], 30);
    assert_eq!(json["a"]["settings"]["epochs"], "1");
    for (side, run) in [("a", "a"), ("b", "b")] {
        assert_eq!(
            json[side]["data_score"]["value"],
            shop.scores(run, "test.conll")["f1"]
        );
    }
    assert_eq!(json["same_validation"], true);
    let same = parse(&shop.ok("compare a a --data test.conll --json"));
    assert_eq!(
        (&same["test"]["p"], &same["test"]["better"]),
        (&1.0.into(), &Value::Null)
    );
    shop.fails("compare a nowhere", 2, &["nowhere", "no such run"]);
    shop.fails("compare a b --part test", 2, &["--data"]);
}

#[test]
fn classes_forecasts_and_texts_are_compared() {
    let shop = Workshop::new();
    shop.write("train.csv", gestures(60, 1));
    shop.write("test.csv", gestures(80, 2));
    shop.ok(&format!(
        "train classify --train train.csv --out c1 {SMALL} --epochs 1"
    ));
    shop.ok(&format!(
        "train classify --train train.csv --out c2 {SMALL} --epochs 12 --seed 2"
    ));
    let json = parse(&shop.ok("compare c1 c2 --data test.csv --json"));
    let test = &json["test"];
    assert_eq!(
        (&test["test"], &test["examples"]),
        (&"mcnemar".into(), &80.into())
    );
    let right = |side: &str| json[side]["data_score"]["value"].as_f64().unwrap() * 80.0;
    let gain = test["only_b_right"].as_f64().unwrap() - test["only_a_right"].as_f64().unwrap();
    assert!((right("b") - right("a") - gain).abs() < 1e-9, "{json}");
    // Without data of its own the seed chooses what is held out.
    assert_eq!(json["same_validation"], false);

    shop.write("wave.csv", wave(260));
    let forecast = "train forecast --train wave.csv --target y --split-column split";
    shop.ok(&format!("{forecast} --out f1 {SMALL} --epochs 1"));
    shop.ok(&format!(
        "{forecast} --out f2 {SMALL} --epochs 40 --hidden 12"
    ));
    let json = parse(&shop.ok("compare f1 f2 --data wave.csv --part test --json"));
    assert_eq!(
        (&json["test"]["test"], &json["test"]["better"]),
        (&"diebold-mariano".into(), &"B".into())
    );
    assert_eq!(
        (&json["test"]["examples"], &json["same_validation"]),
        (&52.into(), &true.into())
    );
    shop.ok(&format!(
        "{forecast} --horizon 2 --out f3 {SMALL} --epochs 1"
    ));
    shop.fails(
        "compare f1 f3 --data wave.csv",
        2,
        &["forecast 2 steps ahead", "not the same question"],
    );
    shop.fails(
        "compare f1 c1 --data wave.csv",
        2,
        &["forecast", "classify"],
    );

    shop.write(
        "t.txt",
        "the cat sat on the mat and\nthe dog sat on the log with a frog\n".repeat(12),
    );
    shop.ok(&format!(
        "train text --train t.txt --out t1 {SMALL} --epochs 1"
    ));
    shop.ok(&format!(
        "train text --train t.txt --out t2 {SMALL} --epochs 20 --seed 2"
    ));
    let table = shop.ok("compare t1 t2 --data t.txt");
    assert!(table.contains("B is better: a line costs it"), "{table}");
    shop.train("l", "--epochs 1");
    assert!(shop.ok("compare l c1").contains("classify"));
}

#[test]
fn a_run_shows_what_it_is_kept_for() {
    let shop = Workshop::new();
    shop.train("run", "--lr 0.02");
    let table = shop.ok("inspect run");
    let last = shop.text("run/metrics.jsonl");
    let best = last
        .lines()
        .rev()
        .map(parse)
        .find(|epoch| epoch["best"] == true)
        .unwrap();
    let score = format!(
        "score          f1 {:.4} on the validation data, after epoch {} of 4\n",
        best["score"].as_f64().unwrap(),
        best["epoch"]
    );
    assert!(table.starts_with(&score), "{score}{table}");
    let settings = table
        .split("settings of the run\n")
        .nth(1)
        .expect("settings");
    let has = |name: &str, value: &str| {
        let mut lines = settings
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines.any(|line| line == [name, value])
    };
    assert!(
        has("lr", "0.02") && has("hidden", "12") && has("task", "label"),
        "{settings}"
    );
    let json = parse(&shop.ok("inspect run --json"));
    assert_eq!(
        (&json["run"]["score"], &json["run"]["best_epoch"]),
        (&best["score"], &best["epoch"])
    );
    assert_eq!(json["run"]["settings"]["lr"], "0.02");
    // A net alone has nothing to tell.
    std::fs::create_dir(shop.path("alone")).unwrap();
    std::fs::copy(
        shop.path("run/model.safetensors"),
        shop.path("alone/model.safetensors"),
    )
    .unwrap();
    assert!(shop.ok("inspect alone").starts_with("input "));
    assert_eq!(parse(&shop.ok("inspect alone --json"))["run"], Value::Null);
}

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
        "train label --train train.conll {TINY} --epochs 6 --threads 1 --seed 5 --seeds 3 --quiet"
    );
    shop.ok(&format!("{line} --out whole"));
    assert!(
        shop.text("whole/seed-3/config.toml")
            .contains("\nseed = 7\n")
    );
    let mut kills = 0;
    for wait in [150, 250, 350, 500] {
        let go_on = match shop.path("killed/runs.toml").exists() {
            true => "train --resume killed --quiet".to_owned(),
            false => format!("{line} --checkpoint-every 1ms --out killed"),
        };
        let mut child = shop
            .command(&go_on)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
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
    shop.ok("train echo --steps-per-epoch 500 --epochs 1 --threads 1 --seeds 2 --out echoes");
    assert!(!shop.path("x").exists());
}

/// Lines of `predict --json`.
fn predicted(shop: &Workshop, runs: &str, data: &str) -> Vec<Value> {
    shop.ok(&format!("predict {runs} --data {data} --json"))
        .lines()
        .map(parse)
        .collect()
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

#[test]
fn answers_say_what_spoke_for_them() {
    let shop = Workshop::new();
    shop.train("tags", "--epochs 12");
    shop.write(
        "new.conll",
        "Mr.\nAho\nCray\nsees\nrain\n.\n\nlamps\nhas\nMaps\n.\n",
    );
    let lines = predicted(&shop, "tags", "new.conll --why");
    assert_eq!(lines.len(), 2);
    let plain = predicted(&shop, "tags", "new.conll");
    for (why, plain) in lines.iter().zip(&plain) {
        assert_eq!(
            (&why["tokens"], &why["labels"]),
            (&plain["tokens"], &plain["labels"])
        );
        let rows = why["why"].as_array().unwrap();
        assert_eq!(rows.len(), plain["tokens"].as_array().unwrap().len());
        assert!(
            rows.iter()
                .all(|row| row.as_array().unwrap().len() == rows.len())
        );
    }
    assert_eq!(lines[0]["labels"][1], "B-NAME");
    // A name is known by itself and its neighbours: what comes four words later says next to nothing.
    let weights = lines[0]["why"][1].as_array().unwrap();
    let size = |at: usize| weights[at].as_f64().unwrap().abs();
    assert!(
        size(0) + size(1) + size(2) > 5.0 * (size(4) + size(5)),
        "{weights:?}"
    );
    let text = shop.ok("predict tags --data new.conll --why");
    assert!(
        text.contains("Aho\tB-NAME rather than ") && text.lines().count() == 12,
        "{text}"
    );

    // Only x tells the classes apart.
    shop.write("train.csv", gestures(80, 1));
    shop.write("new.csv", "seq,t,x,z\n7,0,-2,0.1\n7,1,0,0\n7,2,2.5,-0.1\n");
    shop.ok(&format!(
        "train classify --train train.csv --out moves {SMALL} --epochs 15"
    ));
    let found = predicted(&shop, "moves", "new.csv --why").remove(0);
    assert_eq!(
        (&found["class"], &found["rather_than"], &found["columns"][0]),
        (&"up".into(), &"down".into(), &"x".into())
    );
    let why = found["why"].as_array().unwrap();
    let x = |step: usize| why[step][0].as_f64().unwrap();
    assert_eq!((why.len(), x(1).abs() < x(2).abs()), (3, true), "{found}");
    let text = shop.ok("predict moves --data new.csv --why");
    assert!(
        text.starts_with("7\tup rather than down\t") && text.contains("x at 2 +"),
        "{text}"
    );

    shop.write(
        "names.tsv",
        "abab\tx\nbaba\tx\naaqa\ty\nbqbb\ty\n".repeat(12),
    );
    shop.ok(&format!(
        "train classify --train names.tsv {SMALL} --epochs 30 --out names"
    ));
    shop.write("new.txt", "abqb\n");
    let found = predicted(&shop, "names", "new.txt --format pairs --why").remove(0);
    let why: Vec<f64> = found["why"]
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect();
    assert_eq!(found["class"], "y", "{found}");
    let strongest = (0..4).max_by(|&a, &b| why[a].total_cmp(&why[b]));
    assert_eq!(
        (strongest, &found["tokens"][2]),
        (Some(2), &"q".into()),
        "{found}"
    );

    shop.write("wave.csv", wave(260));
    shop.ok(&format!("train forecast --train wave.csv --target y --split-column split {SMALL} --epochs 5 --out waves"));
    let found = predicted(&shop, "waves", "wave.csv --why").remove(0);
    let last = predicted(&shop, "waves", "wave.csv").pop().unwrap();
    let value = |name: &str| found[name].as_f64().unwrap();
    assert!(
        (value("forecast") - last["forecast"].as_f64().unwrap()).abs() < 1e-6,
        "{found} {last}"
    );
    let linear = &found["linear"];
    let terms = linear["terms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| term["weight"].as_f64().unwrap());
    let sum = linear["base"].as_f64().unwrap()
        + linear["intercept"].as_f64().unwrap()
        + terms.sum::<f64>();
    assert!((sum - linear["sum"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(found["net"]["why"].as_array().unwrap().len(), 260);
    let text = shop.ok("predict waves --data wave.csv --why");
    assert!(
        text.starts_with("after t = 259: y 1 ahead is ") && text.contains("autoregression"),
        "{text}"
    );

    // Rows of numbers have a line each.
    shop.write("rows.csv", gestures(30, 1));
    shop.ok(&format!(
        "train label --train rows.csv {SMALL} --epochs 2 --out rows"
    ));
    let found = predicted(&shop, "rows", "new.csv --why");
    assert_eq!(
        (found.len(), found[2]["why"].as_array().unwrap().len()),
        (3, 3)
    );
    assert_eq!(
        shop.ok("predict rows --data new.csv --why").lines().count(),
        4
    );

    shop.fails(
        "predict tags tags --data new.conll --why",
        2,
        &["--why", "one run"],
    );
    shop.fails(
        "predict waves --data wave.csv --why --steps 2",
        2,
        &["--steps"],
    );
    shop.write("t.txt", "the cat sat on the mat\n".repeat(40));
    shop.ok(&format!(
        "train text --train t.txt {SMALL} --epochs 1 --out texts"
    ));
    shop.fails("predict texts --data t.txt --why", 2, &["--why is for"]);
}

#[test]
fn the_page_says_when_how_and_where_it_is_wrong() {
    let shop = Workshop::new();
    shop.ok(&format!(
        "train label --train train.conll --valid test.conll --out run {TINY} --epochs 1 --threads 1"
    ));
    let calls: Vec<Value> = shop.text("run/calls.jsonl").lines().map(parse).collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["version"], env!("CARGO_PKG_VERSION"));
    let command = calls[0]["command"].as_str().unwrap();
    assert!(
        command.ends_with("--epochs 1 --threads 1")
            && command.contains("train label --train train.conll"),
        "{command}"
    );
    let page = shop.text("run/report.html");
    let started = calls[0]["started"].as_str().unwrap();
    for part in [
        started,
        "Started at",
        "train label --train train.conll",
        "Worst mistakes",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The worst are named with their lines.
    let test = shop.text("test.conll");
    let lines: Vec<&str> = test.lines().collect();
    let table = page
        .split("Worst mistakes")
        .nth(1)
        .unwrap()
        .split("</table>")
        .next()
        .unwrap();
    let rows: Vec<Vec<&str>> = (table.split("<tr>").skip(2))
        .map(|row| {
            row.split("<td")
                .skip(1)
                .map(|cell| cell.split('>').nth(1).unwrap().split('<').next().unwrap())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty());
    for row in &rows {
        let line: usize = row[0].parse().unwrap();
        assert_eq!(
            lines[line - 1],
            format!("{}\t{}", row[1], row[2]),
            "{row:?}"
        );
        assert_ne!(row[2], row[3]);
    }
    shop.ok("train --resume run --epochs 2");
    assert_eq!(shop.text("run/calls.jsonl").lines().count(), 2);
    assert!(
        shop.text("run/report.html")
            .contains("train --resume run --epochs 2")
    );

    shop.write("train.csv", gestures(60, 1));
    shop.write("valid.csv", gestures(40, 3));
    shop.ok(&format!("train classify --train train.csv --valid valid.csv {SMALL} --epochs 1 --lr 0.0001 --out moves"));
    let page = shop.text("moves/report.html");
    assert!(page.contains("Worst mistakes") && page.contains("valid.csv"));
    shop.write("wave.csv", wave(260));
    shop.ok(&format!("train forecast --train wave.csv --target y --split-column split {SMALL} --epochs 1 --out waves"));
    let page = shop.text("waves/report.html");
    let table = page
        .split("Worst mistakes")
        .nth(1)
        .unwrap()
        .split("</table>")
        .next()
        .unwrap();
    let step = table
        .split("<td")
        .nth(1)
        .unwrap()
        .split('>')
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    // The part dev.
    assert!(
        (156..208).contains(&step.parse::<usize>().unwrap()),
        "{step}"
    );
}

#[test]
fn tensorboard_gets_the_settings() {
    let shop = Workshop::new();
    shop.train("run", "--lr 0.02");
    let entries = std::fs::read_dir(shop.path("run"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files = entries.filter(|path| path.display().to_string().contains("tfevents"));
    let bytes = std::fs::read(files.next().unwrap()).unwrap();
    let place = |tag: &str| {
        bytes
            .windows(tag.len())
            .position(|part| part == tag.as_bytes())
    };
    let order = [
        "_hparams_/experiment",
        "_hparams_/session_start_info",
        "loss/train",
        "_hparams_/session_end_info",
    ]
    .map(|tag| place(tag).unwrap_or_else(|| panic!("{tag}")));
    // The experiment names the loss before it is measured.
    assert!(
        order[0] < order[2] && order[2] < order[1] && order[1] < order[3],
        "{order:?}"
    );
    assert!(place("score/f1").is_some() && place("init-weights").is_some());
}
