//! Numbers from sequences: at the last step and at every step, inside the range of training and beyond it.

mod common;

use common::Workshop;

/// A net that learns what is plain.
const QUICK: &str = "--hidden 12 --batch 8 --lr 0.01 --patience 0 --threads 1";

/// Trains a net, which must go well; gives what was said.
fn learn(shop: &Workshop, file: &str, flags: &str) -> String {
    let ran = shop.run(&format!(
        "train regress --train {file} --out {file}.run {QUICK} {flags}"
    ));
    assert_eq!(ran.code, 0, "{file}: {}", ran.err);
    ran.err
}

/// The third tutorial: windows of five numbers, and the square of the one that comes next; `rows` says in which rows it stands.
fn squares(first: usize, last: usize, rows: std::ops::Range<usize>) -> String {
    let mut text = "seq,t,x,y\n".to_owned();
    for (seq, start) in (first..=last - 4).enumerate() {
        for t in 0..5 {
            let square = (start + 5).pow(2).to_string();
            let cell = if rows.contains(&t) { &square } else { "" };
            text += &format!("{seq},{t},{},{cell}\n", start + t);
        }
    }
    text
}

/// Signs, their product with the one before, and their sum with it: the first no linear sum can follow.
fn signs(count: usize) -> String {
    let (mut text, mut random, mut before) = ("x,product,sum\n".to_owned(), 1u64, 1);
    for _ in 0..count {
        // The minimal standard generator.
        random = random * 16_807 % 0x7FFF_FFFF;
        let x = if random & 64 == 0 { 1 } else { -1 };
        text += &format!("{x},{},{}\n", x * before, x + before);
        before = x;
    }
    text
}

fn number(scores: &serde_json::Value, name: &str) -> f64 {
    scores[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name}: {scores}"))
}

#[test]
fn squares_are_learnt_and_go_on_beyond_the_range() {
    let shop = Workshop::new();
    shop.write("same.csv", squares(1, 1000, 0..5));
    shop.write("last.csv", squares(1, 1000, 4..5));
    shop.write("new.csv", "seq,t,x\na,0,46\na,1,47\na,2,48\na,3,49\na,4,50\nb,0,1996\nb,1,1997\nb,2,1998\nb,3,1999\nb,4,2000\n");
    shop.write("beyond.csv", squares(1500, 2000, 0..5));
    for file in ["same.csv", "last.csv"] {
        let said = learn(&shop, file, "--target y --epochs 3");
        assert!(
            said.contains("learning y at the last step, on the scale of square roots"),
            "{said}"
        );
        let run = format!("{file}.run");
        let scores = shop.scores(&run, "same.csv");
        let rmse = number(&scores, "rmse");
        assert!(rmse <= 0.005 * 1001f64.powi(2), "{scores}");
        assert_eq!(scores["items"], 996);
        let answers = shop.ok(&format!("predict {run} --data new.csv"));
        let answers: Vec<&str> = answers.lines().collect();
        assert_eq!(answers[0], "seq,y");
        for (line, name, expected) in [(1, "a", 2601.0), (2, "b", 4_004_001.0)] {
            let (seq, value) = answers[line].split_once(',').expect("two cells");
            let value: f64 = value.parse().expect("a number");
            assert_eq!(seq, name);
            assert!((value / expected - 1.0f64).abs() < 0.01, "{value}");
        }
        let scores = shop.scores(&run, "beyond.csv");
        assert_eq!(scores["outside_items"], scores["items"]);
        assert!(number(&scores, "outside_rmse") < 0.01 * 2e6, "{scores}");
    }
    let json = shop.ok("predict same.csv.run --data new.csv --json");
    let first: serde_json::Value =
        serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["seq"], "a");
    assert!((first["targets"]["y"].as_f64().expect("a number") - 2601.0).abs() < 26.0);
}

#[test]
fn the_net_learns_at_every_step_what_no_sum_can() {
    let shop = Workshop::new();
    shop.write("signs.csv", signs(1500));
    let said = learn(&shop, "signs.csv", "--target product,sum --epochs 30");
    assert!(
        said.contains("learning product and 1 more at every step"),
        "{said}"
    );
    assert!(
        said.contains("one sequence of 1500 rows: learnt from in"),
        "{said}"
    );
    let scores = shop.scores("signs.csv.run", "signs.csv");
    for target in ["product", "sum"] {
        let r2 = number(&scores["targets"][target], "r2");
        assert!(r2 > 0.95, "{target}: {scores}");
    }
    assert!(
        number(&scores["targets"]["product"], "linear_rmse") > 0.9,
        "{scores}"
    );
    assert_eq!(scores["items"], 3000);
    let answers = shop.ok("predict signs.csv.run --data signs.csv");
    assert!(answers.starts_with("seq,t,product,sum\n,0,"), "{answers}");
    assert_eq!(answers.lines().count(), 1501);
    let table = shop.ok("eval signs.csv.run --data signs.csv");
    for words in ["1500 values of product", "1500 values of sum", "linear sum"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    // The same steps, one after the other as a chip has them.
    shop.ok("export signs.csv.run --format c -o signs.c");
    let header = shop.text("signs.h");
    for words in ["signs_linear_1[", "signs_residual_0[", "signs_targets["] {
        assert!(header.contains(words), "{words}: {header}");
    }
}

#[test]
fn intervals_hold_as_many_as_they_should() {
    let shop = Workshop::new();
    // Squares of a walk, with noise that no net foresees; every fifth target is missing.
    let (mut text, mut random) = ("seq,t,x,y\n".to_owned(), 1u64);
    let mut draw = || {
        random = random * 16_807 % 0x7FFF_FFFF;
        (random % 1000) as f64 / 1000.0
    };
    for seq in 0..400 {
        let x = 10.0 * draw();
        let noise = (0..12).map(|_| draw()).sum::<f64>() - 6.0;
        let y = (x + 20.0 + noise).powi(2);
        let y = if seq % 5 == 4 {
            String::new()
        } else {
            y.to_string()
        };
        text += &format!("{seq},0,{x},{y}\n");
    }
    shop.write("noisy.csv", text);
    let said = learn(&shop, "noisy.csv", "--target y --epochs 2");
    assert!(
        said.contains("targets are missing, and nothing is learnt from them"),
        "{said}"
    );
    // What the sum misses is 1 by definition; a missing target taken for a number on the curve would be hundreds.
    for line in shop.text("noisy.csv.run/metrics.jsonl").lines() {
        let epoch: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(number(&epoch, "train_loss") < 3.0, "{line}");
    }
    let scores = shop.scores("noisy.csv.run", "noisy.csv --interval 0.8");
    assert!(
        (0.65..0.95).contains(&number(&scores, "coverage")),
        "{scores}"
    );
    assert!(
        number(&scores, "r2") > 0.7 && number(&scores, "interval_width") > 50.0,
        "{scores}"
    );
    let answers = shop.ok("predict noisy.csv.run --data noisy.csv --interval 0.8");
    assert!(answers.starts_with("seq,y,y low,y high\n"), "{answers}");
    for line in answers.lines().skip(1) {
        let cells: Vec<f64> = line
            .split(',')
            .map(|cell| cell.parse().expect("a number"))
            .collect();
        assert!(cells[2] < cells[1] && cells[1] < cells[3], "{line}");
    }
    shop.fails(
        "eval noisy.csv.run --data noisy.csv --interval 0.999",
        2,
        &["--interval 0.999 needs more than the"],
    );
    shop.train("names", "");
    shop.fails(
        "eval names --data test.conll --interval 0.9",
        2,
        &["--interval is for forecasts and regression"],
    );
    shop.fails(
        "predict noisy.csv.run --data noisy.csv --flag",
        2,
        &["--flag is for forecasts"],
    );
}

#[test]
fn archives_give_a_number_with_every_sequence() {
    let shop = Workshop::new();
    let mut text = "@problemName sums\n@univariate false\n@targetlabel true\n@data\n".to_owned();
    for i in 0..60 {
        let (a, b) = (i * 7 % 11, i * 5 % 13);
        let y = f64::from(2 * a - b) + 0.5;
        text += &format!("{a},1,{a}:{b},{b},2:{y}\n");
    }
    shop.write("sums.ts", &text);
    let said = learn(&shop, "sums.ts", "--epochs 2");
    assert!(said.contains("learning target at the last step"), "{said}");
    assert!(number(&shop.scores("sums.ts.run", "sums.ts"), "r2") > 0.8);
    let answers = shop.ok("predict sums.ts.run --data sums.ts");
    assert_eq!(answers.lines().count(), 61);
    shop.fails(
        "train classify --train sums.ts --out c",
        2,
        &["sums.ts:3", "elman train regress"],
    );
    let classes = "@univariate true\n@classLabel true up down\n@data\n1,2:up\n2,1:down\n";
    shop.write("classes.ts", classes);
    shop.fails(
        "train regress --train classes.ts --out c",
        2,
        &[
            "classes.ts:4: the target \"up\" is not a number",
            "elman train classify",
        ],
    );
}

#[test]
fn a_run_goes_on_to_the_same_model() {
    let shop = Workshop::new();
    shop.write("signs.csv", signs(300));
    let job =
        format!("train regress --train signs.csv --target product {QUICK} --schedule constant");
    shop.ok(&format!("{job} --epochs 4 --out whole"));
    shop.ok(&format!("{job} --epochs 2 --out parts"));
    shop.ok("train --resume parts --epochs 4");
    assert!(shop.read("whole/model.safetensors") == shop.read("parts/model.safetensors"));
    shop.ok(&format!("{job} --epochs 4 --seeds 2 --out luck"));
    shop.ok("eval luck --data signs.csv");
    let compared = shop.ok("compare luck/seed-1 luck/seed-2 --data signs.csv");
    assert!(compared.contains("r2"), "{compared}");
    shop.ok(&format!("{job} --epochs 1 --folds 3 --out folds"));
    assert!(shop.text("folds/summary.json").contains("\"r2\""));
    shop.ok("quantize whole --data signs.csv");
    let whole = number(&shop.scores("whole", "signs.csv"), "rmse");
    let int8 = number(&shop.scores("whole", "signs.csv --int8"), "rmse");
    assert!((whole - int8).abs() < 0.1, "{whole} {int8}");
    for (format, file) in [
        ("image", "net.bin"),
        ("rust", "net.rs"),
        ("onnx", "net.onnx"),
    ] {
        shop.ok(&format!("export whole --format {format} -o {file}"));
    }
    assert!(shop.ok("inspect whole").contains("product"));
}

#[test]
fn parts_and_groups_are_kept() {
    let shop = Workshop::new();
    let mut parts = "seq,t,who,x,part,y\n".to_owned();
    for seq in 0..30 {
        let part = ["train", "train", "dev", "test", "train"][seq % 5];
        for t in 0..3 {
            let x = (seq * 3 + t) % 7;
            parts += &format!("{seq},{t},p{},{x},{part},{}\n", seq / 2, 3 * x + 1);
        }
    }
    shop.write("parts.csv", &parts);
    learn(&shop, "parts.csv", "--target y --split-column part");
    let items = |more: &str| shop.scores("parts.csv.run", more)["items"].clone();
    assert_eq!(items("parts.csv"), 90);
    assert_eq!(items("parts.csv --part test"), 18);
    shop.write("groups.csv", parts.replace(",who,", ",subject,"));
    let said = learn(&shop, "groups.csv", "--target y --inputs x");
    assert!(said.contains("of 15 groups of subject"), "{said}");
}

#[test]
fn what_is_wrong_is_said() {
    let shop = Workshop::new();
    shop.write("signs.csv", signs(60));
    shop.write("same.csv", squares(1, 30, 0..5));
    shop.write("still.csv", "seq,x,y\n1,1,2\n2,2,2\n3,3,2\n");
    shop.write("words.csv", "x,y\n1,2\n2,up\n3,2\n");
    let cases: &[(&str, &[&str])] = &[
        ("signs.csv", &["--target COLUMNS"]),
        (
            "signs.csv --target height",
            &["no column height", "x, product, sum"],
        ),
        (
            "signs.csv --target sum --inputs x,sum",
            &["--inputs names sum"],
        ),
        (
            "still.csv --target y",
            &["still.csv: y is 2 wherever it is known"],
        ),
        ("words.csv --target y", &["words.csv:3", "up"]),
        (
            "same.csv --target y --k1 2",
            &["--k1 is not for targets that are read at the last step"],
        ),
        (
            "signs.csv --target sum --embedding 4",
            &["--embedding must be 1"],
        ),
        ("train.conll --target y", &["train.conll"]),
        (
            "signs.csv --target x,product,sum",
            &["no column has numbers to learn from"],
        ),
    ];
    for (line, words) in cases {
        shop.fails(
            &format!("train regress --train {line} --out wrong"),
            2,
            words,
        );
    }
    shop.ok(&format!(
        "train regress --train same.csv --target y --out run {QUICK} --epochs 1"
    ));
    shop.fails(
        "eval run --data signs.csv",
        2,
        &["signs.csv", "no column y"],
    );
    shop.write("unknown.csv", "seq,t,x,y\n0,0,1,\n0,1,2,\n");
    shop.fails(
        "eval run --data unknown.csv",
        2,
        &["unknown.csv: no target to compare with"],
    );
    shop.fails(
        "predict run --data signs.csv --steps 3",
        2,
        &["--steps is for forecasts"],
    );
}
