//! Compares what Gungraun counted, on standard input, with the committed file; `renew` writes that file anew.

mod baseline;

use std::io::{Read, stdin};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use baseline::{Baseline, Build, complaints, read};

const HOW_TO_RENEW: &str =
    "where that is meant, `benches/count renew` writes benches/counts.json anew, to be committed";

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| {
        eprintln!("instruction counts: {failure}");
        ExitCode::FAILURE
    })
}

fn run() -> Result<ExitCode, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.json");
    let mut lines = String::new();
    let got = stdin().read_to_string(&mut lines);
    got.map_err(|error| error.to_string())?;
    let now = Baseline {
        build: build()?,
        counts: read(&lines)?,
    };
    if env::args().nth(1).as_deref() == Some("renew") {
        fs::write(&path, now.to_text()).map_err(|error| error.to_string())?;
        println!("{} counts written", now.counts.len());
        return Ok(ExitCode::SUCCESS);
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("counts.json: {error}"))?;
    let before = Baseline::parse(&text).map_err(|error| format!("counts.json: {error}"))?;
    Ok(compare(&before, &now))
}

/// What the counted code was built with: the same variables reach this program.
fn build() -> Result<Build, String> {
    let compiler = Command::new("rustc").arg("--version").output();
    let compiler = compiler.map_err(|error| format!("rustc: {error}"))?;
    Ok(Build {
        rustc: String::from_utf8_lossy(&compiler.stdout).trim().to_owned(),
        rustflags: env::var("RUSTFLAGS").unwrap_or_default(),
    })
}

fn compare(before: &Baseline, now: &Baseline) -> ExitCode {
    if before.build != now.build {
        eprintln!(
            "NOTHING WAS COMPARED: the committed counts are those of {:?}, these of {:?}; {HOW_TO_RENEW}",
            before.build, now.build
        );
        return ExitCode::SUCCESS;
    }
    let complaints = complaints(&before.counts, &now.counts);
    if complaints.is_empty() {
        println!("{} counts are those of counts.json", now.counts.len());
        return ExitCode::SUCCESS;
    }
    for complaint in complaints {
        eprintln!("{complaint}");
    }
    eprintln!("{HOW_TO_RENEW}");
    ExitCode::FAILURE
}
