//! Searching for a net: the same table twice, budgets that hold, kills, company, and a winner that anybody can train again.

mod common;

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use common::tables::{plain, series};
use common::{Ran, Workshop};
use serde_json::Value;

/// Trials that take a moment.
const SMALL: &str = "--epochs 3 --patience 0 --threads 1 --window 1";

/// The same with nets so small that nothing of it takes long.
const TINY: &str = "--hidden 6";

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("rows.csv", plain(100));
    shop
}

fn search(out: &str, more: &str) -> String {
    format!("tune classify --train rows.csv {SMALL} --out {out} {more}")
}

fn tiny(out: &str, more: &str) -> String {
    search(out, &format!("{TINY} {more}"))
}

/// What `--json` says.
fn found(shop: &Workshop, line: &str) -> Value {
    let ran = shop.run(&format!("{line} --json"));
    assert_eq!(ran.code, 0, "{line}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

fn number(value: &Value) -> usize {
    value.as_u64().map_or(usize::MAX, |number| number as usize)
}

/// Lines of the journal that are events of this name.
fn events(shop: &Workshop, folder: &str, name: &str) -> Vec<Value> {
    let text = shop.text(&format!("{folder}/journal.jsonl"));
    let lines = text.lines().map(serde_json::from_str::<Value>);
    lines
        .filter_map(|line| line.ok()?.get(name).cloned())
        .collect()
}

/// The table that a search prints in the end.
fn table(ran: &Ran) -> Vec<&str> {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let lines = ran.out.lines();
    lines
        .take_while(|line| !line.starts_with("best "))
        .collect()
}

#[test]
fn the_same_seed_searches_the_same() {
    let shop = shop();
    let [one, two] = ["a", "b"].map(|out| shop.run(&tiny(out, "--trials 14")));
    assert_eq!(table(&one), table(&two));
    assert_eq!(table(&one).len(), 15, "{}", one.out);
    let claims = |folder| -> Vec<Value> {
        let settings = |claim: &Value| claim["settings"].clone();
        events(&shop, folder, "claim")
            .iter()
            .map(settings)
            .collect()
    };
    assert_eq!(claims("a"), claims("b"));
    // The best so far is tried again with other seeds.
    assert!(claims("a").iter().any(|one| one["seed"] == "2"));
    assert!(shop.read("a/best/model.safetensors") == shop.read("b/best/model.safetensors"));
    let other = shop.run(&tiny("c", "--trials 14 --seed 2"));
    assert_ne!(table(&one), table(&other));
}

#[test]
fn the_winner_is_a_run_that_its_settings_repeat() {
    let shop = shop();
    let ran = shop.run(&tiny("s", "--trials 5"));
    let last: Vec<&str> = ran.out.lines().rev().take(4).collect();
    assert!(
        last[0].starts_with("next: elman eval s/best"),
        "{}",
        ran.out
    );
    assert!(last[0].contains("elman export s/best"), "{}", ran.out);
    assert_eq!(last[2], "to look at: s/report.html");
    let again = "train classify --config s/best/config.toml --out again";
    assert!(
        last[1].contains(&again.replace("again", "FOLDER")),
        "{}",
        ran.out
    );
    shop.ok(again);
    for file in ["model.safetensors", "checkpoint.safetensors"] {
        let [best, again] = ["s/best", "again"].map(|run| shop.read(&format!("{run}/{file}")));
        assert!(best == again, "{file} differs");
    }
    // The commands that it names work on it.
    shop.ok("eval s/best --data rows.csv");
    shop.ok("export s/best --format c -o net.c");
    let page = shop.text("s/report.html");
    assert!(
        page.contains("Pareto front") && page.contains("trial-005"),
        "{page}"
    );
    let all = found(&shop, &tiny("s", "--trials 5"));
    let best = number(&all["best"]);
    assert!(
        last[3].contains(&format!("trial-{best:03} of 5 trials")),
        "{}",
        ran.out
    );
    let scores = all["trials"].as_array().unwrap().iter();
    let scores: Vec<f64> = scores.filter_map(|one| one["score"].as_f64()).collect();
    assert!(
        scores.len() == 5 && scores.is_sorted_by(|a, b| a >= b),
        "{scores:?}"
    );
    // Of equal scores the front has the smaller net.
    let lead = number(&all["front_flash"][0]);
    let mut trials = all["trials"].as_array().unwrap().iter();
    let lead = trials
        .find(|one| number(&one["trial"]) == lead)
        .expect("a leader");
    assert_eq!(lead["score"].as_f64(), Some(scores[0]), "{all}");
}

#[test]
fn budgets_hold_for_every_trial() {
    let shop = shop();
    for (out, budget, form) in [
        ("f", "--flash 8k --ram 400 --instructions 3k", "m4f_f32"),
        (
            "q",
            "--flash 12k --ram 1k --instructions 3k --int8",
            "m4f_int8",
        ),
        ("m", "--flash 8k --instructions 300k --chip m0", "m0_f32"),
    ] {
        let all = found(&shop, &search(out, &format!("{budget} --trials 8")));
        let limit = |name: &str| {
            let mut words = budget.split(' ').skip_while(|word| *word != name);
            let Some(amount) = words.nth(1) else {
                return usize::MAX;
            };
            let thousand = if name == "--instructions" { 1000 } else { 1024 };
            match amount.strip_suffix('k') {
                Some(digits) => digits.parse::<usize>().unwrap() * thousand,
                None => amount.parse().unwrap(),
            }
        };
        let trials = all["trials"].as_array().unwrap();
        assert_eq!(trials.len(), 8);
        for trial in trials {
            let steps = if out == "f" || out == "q" {
                "--steps 5"
            } else {
                ""
            };
            let run = trial["run"].as_str().unwrap();
            let text = shop.ok(&format!("inspect {run} --json {steps}"));
            let net: Value = serde_json::from_str(&text).unwrap();
            let is_int8 = form.ends_with("int8");
            let flash = match is_int8 {
                true => &net["int8"]["flash_bytes"],
                false => &net["flash_bytes"],
            };
            let code = number(&trial["code_bytes"]);
            assert_eq!(
                number(flash) + code,
                number(&trial["flash_bytes"]),
                "{trial}"
            );
            assert!(number(flash) + code <= limit("--flash"), "{trial}");
            let count = &net["instructions_per_step"][form];
            assert_eq!(count, &trial["instructions_per_step"], "{trial}");
            assert!(number(count) <= limit("--instructions"), "{trial}");
            let ram = match is_int8 {
                true => {
                    let int8 = &net["int8"];
                    number(&int8["state_bytes"])
                        + number(&int8["scratch_bytes"])
                        + number(&net["output_bytes"])
                }
                false => number(&net["ram_bytes"]),
            };
            if out != "m" {
                assert_eq!(ram, number(&trial["ram_bytes"]), "{trial}");
                assert!(ram <= limit("--ram"), "{trial}");
            }
        }
    }
}

#[test]
fn what_is_given_stays() {
    let shop = shop();
    shop.write("more.toml", "task = \"classify\"\nbatch = 5\n");
    let line = search("s", "--trials 4 --cell gru --hidden 6 --config more.toml");
    let all = found(&shop, &line);
    for trial in all["trials"].as_array().unwrap() {
        let settings = trial["settings"].as_object().unwrap();
        for name in [
            "cell",
            "hidden",
            "window",
            "activation",
            "epochs",
            "embedding",
        ] {
            assert!(!settings.contains_key(name), "{name}: {trial}");
        }
        assert!(settings.contains_key("lr") && settings.contains_key("bidirectional"));
        let run = trial["run"].as_str().unwrap();
        let config = shop.text(&format!("{run}/config.toml"));
        for line in [
            "cell = \"gru\"",
            "hidden = 6\n",
            "batch = 5\n",
            "epochs = 3\n",
        ] {
            assert!(config.contains(line), "{line}: {config}");
        }
    }
}

#[test]
fn an_activation_is_elmans_and_so_is_the_cell_beside_it() {
    let shop = shop();
    let all = found(&shop, &tiny("s", "--trials 3 --activation relu"));
    for trial in all["trials"].as_array().unwrap() {
        assert!(
            trial["settings"]["cell"].is_null() && trial["state"] == "complete",
            "{trial}"
        );
    }
}

#[test]
fn every_task_can_be_tuned() {
    let shop = shop();
    shop.write("y.csv", series("t,y\n", |t, y| format!("{t},{y}\n")));
    shop.write(
        "text.txt",
        "the cat sat on the mat and the dog sat on the log. ".repeat(20),
    );
    for (task, flags) in [
        ("label", "--train train.conll --epochs 1"),
        ("forecast", "--train y.csv --target y --epochs 1"),
        ("text", "--train text.txt --epochs 1"),
        ("echo", "--steps-per-epoch 500 --epochs 1"),
    ] {
        let line = format!("tune {task} {flags} --hidden 4 --threads 1 --trials 2 --out {task}");
        let all = found(&shop, &line);
        assert_eq!(all["trials"].as_array().unwrap().len(), 2, "{all}");
        assert!(all["best"].is_u64() && all["task"] == task, "{all}");
        let again = format!("train {task} --config {task}/best/config.toml --out {task}-again");
        shop.ok(&again);
        let [best, again] =
            ["/best", "-again"].map(|run| shop.read(&format!("{task}{run}/model.safetensors")));
        assert!(best == again, "{task}");
    }
}

#[test]
fn a_search_that_was_killed_goes_on_with_the_same_command() {
    let shop = shop();
    let more = "--trials 12 --epochs 12 --checkpoint-every 1ms";
    let whole = shop.run(&tiny("whole", more));
    let mut kills = 0;
    for pause in [20, 40, 60, 150, 90, 240, 120, 180] {
        let mut child = shop
            .command(&tiny("killed", more))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        sleep(Duration::from_millis(pause));
        kills += usize::from(child.try_wait().expect("a state").is_none());
        child.kill().expect("a kill");
        child.wait().expect("an end");
    }
    assert!(kills > 1, "nothing was killed");
    let killed = shop.run(&tiny("killed", more));
    assert_eq!(table(&whole), table(&killed));
    // Nothing is done twice, but for what was not finished.
    assert_eq!(events(&shop, "killed", "end").len(), 12);
    for trial in 1..=12 {
        let [a, b] = ["whole", "killed"]
            .map(|folder| shop.read(&format!("{folder}/trial-{trial:03}/model.safetensors")));
        assert!(a == b, "trial {trial}");
    }
    assert!(shop.read("whole/best/config.toml").len() > 100);
    assert!(
        shop.read("whole/best/model.safetensors") == shop.read("killed/best/model.safetensors")
    );
}

#[test]
fn processes_share_a_search() {
    let shop = shop();
    let line = tiny("s", "--trials 12 --epochs 100");
    let start = || {
        let mut command = shop.command(&line);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    };
    let children = [start(), start(), start()];
    for child in children {
        let ran = Ran::of(child.wait_with_output().expect("an end"));
        // Who comes last to an end sees all of it; who leaves early may see no winner yet.
        assert!(
            ran.code == 0 || ran.err.contains("before a trial was complete"),
            "{}",
            ran.err
        );
    }
    let claims = events(&shop, "s", "claim");
    let mut trials: Vec<usize> = claims.iter().map(|claim| number(&claim["trial"])).collect();
    trials.sort_unstable();
    assert_eq!(trials, (1..=12).collect::<Vec<_>>(), "no trial twice");
    let mut pids: Vec<usize> = claims.iter().map(|claim| number(&claim["pid"])).collect();
    pids.sort_unstable();
    pids.dedup();
    assert!(pids.len() > 1, "one process did it all: {pids:?}");
    assert_eq!(events(&shop, "s", "end").len(), 12);
    let all = found(&shop, &line);
    assert!(
        all["trials"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["state"] != Value::Null)
    );
    assert_eq!(
        events(&shop, "s", "claim").len(),
        12,
        "nothing is left to do"
    );
}

#[test]
fn a_search_without_a_folder_is_found_again() {
    let shop = shop();
    let line = format!("tune classify --train rows.csv {SMALL} {TINY} --time 1h");
    let mut child = shop
        .command(&line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let journal = shop.path("runs/tune-classify-1/journal.jsonl");
    while !std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("\"claim\"")) {
        sleep(Duration::from_millis(20));
    }
    child.kill().expect("a kill");
    child.wait().expect("an end");
    let before = events(&shop, "runs/tune-classify-1", "claim").len();
    assert!(before > 0);
    let line = line.replace("--time 1h", &format!("--trials {}", before + 2));
    let ran = shop.run(&line);
    assert!(
        ran.err.contains("going on with runs/tune-classify-1"),
        "{}",
        ran.err
    );
    // That one is over: the next is another.
    shop.ok(&line.replace(&(before + 2).to_string(), "1"));
    assert_eq!(events(&shop, "runs/tune-classify-2", "end").len(), 1);
}

#[test]
fn time_ends_a_search_and_leaves_it_whole() {
    let shop = shop();
    let line =
        "tune classify --train rows.csv --epochs 400 --patience 0 --threads 1 --hidden 6 --out s";
    let ran = shop.run(&format!("{line} --time 2s"));
    let is_won = ran.code == 0 && ran.out.contains("now in s/best");
    assert!(
        is_won || ran.err.contains("the time was up"),
        "{}{}",
        ran.out,
        ran.err
    );
    let more = events(&shop, "s", "claim").len() + 1;
    let all = found(&shop, &format!("{line} --trials {more}"));
    let trials = all["trials"].as_array().unwrap();
    assert!(
        trials.iter().all(|one| one["state"] != Value::Null),
        "{all}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_says_how_to_go_on() {
    let shop = shop();
    let line = "tune classify --train rows.csv --epochs 20000 --patience 0 --threads 1 --hidden 6 --out s --time 1h";
    let mut command = shop.command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("it starts");
    while !shop.path("s/trial-001/model.safetensors").exists() {
        sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.expect("a signal").success());
    let ran = Ran::of(child.wait_with_output().expect("an end"));
    assert_eq!(ran.code, 130, "{}", ran.err);
    let words = "stopped at trial 001, which is saved; to go on: the same command, with --out s";
    assert!(ran.err.contains(words), "{}", ran.err);
    assert!(shop.path("s/trial-001/checkpoint.safetensors").exists());
    assert!(events(&shop, "s", "end").is_empty());
}

#[test]
fn a_quiet_search_says_who_won() {
    let shop = shop();
    let ran = shop.run(&tiny("s", "--trials 2 --quiet"));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(
        ran.out.starts_with("best accuracy") && ran.out.lines().count() == 1,
        "{}",
        ran.out
    );
}

#[test]
fn what_cannot_be_searched_is_said() {
    let shop = shop();
    let fails = |more: &str, words: &[&str]| shop.fails(&search("s", more), 2, words);
    let words = [
        "the smallest, cell elman, hidden 2",
        "bytes of flash, and --flash is 1024",
    ];
    fails("--flash 1k", &words);
    let words = ["hidden 64", "bytes of RAM, and --ram is 100"];
    fails("--ram 100 --hidden 64 --cell lstm", &words);
    fails(
        "--instructions 10",
        &["instructions a step, and --instructions is 10"],
    );
    fails("--flash much", &["--flash", "an amount such as 900, 32k"]);
    fails("--chip z80", &["m4f, m0"]);
    fails("--time 5", &["--time", "its unit"]);
    fails("--trials 0", &["--trials"]);
    fails("--hidden 0", &["--hidden"]);
    fails(
        "--activation relu --cell gru",
        &["--activation is of Elman's cell"],
    );
    assert!(!shop.path("s").exists(), "nothing was begun");
    shop.fails("tune", 2, &["Usage: elman tune"]);
    shop.fails("tune classify", 2, &["train classify needs data"]);
    shop.fails(
        "tune classify --train none.csv",
        2,
        &["none.csv: no such file"],
    );
    let piped = shop.piped("tune classify --train -", plain(20));
    assert!(
        piped.code == 2 && piped.err.contains("a pipe can be read once"),
        "{}",
        piped.err
    );
    shop.fails(
        "tune echo --int8",
        2,
        &["--int8 is for nets that elman quantize knows"],
    );
    shop.ok(&search("s", "--trials 1 --flash 8k"));
    let words = [
        "s holds another search",
        "differs in --lr",
        "choose another --out",
    ];
    fails("--trials 1 --flash 8k --lr 0.1", &words);
    fails("--trials 1 --flash 32k", &["differs in its budget"]);
    shop.write("rows.csv", plain(90));
    fails("--trials 2 --flash 8k", &["its data, which have changed"]);
    shop.train("run", "");
    let line = "tune classify --train rows.csv --out run";
    shop.fails(line, 2, &["run exists already"]);
}

/// Scores of an epoch are written before its checkpoint and its model: who dies in between has scores of which no model is left.
#[test]
fn a_trial_that_died_before_its_model_was_written_has_it_in_the_end() {
    let shop = shop();
    let line = tiny("s", "--trials 12 --epochs 12 --checkpoint-every 1ms");
    let whole = shop.run(&line);
    let ends = events(&shop, "s", "end");
    let given_up = ends.iter().find(|end| end["state"] == "stopped");
    let trial = given_up.expect("a trial that was given up")["trial"].clone();
    let model = format!("s/trial-{:03}/model.safetensors", number(&trial));
    let checkpoint = model.replace("model", "checkpoint");
    let before = shop.read(&model);
    let journal = shop.text("s/journal.jsonl");
    let is_of_others = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["end"]["trial"] != trial
    };
    let others: Vec<&str> = journal.lines().filter(is_of_others).collect();
    assert_eq!(others.len() + 1, journal.lines().count());
    shop.write("s/journal.jsonl", others.join("\n") + "\n");
    for file in [&model, &checkpoint] {
        std::fs::remove_file(shop.path(file)).unwrap();
    }
    let again = shop.run(&line);
    assert_eq!(table(&whole), table(&again));
    assert!(shop.read(&model) == before, "trial {trial}");
}

#[test]
fn a_search_that_died_before_its_first_line_begins_anew() {
    let shop = shop();
    let whole = shop.run(&tiny("whole", "--trials 2"));
    for (folder, torn) in [("nothing", ""), ("torn", "{\"search\":{\"ver")] {
        std::fs::create_dir(shop.path(folder)).unwrap();
        shop.write(&format!("{folder}/journal.jsonl"), torn);
        assert_eq!(table(&whole), table(&shop.run(&tiny(folder, "--trials 2"))));
    }
    // What is no search stays as it is.
    std::fs::create_dir(shop.path("mine")).unwrap();
    shop.write("mine/journal.jsonl", "dear diary\n");
    let refused = shop.run(&tiny("mine", "--trials 2"));
    assert!(refused.code == 2 && refused.err.contains("not empty"));
}
