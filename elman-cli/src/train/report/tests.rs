//! Whole pages, and what a browser makes of them.

use std::path::Path;
use std::process::Command;

use super::run::Row;
use super::*;
use crate::train::calls::Call;
use crate::train::doctor::checkup::{Checkup, Finding, LayerHealth, Severity, TensorHealth};

/// A page with everything on it, of text that would break it were it not escaped.
fn example() -> RunReport {
    RunReport {
        name: "names <script>alert(1)</script>".to_owned(),
        task: "classify".to_owned(),
        state: RunState::Ended,
        history: (1..=24).map(row).collect(),
        evidence: vec![
            Evidence::Confusion(confusion(18)),
            Evidence::Confusion(confusion(3)),
            Evidence::Spans(spans()),
            Evidence::Series(series()),
            Evidence::Samples(samples()),
            Evidence::Mistakes(mistakes()),
        ],
        calls: vec![Call {
            started: "2026-11-29T12:00:00Z".to_owned(),
            version: "0.1.0".to_owned(),
            command: "elman train label --train '<b>.conll'".to_owned(),
        }],
        clip_norm: 5.0,
        parameters: 1_234_567,
        settings: [
            "hidden",
            "layers",
            "train",
            "optimizer",
            "train-initial-state",
            "clip-norm",
        ]
        .iter()
        .zip([
            "128",
            "2",
            "/a/rather/long/path/to/a/file/of/training/data/train.conll",
            "adam",
            "false",
            "5",
        ])
        .map(|(name, value)| ((*name).to_owned(), value.to_owned()))
        .collect(),
    }
}

fn mistakes() -> Mistakes {
    let mistake = |i: usize| Mistake {
        place: i.to_string(),
        what: "<i>".repeat(30 * (i % 2)),
        real: "B-PER".to_owned(),
        found: "O".to_owned(),
        cost: (i * 7 % 30) as f64,
    };
    let path = Path::new("dev & more.conll");
    Mistakes::of(path, ("line", "nats"), (0..30).map(mistake))
}

fn row(epoch: usize) -> Row {
    let t = epoch as f64;
    let wave = (t * 1.7).sin();
    Row {
        epoch,
        train_loss: 2.0 * (-t / 6.0).exp() + 0.05,
        valid_loss: 1.8 * (-t / 5.0).exp() + 0.2 + 0.004 * t + 0.02 * wave,
        score: 0.83 - 0.6 * (-t / 4.0).exp() + 0.01 * wave,
        score_name: "macro F1".to_owned(),
        best: epoch <= 19,
        learning_rate: 0.0015 * (1.0 + (t / 24.0 * std::f64::consts::PI).cos()),
        gradient_norm: 40.0 * (-t / 4.0).exp() + 0.6 + 0.2 * wave,
        seconds: 3.2,
        doctor: [1, 24].contains(&epoch).then(|| checkup(t)),
    }
}

fn checkup(t: f64) -> Checkup {
    let layer = |name: &str| LayerHealth {
        name: name.to_owned(),
        units: 128,
        spectral_radius: 0.98,
        saturated: 0.034,
        dead: 2,
        gates: Vec::new(),
    };
    let tensor = |name: &str| TensorHealth {
        name: name.to_owned(),
        update_ratio: 1.3e-3,
    };
    let finding = |severity, text: &str| Finding {
        severity,
        about: "memory".to_owned(),
        text: text.to_owned(),
    };
    Checkup {
        gradient_by_lag: (0..40)
            .map(|lag| 0.3 * (-f64::from(lag) / (3.0 + t / 4.0)).exp())
            .collect(),
        clipped: 0.12,
        layers: vec![layer("layer 0"), layer("layer 0 reverse")],
        tensors: vec![
            tensor("rnn.weight_ih_l0"),
            tensor("rnn.weight_hh_l0_reverse"),
        ],
        findings: vec![
            finding(Severity::Fine, "12.0 % of the updates were clipped"),
            finding(
                Severity::Trouble,
                "gradients fade within 6 steps: the net cannot learn from what lies further back",
            ),
            finding(Severity::Note, "2 of 128 units of layer 0 never change"),
        ],
    }
}

fn confusion(classes: usize) -> NamedConfusion {
    let names = [
        "Arabic",
        "Chinese",
        "Czech",
        "Dutch",
        "English",
        "French",
        "German",
        "Greek",
        "Irish",
        "Italian",
        "Japanese",
        "Korean",
        "Polish",
        "Portuguese",
        "Russian",
        "Scottish",
        "Spanish",
        "a very long <class> name",
    ];
    let count = |row: usize, column: usize| {
        if row == column {
            90 + 7 * row
        } else {
            ((row * 7 + column * 13) % 11).saturating_sub(7) * 4
        }
    };
    let rows: Vec<Vec<usize>> = (0..classes)
        .map(|row| (0..classes).map(|column| count(row, column)).collect())
        .collect();
    let rows: Vec<&[usize]> = rows.iter().map(Vec::as_slice).collect();
    NamedConfusion {
        classes: names[..classes]
            .iter()
            .map(|&name| name.to_owned())
            .collect(),
        counts: Confusion::of(&rows),
    }
}

fn spans() -> Vec<KindScore> {
    let kinds = [
        ("all spans", 0.834, 0.79),
        ("PER", 0.91, 0.88),
        ("playlist_owner", 0.7, 0.66),
        ("MISC", 0.0, 0.0),
    ];
    let kind = |(i, (name, precision, recall)): (usize, (&str, f64, f64))| KindScore {
        name: name.to_owned(),
        precision,
        recall,
        f1: if precision > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        },
        support: 812 / (i + 1),
        is_total: i == 0,
    };
    kinds.into_iter().enumerate().map(kind).collect()
}

fn series() -> Series {
    let target =
        |i: i32| 80.0 + 70.0 * (f64::from(i) * 0.57).sin() + 9.0 * (f64::from(i) * 2.3).sin();
    Series {
        name: "sunspots".to_owned(),
        labels: (0..110).map(|i| (1860 + i).to_string()).collect(),
        target: (0..110)
            .map(|i| if i == 50 { f64::NAN } else { target(i) })
            .collect(),
        prediction: (0..110).map(|i| 0.9 * target(i - 1) + 10.0).collect(),
        note: "RMSE 17.2; persistence (tomorrow is as today) has 29.1.".to_owned(),
    }
}

fn samples() -> Vec<Sample> {
    let sample = |how: &str| Sample {
        how: how.to_owned(),
        prompt: "ROMEO:".to_owned(),
        text: "\nWhat, shall I <b>speak</b> of him & his?\nAy, let the gentle maid be \"sworn\"."
            .to_owned(),
    };
    vec![
        sample("temperature 0.5, seed 1"),
        sample("temperature 1, seed 1"),
    ]
}

#[test]
fn everything_is_on_the_page_and_text_stays_text() {
    let page = example().to_html();
    for part in [
        "macro F1",
        "Gradient by time lag",
        "Confusion matrix",
        "sunspots",
        "ROMEO:",
        "The RNN doctor",
        "Worst mistakes",
        "dev &amp; more.conll",
        "Started at ",
        "--train '&lt;b&gt;.conll'",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>speak"));
    assert_eq!(page.matches("<td>B-PER</td>").count(), 20, "the worst");
    let longest = "&lt;i&gt;".repeat(26) + "&lt;i…";
    assert!(page.contains(&longest) && !page.contains(&"&lt;i&gt;".repeat(27)));
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "nothing is loaded"
    );
    // Besides what the policy itself says.
    assert_eq!(
        page.matches("<svg").count(),
        page.matches("role=\"img\"").count()
    );
}

#[test]
fn a_run_without_an_epoch_has_a_page() {
    let page = RunReport {
        name: "new".to_owned(),
        ..RunReport::default()
    }
    .to_html();
    assert!(page.contains("No epoch has ended yet") && !page.contains("<svg"));
}

/// A page that loads the report in a frame as wide as a phone and says how wide it turned out.
const PHONE: &str = "<!doctype html><iframe id=f src=report.html style='width:360px;height:9000px;border:0'></iframe>
<p id=out>waiting</p><script>f.onload = () => {
  const page = f.contentDocument.documentElement;
  out.textContent = `width ${page.scrollWidth} drawings ${f.contentDocument.querySelectorAll('svg').length}`;
};</script>";

#[test]
fn a_browser_shows_it_without_complaint_and_it_fits_a_phone() {
    let Some(browser) = browser() else { return };
    let home = tempfile::tempdir().unwrap();
    let page = example().to_html();
    std::fs::write(home.path().join("report.html"), &page).unwrap();
    let (dom, complaints) = load(&browser, home.path(), "report.html");
    assert_eq!(complaints, [""; 0], "the console is silent");
    assert_eq!(dom.matches("<svg").count(), page.matches("<svg").count());

    std::fs::write(home.path().join("phone.html"), PHONE).unwrap();
    let (dom, _) = load(&browser, home.path(), "phone.html");
    let drawings = page.matches("<svg").count();
    assert!(
        dom.contains(&format!("width 360 drawings {drawings}")),
        "{dom}"
    );
}

#[test]
fn a_complaint_of_the_browser_is_heard() {
    let Some(browser) = browser() else { return };
    let home = tempfile::tempdir().unwrap();
    let page = example()
        .to_html()
        .replace("<main>", "<main><script>nonsense()</script>");
    std::fs::write(home.path().join("report.html"), page).unwrap();
    let (_, complaints) = load(&browser, home.path(), "report.html");
    assert!(
        !complaints.is_empty(),
        "the page's policy forbids scripts, and the console says so"
    );
}

/// Debian's chromium, or `None` with a message; on CI it must be there.
fn browser() -> Option<String> {
    let name = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    if Command::new(&name)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        return Some(name);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "{name} is missing, and CI must have it"
    );
    eprintln!(
        "SKIPPED: no {name} to look at the report with; apt-get install chromium, or set CHROMIUM"
    );
    None
}

/// The page as the browser understood it, and what its console says.
fn load(browser: &str, home: &Path, page: &str) -> (String, Vec<String>) {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .args([
            "--allow-file-access-from-files",
            "--virtual-time-budget=5000",
        ])
        .arg(format!(
            "--user-data-dir={}",
            home.join("profile").display()
        ))
        .arg(format!("file://{}", home.join(page).display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    let complaints = log.lines().filter(|line| line.contains("CONSOLE"));
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        complaints.map(str::to_owned).collect(),
    )
}

/// Writes the example for people to look at: `ELMAN_EXAMPLE=/tmp/report.html cargo test … example_page -- --ignored`.
#[test]
#[ignore = "writes a page to look at; run by hand, by whoever changes the page's looks"]
fn example_page() {
    let path = std::env::var_os("ELMAN_EXAMPLE").expect("ELMAN_EXAMPLE names the file to write");
    std::fs::write(path, example().to_html()).unwrap();
}
