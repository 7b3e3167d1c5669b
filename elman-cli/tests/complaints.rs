//! Everything that can be typed or read wrongly: one sentence that names the place, and the right exit code.

mod common;

use common::{TINY, Workshop};

#[test]
fn files_that_cannot_be_read() {
    let shop = Workshop::new();
    let train = |data: &str, words: &[&str]| {
        shop.fails(
            &format!("train label --train {data} --out run {TINY}"),
            2,
            words,
        );
        assert!(!shop.path("run").exists(), "nothing is left behind");
    };
    train("nowhere.conll", &["nowhere.conll", "no such file"]);
    shop.write("empty.conll", "\n\n");
    train("empty.conll", &["empty.conll", "the file has no sentences"]);
    shop.write("empty.conll", "");
    train("empty.conll", &["empty.conll", "the file is empty"]);
    shop.write("spaces.conll", "Ida\tB-NAME\nruns O\n");
    train(
        "spaces.conll",
        &["spaces.conll:2:", "TAB", r"tr ' ' '\t' < FILE"],
    );
    shop.write("latin.conll", b"Ida\tO\n\nJos\xe9\tO\n");
    train("latin.conll", &["latin.conll:3:", "UTF-8"]);
    shop.write("single.conll", "Ida\tO\n");
    train("single.conll", &["single.conll", "one sentence"]);
    train(".", &["folder"]);
    shop.fails("train label", 2, &["--train"]);
    shop.fails("train", 2, &["task", "--resume"]);
}

#[test]
fn labels_that_the_model_does_not_know() {
    let shop = Workshop::new();
    shop.write("other.conll", "Ida\tO\n\nruns\tO\nfar\tB-PLACE\n");
    let warning =
        "other.conll:4: warning: training never met label B-PLACE (1); 1 of 3 count as misses";
    let line = format!("train label --train train.conll --valid other.conll --out run {TINY}");
    for line in [
        &line,
        "eval run --data other.conll",
        "gradcheck run --data other.conll",
    ] {
        let ran = shop.run(line);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.err.matches(warning).count(), 1, "{}", ran.err);
    }
    shop.write("strange.conll", "far\tB-PLACE\n");
    let words = [
        "strange.conll:1:",
        "does not know the label B-PLACE, nor any other",
        "B-NAME",
    ];
    shop.fails("eval run --data strange.conll", 2, &words);
    shop.ok("predict run --data other.conll");
}

#[test]
fn runs_that_exist_or_do_not() {
    let shop = Workshop::new();
    shop.train("run", "--epochs 1");
    let line = format!("train label --train train.conll --out run {TINY}");
    shop.fails(&line, 2, &["run exists already", "--resume run", "--out"]);
    shop.fails(
        "predict run/model.safetensors --data test.conll",
        2,
        &[
            "run/model.safetensors: a file",
            "RUN is the folder, e.g. run",
        ],
    );
    shop.fails(
        "eval . --data test.conll",
        2,
        &["a folder of runs", "e.g. ./run"],
    );
    std::fs::create_dir(shop.path("young")).expect("a folder");
    shop.write("young/config.toml", shop.text("run/config.toml"));
    shop.fails(
        "eval young --data test.conll",
        2,
        &["this run has no model yet", "--resume young"],
    );
    shop.fails("train --resume nowhere", 2, &["nowhere", "no such run"]);
    shop.fails(
        "eval nowhere --data test.conll",
        2,
        &["nowhere", "no such run"],
    );
    std::fs::create_dir(shop.path("bare")).expect("a folder");
    shop.fails(
        "eval bare --data test.conll",
        2,
        &["bare/model.safetensors", "no such file"],
    );
    shop.fails(
        "train --resume bare",
        2,
        &["bare/config.toml", "no such file"],
    );
    shop.write("bare/model.safetensors", "not tensors");
    shop.fails(
        "predict bare --data test.conll",
        2,
        &["bare/model.safetensors", "not a file written by elman"],
    );
    shop.fails(
        "eval run --data nowhere.conll",
        2,
        &["nowhere.conll", "no such file"],
    );
    shop.ok(&format!(
        "train label --train train.conll {TINY} --epochs 1"
    ));
    shop.ok(&format!(
        "train label --train train.conll {TINY} --epochs 1"
    ));
    assert!(
        shop.path("runs/label-1/model.safetensors").is_file() && shop.path("runs/label-2").is_dir()
    );
}

#[test]
fn a_folder_that_is_no_run() {
    let shop = Workshop::new();
    std::fs::create_dir(shop.path("empty")).expect("a folder");
    shop.train("empty", "--epochs 1");
    shop.write("notes.txt", "mine");
    let ran = shop.run(&format!("train label --train train.conll --out . {TINY}"));
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.err.contains("choose another --out") && !ran.err.contains("--resume"),
        "{}",
        ran.err
    );
}

#[test]
fn a_run_is_trained_by_one_process_at_a_time() {
    let shop = Workshop::new();
    shop.train("run", "--epochs 1");
    let lock = std::fs::File::open(shop.path("run/.lock")).expect("a file of its own");
    lock.lock().expect("nobody else trains");
    shop.fails(
        "train --resume run",
        2,
        &["run: another process is training this run"],
    );
    shop.ok("eval run --data test.conll");
    drop(lock);
    let ran = shop.run("train --resume run");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("already complete after 1 epoch"),
        "{}",
        ran.err
    );
}

/// Elsewhere memory may be promised that nobody has.
#[cfg(target_os = "linux")]
#[test]
fn a_net_that_is_larger_than_the_memory() {
    let shop = Workshop::new();
    let line = "train label --train train.conll --out run --hidden 65536 --layers 8";
    shop.fails(
        line,
        2,
        &["this net needs about ", " GB", "a smaller --hidden"],
    );
    assert!(!shop.path("run").exists());
}

#[test]
fn data_that_are_probably_not_what_was_meant() {
    let shop = Workshop::new();
    shop.write(
        "mixed.conll",
        "Ida\tB-NAME\nruns\tO\n\nfar\tB_PLACE\n".repeat(9),
    );
    let ran = shop.run(&format!(
        "train label --train mixed.conll --out mixed {TINY} --epochs 1"
    ));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let warning = "mixed.conll:4: warning: B_PLACE is no IOB label, so the score is accuracy instead of span F1";
    assert_eq!(ran.err.matches("warning").count(), 1, "{}", ran.err);
    assert!(ran.err.contains(warning), "{}", ran.err);
    shop.train("run", "--epochs 1");
    shop.write("line.txt", "Mr. Aho has lamps .\nMrs. Bell sees rain .\n");
    let ran = shop.run("predict run --data line.txt");
    assert_eq!(
        (ran.code, ran.err.matches("warning").count()),
        (0, 1),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("line.txt:1: ") && ran.err.contains(r"tr ' ' '\n'"),
        "{}",
        ran.err
    );
    assert_eq!(shop.run("predict run --data test.conll").err, "");
}

#[test]
fn flags_out_of_range() {
    let shop = Workshop::new();
    let bad = [
        "--hidden 0",
        "--layers 9",
        "--window 4",
        "--dropout 1",
        "--recurrent-dropout 1",
        "--lr 0",
        "--lr nan",
        "--batch 0",
        "--clip-norm -1",
        "--epochs 0",
        "--threads 0",
        "--activation sine",
        "--cell jordan",
        "--schedule never",
        "--seed -1",
        "--optimizer newton",
        "--accumulate 0",
        "--warm-up -1",
        "--noise -1",
        "--average 1",
        "--smoothing 1",
        "--overfit-batch 0",
        "--time-limit 5",
        "--folds 1",
        "--seeds 0",
        "--fold 6/5",
        "--transitions perhaps",
        "--class-weights heavy",
    ];
    for flag in bad {
        let name = flag.split(' ').next().unwrap_or_default();
        shop.fails(
            &format!("train label --train train.conll {flag}"),
            2,
            &[name],
        );
    }
    shop.fails(
        "train label --train train.conll --cell gru --activation tanh",
        2,
        &["--activation", "--cell gru", "are fixed"],
    );
    shop.fails(
        "train label --train train.conll --k1 5",
        2,
        &["--k1", "--bidirectional false"],
    );
    shop.fails(
        "train label --train train.conll --bidirectional false --k1 5 --k2 4",
        2,
        &["--k2 4", "--k1 5"],
    );
    shop.fails("train label --train train.conll --k2 4", 2, &["--k1"]);
    shop.fails("train --resume run label", 2, &["label"]);
    shop.fails("trian", 2, &["trian"]);
    shop.fails(
        "train label --train train.conll --lr -1",
        2,
        &["it must be a number above 0"],
    );
    assert!(!shop.path("runs").exists());
}

#[test]
fn commands_that_are_almost_right() {
    let shop = Workshop::new();
    let hint = |typed: &str, meant: &str| shop.fails(typed, 2, &["argument", "hint: ", meant]);
    hint("train --train x", "elman train label --train FILE");
    hint("train label --resume run", "elman train --resume RUN");
    hint("predict run FILE", "elman predict RUN --data FILE");
    hint("eval run FILE", "elman eval RUN --data FILE");
    assert!(
        !shop
            .run("predict run --data x --jsno")
            .err
            .contains("hint: ")
    );
}

#[test]
fn configuration_files() {
    let shop = Workshop::new();
    let config = |content: &str, words: &[&str]| {
        shop.write("c.toml", content);
        shop.fails(
            "train label --config c.toml --train train.conll --out run",
            2,
            &[&["c.toml"], words].concat(),
        );
    };
    config("hiden = 5", &["unknown field hiden"]);
    config("config = \"x\"", &["unknown field config"]);
    config("hidden = 5\nlayers =", &["line 2"]);
    config("dropout = 1.5", &["--dropout", "below 1"]);
    config("hidden = [5]", &["hidden must be"]);
    config("task = \"text\"", &["task text", "label"]);
    shop.fails(
        "train label --config none.toml",
        2,
        &["none.toml", "no such file"],
    );
    std::fs::create_dir(shop.path("run2")).expect("a folder");
    shop.write("run2/config.toml", "hidden = 5\n");
    shop.fails("train --resume run2", 2, &["run2/config.toml", "task"]);
    shop.write("run2/config.toml", "task = \"juggle\"\n");
    shop.fails("train --resume run2", 2, &["run2/config.toml", "juggle"]);
}

#[test]
fn numbers_that_explode_are_named_and_the_last_good_model_is_kept() {
    let shop = Workshop::new();
    let wild = "--activation identity --optimizer sgd --schedule constant --clip-norm 0 --dropout 0 --hidden 8";
    let line = format!("train label --train train.conll --patience 0 {wild} --embedding 8");
    shop.fails(
        &format!("{line} --out wild --lr 1e30"),
        1,
        &[
            "epoch 1, batch ",
            "NaN or infinity",
            "no good model yet",
            "--lr",
            "--clip-norm",
        ],
    );
    assert!(!shop.path("wild/model.safetensors").exists());
    // The learning rate is fine at first; a resumed run with a wild one must keep what was good.
    shop.ok(&format!("{line} --out tame --lr 0.1 --epochs 2 --batch 16"));
    let good = shop.read("tame/model.safetensors");
    let config = shop
        .text("tame/config.toml")
        .replace("lr = 0.1", "lr = 1e30")
        .replace("epochs = 2", "epochs = 9");
    shop.write("tame/config.toml", config);
    shop.fails(
        "train --resume tame",
        1,
        &[
            "epoch 3",
            "layer 0, at step ",
            " of sequence ",
            " of the training data, which begins in line ",
            "is kept in tame/model.safetensors",
        ],
    );
    assert_eq!(shop.read("tame/model.safetensors"), good);
    shop.ok("eval tame --data test.conll");
}

#[test]
fn help_is_everywhere_and_has_examples() {
    let shop = Workshop::new();
    // What elman --help and elman train --help list.
    let listed = |help: &str, heading: &str| -> Vec<String> {
        let lines = help.lines().skip_while(|line| *line != heading).skip(1);
        let names = lines.map_while(|line| line.strip_prefix("  ")?.split(' ').next());
        let names = names.filter(|name| !["", "help"].contains(name));
        names.map(str::to_owned).collect()
    };
    let commands = listed(&shop.ok("--help"), "Commands:");
    let tasks = listed(&shop.ok("train --help"), "Tasks:");
    assert!(
        commands.len() >= 9 && tasks.len() == 6,
        "{commands:?} {tasks:?}"
    );
    let tasks = tasks.iter().map(|task| format!("train {task}"));
    for command in commands.iter().cloned().chain(tasks).chain([String::new()]) {
        let help = shop.ok(&format!("{command} --help"));
        assert!(
            help.contains("Examples:") && help.contains("elman "),
            "{command}\n{help}"
        );
    }
    assert!(shop.ok("train label --help").contains("[default: "));
    for story in ["report", "classify", "forecast", "regress", "text"] {
        assert!(
            shop.ok("--help").contains(story),
            "the tour leaves {story} out"
        );
    }
    for (task, unused) in [
        ("classify", &["--k1", "--k2"][..]),
        ("forecast", &["--embedding", "--window", "--bidirectional"]),
        ("regress", &["--embedding"]),
        ("text", &["--window", "--bidirectional", "--noise"]),
        (
            "echo",
            &["--embedding", "--window", "--bidirectional", "--noise"],
        ),
    ] {
        let help = shop.ok(&format!("train {task} --help"));
        for flag in unused {
            let is_shown = help.lines().any(|line| line.trim_start().starts_with(flag));
            assert!(!is_shown, "{task} {flag}");
        }
    }
    assert!(shop.ok("--version").starts_with("elman "));
}

#[test]
fn formats_that_do_not_fit() {
    let shop = Workshop::new();
    shop.write(
        "rows.csv",
        "seq,t,x,label\n0,0,1,a\n0,1,2,a\n1,0,2,b\n1,1,3,b\n2,0,1,a\n3,0,4,b\n",
    );
    shop.write("pairs.tsv", "one\ta\ntwo\tb\none\ta\ntwo\tb\n");
    let refused =
        |line: &str, words: &[&str]| shop.fails(&format!("train {line} --out none"), 2, words);
    refused(
        "label --train train.conll --format pairs",
        &["--format pairs", "conll, csv, ts, tsf, ucr, npy, npz"],
    );
    refused(
        "label --train train.conll --format csv",
        &["train.conll", "looks like conll"],
    );
    refused(
        "label --train rows.csv --format conll",
        &["rows.csv:1", "looks like csv"],
    );
    refused(
        "classify --train rows.csv --format npz",
        &["rows.csv", "archive", "looks like csv"],
    );
    refused(
        "classify --train pairs.tsv --tokens chars --format csv",
        &["--format csv", "pairs"],
    );
    refused(
        "classify --train rows.csv --format text",
        &["--format text", "pairs"],
    );
    refused(
        "forecast --train rows.csv --target x --format conll",
        &["--format conll", "csv, ts"],
    );
    refused(
        "forecast --train rows.csv --target x --format ts",
        &["rows.csv", "looks like csv"],
    );
    refused(
        "text --train pairs.tsv --format pairs",
        &["--format pairs", "text"],
    );
    refused(
        "label --train train.conll --format xls",
        &["xls", "--format"],
    );
    refused(
        "forecast --train rows.csv --target x --window 3",
        &["--window", "1"],
    );
    refused("text --train pairs.tsv --noise 1", &["--noise"]);
    // Tokens and numbers in two columns are a table by their look.
    shop.write(
        "numbers.conll",
        "word\tnumber\n".to_owned() + &"one\t1\ntwo\t2\n".repeat(30),
    );
    shop.ok(&format!(
        "train label --train numbers.conll --format conll --out run {TINY} --overfit-batch 1"
    ));
    assert!(shop.text("run/config.toml").contains("format = \"conll\""));
    shop.ok("eval run --data numbers.conll --format conll");
    shop.ok("predict run --data numbers.conll --format conll");
    for command in ["eval", "predict", "gradcheck"] {
        shop.fails(
            &format!("{command} run --data rows.csv --format csv"),
            2,
            &["--format csv", "it reads conll"],
        );
    }
}

#[test]
fn commands_may_be_abbreviated() {
    let shop = Workshop::new();
    shop.ok(&format!(
        "tr lab --train train.conll --out run {TINY} --epochs 1"
    ));
    shop.ok("ev run --data test.conll");
    shop.ok("train label --config run/config.toml --out again");
    shop.ok("tr l --config run/config.toml --out third");
    assert!(shop.ok("rep run").contains("report.html"));
    for line in [
        "de --help",
        "tr --help",
        "pr --help",
        "ge --help",
        "ins --help",
        "gr --help",
        "be --help",
    ] {
        assert!(shop.ok(line).contains("Examples:"), "{line}");
    }
    shop.fails("g --help", 2, &["'g'"]);
}
