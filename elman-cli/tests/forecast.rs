//! Forecasts, as a person would make them.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use common::{Ran, Workshop, real_data};
use serde_json::Value;

/// A wave that grows, with a column that runs ahead of it.
fn wave(steps: usize) -> String {
    let mut text = "t,date,lead,y,part\n".to_owned();
    for t in 0..steps {
        let at = |t: usize| 20.0 + 0.05 * t as f64 + 5.0 * (t as f64 * 0.4).sin();
        let noise = (t * 7919 % 101) as f64 / 101.0;
        let part = ["train", "dev", "test"][(t >= 240) as usize + (t >= 280) as usize];
        let y = if t % 50 == 17 {
            String::new()
        } else {
            format!("{:.4}", at(t) + noise)
        };
        text += &format!("{t},day {t},{:.4},{y},{part}\n", at(t + 1));
    }
    text
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("wave.csv", wave(320));
    shop
}

const TRAIN: &str = "train forecast --train wave.csv --target y --split-column part";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn series_of_the_archive_keep_their_names_and_dates() {
    let shop = Workshop::new();
    let wave = |shift: usize| {
        let values =
            (0..90).map(|t| format!("{}", [3.0, 5.0, 8.0, 4.0][(t + shift) % 4] + t as f64 / 8.0));
        values.collect::<Vec<_>>().join(",")
    };
    let head = "@relation demo\n@attribute series_name string\n@attribute start_timestamp date\n@frequency quarterly\n@horizon 4\n\
                @data\n";
    shop.write(
        "demo.tsf",
        format!(
            "{head}T1:1990-10-01 00-00-00:{}\nT2:2000-01-01 00-00-00:{}\n",
            wave(0),
            wave(1)
        ),
    );
    shop.ok("train forecast --train demo.tsf --target y --epochs 1 --threads 1 --out run");
    let answers = shop.ok("predict run --data demo.tsf --steps 2");
    let starts: Vec<String> = answers
        .lines()
        .map(|line| {
            line.rsplit_once(',')
                .map_or("", |(start, _)| start)
                .to_owned()
        })
        .collect();
    let expected = [
        "seq,t,date",
        "T1,90,2013-04-01",
        "T1,91,2013-07-01",
        "T2,90,2022-07-01",
        "T2,91,2022-10-01",
    ];
    assert_eq!(starts, expected);
    shop.fails(
        "train label --train demo.tsf --out none",
        2,
        &["holds no labels"],
    );
}

#[test]
fn what_is_known_ahead_is_read_where_the_forecast_is() {
    let shop = Workshop::new();
    // What comes hangs on the price of that day alone; the last 12 days are yet to come.
    let price = |day: usize| ((day * day * 2_654_435_761) >> 9 & 127) as f64 / 10.0;
    let value = |day: usize| 100.0 - 5.0 * price(day);
    let rows = |last: usize, known: usize| -> String {
        let row = |day| match day < known {
            true => format!("{day},{},{}\n", price(day), value(day)),
            false => format!("{day},{},\n", price(day)),
        };
        "t,price,y\n".to_owned() + &(0..last).map(row).collect::<String>()
    };
    shop.write("days.csv", rows(312, 300));
    shop.write("early.csv", rows(200, 200));
    let train = "train forecast --train days.csv --target y --horizon 3 --epochs 2 --threads 1";
    let said = shop.run(&format!("{train} --inputs price --known price --out known"));
    assert!(
        said.err.contains("the last 12 rows hold no y"),
        "{}",
        said.err
    );
    shop.ok(&format!("{train} --inputs price --out past"));
    let skill = |run: &str| {
        let scores = json(&shop.ok(&format!("eval {run} --data early.csv --json")));
        scores["skill"].as_f64().unwrap()
    };
    assert!(skill("known") > 0.99 && skill("past") < 0.5);
    // The days to come, from the prices that stand beside them.
    let coming = shop.ok("predict known --data days.csv --steps 12");
    for (day, line) in (300..).zip(coming.lines().skip(1)) {
        let (t, forecast) = line.split_once(',').unwrap();
        assert_eq!(t, day.to_string());
        assert!(
            (forecast.parse::<f64>().unwrap() - value(day)).abs() < 1.0,
            "{line}"
        );
    }
    assert_eq!(coming.lines().count(), 13);
    // Row by row the same forecasts, three days before; a pipe knows no more and no less than a file.
    let answers = shop.ok("predict known --data days.csv");
    let of_row = |text: &str, row: usize| -> Vec<String> {
        let line = text.lines().nth(row + 1).unwrap();
        line.split(',').map(str::to_owned).collect()
    };
    assert_eq!(of_row(&answers, 304)[1], "");
    for row in 297..309 {
        assert_eq!(of_row(&answers, row)[2], of_row(&coming, row - 297)[1]);
    }
    let mut piped = shop.command("predict known --data -");
    piped.stdin(std::fs::File::open(shop.path("days.csv")).unwrap());
    assert_eq!(Ran::of(piped.output().unwrap()).out, answers);
    // Beyond, the last price stays, which is said.
    let said = shop.run("predict known --data early.csv --steps 4");
    assert!(said.err.contains("nobody knows price"), "{}", said.err);
    let last = of_row(&said.out, 3)[1].parse::<f64>().unwrap();
    assert!((last - value(199)).abs() < 1.0, "{last}");
    // Three days before anything is known, nothing can be said of the next two.
    shop.write("one.csv", rows(6, 1));
    let said = shop.run("predict known --data one.csv --steps 5");
    assert!(said.err.contains("before 3 rows are known"), "{}", said.err);
    assert_eq!(said.out.lines().count(), 4);
    for (i, row) in (3..6).enumerate() {
        let cells = of_row(&said.out, i);
        assert_eq!(cells[0], row.to_string());
        assert!(
            (cells[1].parse::<f64>().unwrap() - value(row)).abs() < 1.0,
            "{cells:?}"
        );
    }
    shop.fails(&format!("{train} --known y"), 2, &["nobody knows ahead"]);
}

#[test]
fn squares_are_forecast_far_outside_of_training() {
    let shop = Workshop::new();
    let squares = |range: std::ops::RangeInclusive<u64>| {
        let rows = range.map(|x| format!("{x},{}\n", x * x));
        std::iter::once("x,y\n".to_owned())
            .chain(rows)
            .collect::<String>()
    };
    shop.write("squares.csv", squares(1..=1000));
    shop.write("fifty.csv", squares(1..=50));
    shop.write("beyond.csv", squares(1001..=2000));
    shop.ok("train forecast --train squares.csv --target y --epochs 5 --out run");
    let last = shop.ok("predict run --data fifty.csv");
    let forecast = last
        .trim()
        .rsplit(',')
        .next()
        .and_then(|cell| cell.parse::<f64>().ok());
    assert!(
        forecast.is_some_and(|value| (value - 2601.0).abs() < 1.0),
        "{last}"
    );
    let scores = json(&shop.ok("eval run --data beyond.csv --json"));
    assert_eq!(scores["items"], scores["outside_items"]);
    assert!(scores["rmse"].as_f64().unwrap() < 1.0, "{scores}");
    assert!(
        scores["persistence_rmse"].as_f64().unwrap() > 1000.0,
        "{scores}"
    );
}

#[test]
fn training_is_repeated_and_resumed_to_the_same_model() {
    let shop = shop();
    let model = |run: &str| shop.read(&format!("{run}/model.safetensors"));
    let line = format!("{TRAIN} --epochs 300 --patience 0");
    shop.ok(&format!("{line} --threads 1 --out whole"));
    shop.ok(&format!("{line} --threads 3 --out threads"));
    assert!(model("whole") == model("threads"));
    shop.ok("train forecast --config whole/config.toml --out again");
    assert!(model("whole") == model("again"));
    let mut child = shop.command(&format!("{line} --out killed"));
    let mut child = child
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let checkpoint = shop.path("killed").join("checkpoint.safetensors");
    let began = std::time::Instant::now();
    while !checkpoint.exists() {
        assert!(began.elapsed().as_secs() < 60, "no checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().expect("a kill");
    child.wait().expect("an end");
    shop.ok("train --resume killed");
    assert!(model("whole") == model("killed"));
}

#[test]
fn scores_stand_beside_persistence_and_autoregression() {
    let shop = shop();
    let ran = shop.run(&format!("{TRAIN} --inputs lead --epochs 20 --out run"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("7 values of y are missing"), "{}", ran.err);
    let scores = json(&shop.ok("eval run --data wave.csv --part test --json"));
    // Of 40 rows the one of step 317 is missing.
    assert_eq!(scores["items"], 39);
    let figure = |name: &str| scores[name].as_f64().expect("a number");
    assert!(
        figure("rmse") < 0.5 * figure("persistence_rmse"),
        "{scores}"
    );
    assert!((figure("rmse").powi(2) - figure("loss")).abs() < 1e-9);
    assert!(figure("mae") <= figure("rmse") && figure("linear_rmse") > 0.0);
    let table = shop.ok("eval run --data wave.csv --part test");
    assert!(
        table.contains("autoregression") && table.contains("persistence"),
        "{table}"
    );
}

#[test]
fn a_pipe_is_answered_as_a_file_is() {
    let shop = shop();
    shop.ok(&format!(
        "{TRAIN} --inputs lead --horizon 2 --epochs 5 --out run"
    ));
    let file = shop.ok("predict run --data wave.csv");
    assert!(file.starts_with("t,date,y,y+2\n0,day 0,"), "{file}");
    assert_eq!(file.lines().count(), 321);
    let mut child = shop
        .command("predict run --data -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(shop.text("wave.csv").as_bytes())
        .expect("written");
    drop(pipe);
    let ran = Ran::of(child.wait_with_output().expect("an end"));
    assert_eq!((ran.code, ran.out), (0, file.clone()), "{}", ran.err);
    let next = shop.ok("predict run --data wave.csv --steps 5");
    let first = next.lines().nth(1).and_then(|line| line.rsplit(',').next());
    // The row after the last was forecast from the last but one.
    let known = file
        .lines()
        .nth(319)
        .and_then(|line| line.rsplit(',').next());
    assert_eq!((first, next.lines().count()), (known, 6), "{next}");
    let line = shop.ok("predict run --data wave.csv --steps 1 --json");
    assert!(
        json(&line)["forecast"].is_number() && json(&line)["value"].is_null(),
        "{line}"
    );
    assert_eq!(json(&line)["t"], 320);
}

#[test]
fn steps_are_counted_as_the_file_counts_them() {
    let shop = shop();
    shop.ok(&format!("{TRAIN} --epochs 1 --out run"));
    let text = "t,date,lead,y\n1949.5,a,1,2\n1950,b,2,3\n1950.5,c,3,4\n";
    shop.write("years.csv", text);
    let counts = |answers: &str| -> Vec<String> {
        let cells = answers.lines().skip(1).map(|line| line.split(',').next());
        cells.map(|cell| cell.expect("a cell").to_owned()).collect()
    };
    let file = shop.ok("predict run --data years.csv");
    assert_eq!(counts(&file), ["1949.5", "1950", "1950.5"], "{file}");
    let next = shop.ok("predict run --data years.csv --steps 2");
    assert_eq!(counts(&next), ["1951", "1951.5"], "{next}");
}

#[test]
fn every_row_of_a_pipe_is_answered_before_the_next_comes() {
    let shop = shop();
    shop.ok(&format!("{TRAIN} --epochs 2 --out run"));
    let mut child = shop
        .command("predict run --data -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in out.lines() {
            // Nobody listens any more once the test is over.
            let _ = send.send(line.expect("a line"));
        }
    });
    let patience = std::time::Duration::from_secs(30);
    let answer = || receive.recv_timeout(patience).expect("an answer in time");
    pipe.write_all(b"y\n20\n").expect("written");
    assert_eq!(answer(), "t,y,y+1");
    for (t, next) in ["21\n", "\n22\n", ""].into_iter().enumerate() {
        assert!(answer().starts_with(&format!("{t},2{t},")));
        pipe.write_all(next.as_bytes()).expect("written");
    }
    drop(pipe);
    assert!(child.wait().expect("an end").success());
}

#[test]
fn mistakes_are_named() {
    let shop = shop();
    shop.fails("train forecast --train wave.csv", 2, &["--target COLUMN"]);
    shop.fails(
        "train forecast --train wave.csv --target z",
        2,
        &["wave.csv:1", "no column z", "lead"],
    );
    shop.fails(
        "train forecast --train wave.csv --target date",
        2,
        &["wave.csv:2", "column 2 (date)"],
    );
    shop.fails(
        "train forecast --train wave.csv --target y --bidirectional",
        2,
        &["what comes later"],
    );
    shop.fails(
        "train forecast --train wave.csv --target y --split-column date",
        2,
        &["none of train, dev, test"],
    );
    shop.write("short.csv", "y\n1\n2\n3\n");
    shop.fails(
        "train forecast --train short.csv --target y",
        2,
        &["short.csv", "too short"],
    );
    shop.ok(&format!("{TRAIN} --epochs 2 --out run"));
    shop.fails("eval run --data short.csv", 2, &["rows of history"]);
    shop.fails(
        "eval run --data short.csv --part test",
        2,
        &["no column part"],
    );
    shop.train("label", "--epochs 1");
    shop.fails(
        "eval label --data test.conll --part test",
        2,
        &["--part is for tables"],
    );
    shop.fails(
        "predict label --data test.conll --steps 3",
        2,
        &["--steps is for forecasts"],
    );
}

/// Good enough on what other data of the kind look like; the figures are of the test parts.
#[test]
fn real_series_are_forecast_with_the_defaults() {
    let Some(data) = real_data("reg_series") else {
        return;
    };
    let shop = Workshop::new();
    let series = [
        ("sunspots_yearly", 18.5),
        ("sunspots_monthly", 17.3),
        ("airline_monthly", 20.0),
        ("co2_weekly", 0.46),
    ];
    for (name, most) in series {
        let file = data.join(format!("{name}.csv"));
        let file = file.display();
        shop.ok(&format!(
            "train forecast --train {file} --target y --split-column split --seed 1 --out {name}"
        ));
        let scores = json(&shop.ok(&format!("eval {name} --data {file} --part test --json")));
        let rmse = scores["rmse"].as_f64().expect("a number");
        assert!(rmse <= most, "{name}: {rmse} is more than {most}");
    }
}

#[test]
fn a_net_that_is_worse_than_the_autoregression_is_not_kept() {
    let shop = Workshop::new();
    let mut table = "y\n".to_owned();
    let (mut value, mut noise) = (0.0, 1u32);
    for _ in 0..200 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        value = 0.8 * value + f64::from(noise >> 16) / 65536.0 - 0.5;
        table += &format!("{value:.4}\n");
    }
    shop.write("noise.csv", table);
    let train = "train forecast --train noise.csv --target y --hidden 4 --threads 1 --seed 1";
    // Thrown about by a rate that nobody would choose.
    let said = shop.ok(&format!(
        "{train} --lr 3 --clip-norm 0 --epochs 3 --out thrown"
    ));
    let words =
        "no epoch was better than the autoregression alone, which therefore is the model: skill ";
    assert!(said.starts_with(words), "{said}");
    assert_eq!(
        said.matches("thrown/model.safetensors").count(),
        1,
        "{said}"
    );
    let scores: serde_json::Value =
        serde_json::from_str(&shop.ok("eval thrown --data noise.csv --json")).expect("JSON");
    assert_eq!(scores["rmse"], scores["linear_rmse"], "{scores}");
    // A resumed run remembers what it has to beat.
    let config = shop.text("thrown/config.toml");
    shop.write(
        "thrown/config.toml",
        config.replace("epochs = 3\n", "epochs = 5\n"),
    );
    assert!(shop.ok("train --resume thrown").starts_with(words));
}

#[test]
fn a_season_may_be_said() {
    let shop = Workshop::new();
    // Too long to be found: three of them are in the file.
    let wave = |step: usize| ((step * step) % 61) as f64;
    let table: String = (0..190).map(|step| format!("{}\n", wave(step))).collect();
    shop.write("wave.csv", format!("y\n{table}"));
    let train = "train forecast --train wave.csv --target y --hidden 4 --epochs 1 --threads 1";
    let said = shop
        .run(&format!("{train} --season 61 --horizon 5 --out known"))
        .err;
    assert!(said.contains("61 steps"), "{said}");
    shop.fails(
        &format!("{train} --season 4 --horizon 5 --out short"),
        2,
        &["--season 4 is shorter than --horizon 5"],
    );
    shop.fails(&format!("{train} --season 1 --out one"), 2, &["--season"]);
}

#[test]
fn intervals_hold_what_comes_and_flag_what_should_not() {
    let shop = Workshop::new();
    let (mut text, mut random, mut y) = ("y\n".to_owned(), 1u64, 0.0);
    for _ in 0..600 {
        random = random * 16_807 % 0x7FFF_FFFF;
        y = 0.8 * y + (random % 1000) as f64 / 1000.0;
        text += &format!("{y:.4}\n");
    }
    shop.write("noise.csv", &text);
    shop.ok(
        "train forecast --train noise.csv --target y --out run --epochs 3 --hidden 4 --threads 1",
    );
    let scores = shop.scores("run", "noise.csv --interval 0.9");
    let coverage = scores["coverage"].as_f64().expect("a share");
    assert!((0.82..0.97).contains(&coverage), "{scores}");
    let table = shop.ok("eval run --data noise.csv --interval 0.9");
    assert!(
        table.contains("of the values lie within their intervals"),
        "{table}"
    );
    // Growth with gaps, on the curve of logarithms: what is missing there is no error.
    let mut growth = "y\n".to_owned();
    for step in 0..400 {
        random = random * 16_807 % 0x7FFF_FFFF;
        let noise = 1.0 + (random % 1000) as f64 / 10_000.0;
        let y = 100.0 * (f64::from(step) / 100.0).exp() * noise;
        growth += &if step % 7 == 3 {
            "NaN\n".to_owned()
        } else {
            format!("{y:.3}\n")
        };
    }
    shop.write("growth.csv", growth);
    let said = shop.run("train forecast --train growth.csv --target y --out growth --epochs 1 --hidden 4 --threads 1");
    assert!(said.err.contains("logarithms"), "{}", said.err);
    let scores = shop.scores("growth", "growth.csv --interval 0.9");
    let [width, rmse] =
        ["interval_width", "rmse"].map(|name| scores[name].as_f64().expect("a number"));
    assert!(width < 8.0 * rmse, "{scores}");
    // One value that nothing foretells.
    let odd = text.clone() + "40\n3\n";
    shop.write("odd.csv", &odd);
    let answers = shop.ok("predict run --data odd.csv --flag --interval 0.95");
    assert!(
        answers.starts_with("t,y,unusual,y+1,y+1 low,y+1 high\n"),
        "{answers}"
    );
    let flags: Vec<&str> = answers
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).expect("a flag"))
        .collect();
    assert_eq!(flags[600], "1");
    let flagged = flags[..600].iter().filter(|flag| **flag == "1").count();
    assert!(flagged < 60, "{flagged}");
    let piped = shop.piped("predict run --data - --flag --interval 0.95", &odd);
    assert_eq!(piped.out, answers);
    let json = shop.ok("predict run --data odd.csv --interval 0.9 --json");
    let last = json.lines().last().expect("a row");
    assert!(
        last.contains("\"low\":") && last.contains("\"high\":") && !last.contains("unusual"),
        "{last}"
    );
    shop.fails(
        "predict run --data odd.csv --steps 3 --interval 0.9",
        2,
        &["--steps"],
    );
}
