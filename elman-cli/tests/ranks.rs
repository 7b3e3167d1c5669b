//! Several processes train one net: the same bytes as one alone, however many they are, and one voice whatever happens.
//!
//! `cargo test -p elman-cli --features mpi --test ranks`; needs Open MPI's `mpirun`.

mod common;

use common::Workshop;

/// What launchers leave in the environment of a rank.
fn launched(shop: &Workshop, line: &str, rank: usize, count: usize) -> common::Ran {
    let mut command = shop.command(line);
    command.env("OMPI_COMM_WORLD_RANK", rank.to_string());
    command.env("OMPI_COMM_WORLD_SIZE", count.to_string());
    common::Ran::of(command.output().expect("the binary starts"))
}

#[test]
fn only_training_is_shared_and_only_one_rank_says_so() {
    let shop = Workshop::new();
    for line in ["demo words", "eval run --data test.conll", "inspect run"] {
        let first = launched(&shop, line, 0, 3);
        assert_eq!(first.code, 2, "{line}: {}", first.err);
        assert!(
            first.err.contains("3 processes") && first.err.contains("mpirun"),
            "{}",
            first.err
        );
        assert_eq!(launched(&shop, line, 2, 3).err, "");
    }
    let wrong = launched(&shop, "train label --tran x", 1, 3);
    assert_eq!((wrong.out.as_str(), wrong.err.as_str()), ("", ""));
}

#[cfg(not(feature = "mpi"))]
#[test]
fn a_build_without_mpi_says_so_and_writes_nothing() {
    let shop = Workshop::new();
    let line = "train label --train train.conll --out run";
    let first = launched(&shop, line, 0, 2);
    assert_eq!(first.code, 2, "{}", first.err);
    assert!(
        first.err.contains("2 processes") && first.err.contains("--features mpi"),
        "{}",
        first.err
    );
    let second = launched(&shop, line, 1, 2);
    assert_eq!((second.code, second.err.as_str()), (2, ""));
    assert!(!shop.path("run").exists());
    // One alone is nothing to complain about.
    assert_eq!(
        launched(&shop, &format!("{line} {}", common::TINY), 0, 1).code,
        0
    );
}

#[cfg(not(feature = "mpi"))]
#[test]
fn ranks_are_tested_where_mpi_is() {
    eprintln!(
        "SKIPPED: this build has no MPI; cargo test -p elman-cli --features mpi --test ranks"
    );
}

#[cfg(all(feature = "mpi", target_os = "linux"))]
mod with_mpi {
    use std::fs;
    use std::process::{Child, Command, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::common::{Ran, TINY, Workshop};

    const FILES: [&str; 2] = ["model.safetensors", "checkpoint.safetensors"];

    /// Whether there is a launcher; on CI there must be.
    fn can_launch() -> bool {
        let found = Command::new("mpirun").arg("--version").output();
        if found.is_ok_and(|output| output.status.success()) {
            return true;
        }
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "there is no mpirun, and CI must have it"
        );
        eprintln!("SKIPPED: there is no mpirun; apt-get install openmpi-bin");
        false
    }

    /// The command in so many ranks.
    fn launch(shop: &Workshop, ranks: usize, line: &str) -> Command {
        let mut command = Command::new("mpirun");
        command.args([
            "--oversubscribe",
            "--bind-to",
            "none",
            "-n",
            &ranks.to_string(),
        ]);
        command
            .arg(env!("CARGO_BIN_EXE_elman"))
            .args(line.split_whitespace());
        prepared(shop, command)
    }

    fn prepared(shop: &Workshop, mut command: Command) -> Command {
        let root = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"];
        command
            .envs(root.map(|name| (name, "1")))
            .current_dir(&shop.home);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(shop: &Workshop, ranks: usize, line: &str) -> Ran {
        Ran::of(launch(shop, ranks, line).output().expect("mpirun starts"))
    }

    fn assert_same(shop: &Workshop, one: &str, other: &str, what: &str) {
        for file in FILES {
            let [one, other] = [one, other].map(|run| shop.read(&format!("{run}/{file}")));
            assert!(one == other, "{what}: {file} differs");
        }
    }

    /// Lines of elman's, for mpirun has some of its own.
    fn said(ran: &Ran) -> Vec<&str> {
        ran.err
            .lines()
            .filter(|line| line.starts_with("elman: "))
            .collect()
    }

    /// Every task; texts and echoes are walked as streams, the others shuffled.
    const JOBS: [&str; 7] = [
        "label --train train.conll --batch 64 --window 3 --dropout 0.2 --recurrent-dropout 0.1 --average 0.99",
        "text --train rhyme.txt --lines false --k1 6 --k2 9 --batch 40",
        "label --train train.conll --batch 24 --bidirectional false --k1 2 --k2 3 --accumulate 2 --clip-norm 0.1",
        "classify --train waves.csv --noise 0.3 --batch 30 --cell lstm --class-weights balanced --schedule plateau",
        "forecast --train series.csv --target y --inputs lead --batch 33 --train-initial-state",
        "echo --steps-per-epoch 4000 --batch 26 --cell gru",
        "label --train train.conll --transitions --vectors v.txt --freeze-vectors --batch 40 --average 0.99 --optimizer adamw",
    ];

    fn fill(shop: &Workshop) {
        let mut waves = "seq,t,x,label\n".to_owned();
        for i in 0..90 {
            for t in 0..3 + i % 4 {
                waves += &format!("{i},{t},{},{}\n", (i * 7 + t) % 5, i % 2);
            }
        }
        shop.write("waves.csv", waves);
        let step = |t: usize| {
            let y = (t as f64 / 3.0).sin() + (t * 7919 % 101) as f64 / 300.0;
            format!("{y:.4},{}\n", t % 7)
        };
        let series = (0..600).map(step).collect::<String>();
        shop.write("series.csv", "y,lead\n".to_owned() + &series);
        shop.write("rhyme.txt", "der sah viele Löwen\n".repeat(150));
        shop.write("v.txt", "sees 0.5 -1 2\nwants 3 2 1\nAho 0.1 0 1\n");
    }

    #[test]
    fn ranks_and_their_threads_change_nothing() {
        if !can_launch() {
            return;
        }
        let shop = Workshop::new();
        fill(&shop);
        for (number, job) in JOBS.iter().enumerate() {
            let line = format!("train {job} --hidden 20 --epochs 2 --patience 0");
            let alone = format!("alone{number}");
            shop.ok(&format!("{line} --threads 1 --out {alone}"));
            for (ranks, threads) in [
                (1, 1),
                (1, 2),
                (2, 1),
                (2, 2),
                (3, 1),
                (3, 2),
                (4, 1),
                (4, 2),
            ] {
                // All of them for a task of each walk.
                if number > 1 && (ranks + threads) % 2 == 0 {
                    continue;
                }
                let out = format!("run{number}-{ranks}-{threads}");
                let ran = run(
                    &shop,
                    ranks,
                    &format!("{line} --threads {threads} --out {out}"),
                );
                assert_eq!(ran.code, 0, "{job}: {}", ran.err);
                assert_same(&shop, &alone, &out, &format!("{job}: {ranks} x {threads}"));
                // One voice, and each epoch on record once.
                assert_eq!(ran.err.matches("to validate on").count(), 1, "{}", ran.err);
                assert_eq!(ran.out.matches("best ").count(), 1, "{}", ran.out);
                assert_eq!(
                    shop.text(&format!("{out}/metrics.jsonl")).lines().count(),
                    2
                );
            }
        }
    }

    /// Long enough to be stopped in the middle.
    const LONG: &str = "train text --train rhyme.txt --lines false --k1 6 --k2 9 --batch 40 --hidden 64 --epochs 200 --patience 0 \
                        --threads 1 --checkpoint-every 5ms";

    fn wait_for_epochs(shop: &Workshop, run: &str, epochs: usize) {
        let began = Instant::now();
        let metrics = shop.path(run).join("metrics.jsonl");
        while fs::read_to_string(&metrics).map_or(0, |text| text.lines().count()) < epochs {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "no epoch {epochs} in {run}"
            );
            sleep(Duration::from_millis(5));
        }
    }

    fn signal(signal: &str, process: u32) {
        let status = Command::new("kill")
            .args([signal, &process.to_string()])
            .status();
        assert!(status.expect("kill runs").success());
    }

    /// The process of a rank that trains in a folder.
    fn process_of(rank: usize, folder: &str) -> u32 {
        let is_it = |process: &u32| {
            let read = |what: &str| fs::read(format!("/proc/{process}/{what}")).unwrap_or_default();
            let has = |content: &[u8], words: &str| {
                content
                    .split(|&b| b == 0)
                    .any(|one| one == words.as_bytes())
            };
            has(&read("environ"), &format!("OMPI_COMM_WORLD_RANK={rank}"))
                && has(&read("cmdline"), folder)
        };
        let entries = fs::read_dir("/proc").expect("processes").flatten();
        let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut found = processes.filter(is_it);
        found.next().expect("a process of this rank")
    }

    fn end_of(child: Child) -> Ran {
        Ran::of(child.wait_with_output().expect("an end"))
    }

    #[test]
    fn a_rank_that_dies_ends_the_run_and_others_go_on_to_the_same_model() {
        if !can_launch() {
            return;
        }
        let shop = Workshop::new();
        fill(&shop);
        shop.ok(&format!("{LONG} --out whole"));
        let folder = shop.path("killed").display().to_string();
        let child = launch(&shop, 3, &format!("{LONG} --out {folder}"))
            .spawn()
            .expect("mpirun starts");
        wait_for_epochs(&shop, "killed", 4);
        signal("-KILL", process_of(1, &folder));
        let ran = end_of(child);
        assert_ne!(ran.code, 0);
        assert!(
            ran.err.contains("rank 1") && ran.err.contains("signal 9"),
            "{}",
            ran.err
        );
        assert_eq!(said(&ran).len(), 1, "{}", ran.err);
        assert!(
            said(&ran)[0].contains("keeps its last checkpoint"),
            "{}",
            ran.err
        );
        for ranks in [2, 4] {
            let done = shop.text("killed/metrics.jsonl").lines().count();
            // To be ended once more by the death of the first, and then by nobody.
            let child = launch(&shop, ranks, &format!("train --resume {folder}"))
                .spawn()
                .expect("mpirun starts");
            if ranks == 2 {
                wait_for_epochs(&shop, "killed", done + 10);
                signal("-KILL", process_of(0, &folder));
            }
            let ran = end_of(child);
            assert_eq!(ran.code == 0, ranks == 4, "{}", ran.err);
        }
        assert_same(&shop, "whole", "killed", "killed and resumed");
        assert_eq!(shop.text("killed/metrics.jsonl").lines().count(), 200);
    }

    #[test]
    fn ctrl_c_saves_once_and_says_how_to_go_on() {
        if !can_launch() {
            return;
        }
        let shop = Workshop::new();
        fill(&shop);
        shop.ok(&format!("{LONG} --out whole"));
        let mut child = launch(&shop, 2, &format!("{LONG} --out stopped"))
            .spawn()
            .expect("mpirun starts");
        wait_for_epochs(&shop, "stopped", 3);
        // As a launcher does that asks its processes to stop.
        signal("-INT", child.id());
        let ran = end_of(child);
        assert_ne!(ran.code, 0);
        assert_eq!(
            ran.err
                .matches("to go on: elman train --resume stopped")
                .count(),
            1,
            "{}",
            ran.err
        );
        assert!(said(&ran)[0].contains("stopped in epoch"), "{}", ran.err);
        // Asked is only one that follows.
        let folder = shop.path("stopped").display().to_string();
        let done = shop.text("stopped/metrics.jsonl").lines().count();
        child = launch(&shop, 3, &format!("train --resume {folder}"))
            .spawn()
            .expect("mpirun starts");
        wait_for_epochs(&shop, "stopped", done + 10);
        signal("-TERM", process_of(2, &folder));
        let ran = end_of(child);
        assert_eq!(
            ran.err.matches("to go on: elman train --resume").count(),
            1,
            "{}",
            ran.err
        );
        assert_eq!(ran.code, 130, "{}", ran.err);
        let ran = run(&shop, 4, "train --resume stopped");
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_same(&shop, "whole", "stopped", "stopped and resumed");
    }

    #[test]
    fn what_fails_is_said_once() {
        if !can_launch() {
            return;
        }
        let shop = Workshop::new();
        fill(&shop);
        for (line, code, words) in [
            (
                "train label --train nothing.conll",
                2,
                "nothing.conll: no such file",
            ),
            (
                "train label --train train.conll --out train.conll",
                2,
                "train.conll exists already",
            ),
            ("train --resume nowhere", 2, "there is no such run"),
            (
                "train label --train - --format conll",
                2,
                "every rank reads the data itself",
            ),
            (
                "train classify --train waves.csv --out nan --optimizer sgd --activation relu --lr 1e30 --clip-norm 0 --batch 32 --epochs 9",
                1,
                "a NaN or infinity in",
            ),
        ] {
            let ran = run(&shop, 3, line);
            assert_eq!(ran.code, code, "{line}: {}", ran.err);
            assert_eq!(said(&ran).len(), 1, "{line}: {}", ran.err);
            assert!(said(&ran)[0].contains(words), "{line}: {}", ran.err);
        }
        assert!(!shop.path("runs").exists());
        // A run that can write no more, in the middle of its epochs.
        let mut child = launch(&shop, 3, &format!("{LONG} --out gone"))
            .spawn()
            .expect("mpirun starts");
        wait_for_epochs(&shop, "gone", 3);
        fs::rename(shop.path("gone"), shop.path("away")).expect("a folder that moves");
        assert!(child.try_wait().expect("a state").is_none());
        let ran = end_of(child);
        assert_eq!((ran.code, said(&ran).len()), (1, 1), "{}", ran.err);
        assert!(said(&ran)[0].contains("cannot write gone/"), "{}", ran.err);
    }

    #[test]
    fn a_machine_without_the_data_is_named() {
        if !can_launch() {
            return;
        }
        let shop = Workshop::new();
        fs::create_dir(shop.path("other")).expect("a folder");
        for (content, words) in [
            (None, "no such file"),
            (Some("a\tO\n\nb\tO\n\n"), "reads other data than rank 0"),
        ] {
            if let Some(content) = content {
                shop.write("other/train.conll", content.repeat(20));
            }
            // The second rank works in a folder of its own, as on a machine of its own.
            let mut command = Command::new("mpirun");
            command.args(["--oversubscribe", "--bind-to", "none"]);
            let flags = format!("train label --train train.conll --batch 32 --out run {TINY}");
            for (number, folder) in [".", "other"].iter().enumerate() {
                if number > 0 {
                    command.arg(":");
                }
                let path = shop.path(folder).display().to_string();
                command.args(["-n", "1", "--wdir", &path, env!("CARGO_BIN_EXE_elman")]);
                command.args(flags.split_whitespace());
            }
            let ran = Ran::of(prepared(&shop, command).output().expect("mpirun starts"));
            assert_eq!(ran.code, 2, "{}", ran.err);
            assert_eq!(said(&ran).len(), 1, "{}", ran.err);
            assert!(
                said(&ran)[0].contains("rank 1 on ") && said(&ran)[0].contains(words),
                "{}",
                ran.err
            );
            fs::remove_dir_all(shop.path("run")).expect("the folder of the run");
        }
    }

    #[test]
    fn without_a_launcher_nothing_is_new_and_the_version_names_mpi() {
        let shop = Workshop::new();
        shop.train("run", "");
        assert!(shop.ok("--version").contains("\nfeatures  mpi"));
    }

    #[test]
    fn ranks_without_work_are_told() {
        if !can_launch() {
            return;
        }
        let shop = Workshop::new();
        shop.train("alone", "");
        let ran = run(
            &shop,
            4,
            &format!("train label --train train.conll --out run {TINY}"),
        );
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.err.contains("2 of the 4 ranks are enough"),
            "{}",
            ran.err
        );
        assert_same(&shop, "alone", "run", "two idle ranks");
    }
}
