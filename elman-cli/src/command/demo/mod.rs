//! `elman demo`: a whole story on built-in data – learn, measure, use – in seconds.

mod echo;
mod grammar;
mod series;
mod texts;
mod words;
mod write;
mod xor;

use std::io::{IsTerminal, Write};

use crate::args::{DemoArgs, Story, TrainTask, parse_job};
use crate::base::failure::{Failure, Result};
use crate::base::folder::{Run, write_atomic};
use crate::data::conll::Sentence;
use crate::data::demo::{DemoCorpus, to_conll};
use crate::data::spans::spans;
use crate::data::spelling::Spelling;
use crate::task::label::{self, LabelModel};
use crate::train::{self, Job};

/// Sentences shown at the end.
const SHOWN: usize = 8;

/// The command.
///
/// # Errors
/// A folder that exists or cannot be written.
pub fn run(args: &DemoArgs) -> Result<()> {
    if let Some(folder) = &args.write {
        return write::run(folder, args.seed);
    }
    match args.story {
        Story::Names => names(args),
        Story::Echo => echo::run(args),
        Story::Xor => xor::run(args),
        Story::Words => words::run(args),
        Story::Series => series::run(args),
    }
}

fn names(args: &DemoArgs) -> Result<()> {
    let corpus = DemoCorpus::generate(args.seed);
    let run = Run::create(args.out.as_deref(), "demo-names")?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} learns to find names of people in {} sentences.\n\
         Then it reads {} others, whose names it has never seen,\n\
         among towns and firms it has never seen either.\n",
        args.cell.net(),
        corpus.train.len() + corpus.valid.len(),
        corpus.test.len(),
    )?;
    let files = [
        ("train", &corpus.train),
        ("valid", &corpus.valid),
        ("test", &corpus.test),
    ];
    let [train, valid, test] = files.map(|(name, _)| run.folder().join(format!("{name}.conll")));
    for (path, (_, sentences)) in [&train, &valid, &test].into_iter().zip(files) {
        write_atomic(path, to_conll(sentences).as_bytes())?;
    }
    let (seed, threads) = (args.seed.to_string(), args.threads.to_string());
    let flags = [
        ("train", train.as_os_str()),
        ("valid", valid.as_os_str()),
        ("cell", args.cell.word().as_ref()),
        ("seed", seed.as_ref()),
        ("threads", threads.as_ref()),
        // The corpus is so small that a third of the usual net and epochs will do.
        ("hidden", "48".as_ref()),
        ("embedding", "32".as_ref()),
        ("epochs", "12".as_ref()),
    ];
    let TrainTask::Label(job) = parse_job(label::TASK, &flags)? else {
        return Err(Failure::run("these are no flags of a labelling job"));
    };
    train::train_in(&run, &job.load()?, *job, None)?;
    show(&LabelModel::open(&run)?, &corpus.test, &mut out)?;
    let folder = run.folder().display();
    Ok(writeln!(
        out,
        "\nNext (after cargo install --path elman-cli):\n  elman eval {folder} --data {folder}/test.conll\n  \
         printf '%s\\n' My cousin Ada Lovelace lives in London . | elman predict {folder} --data -\n  \
         elman inspect {folder}\n  elman train label --train YOUR_FILE.conll"
    )?)
}

/// LabelScores, and some sentences with the names that were found.
fn show(labeller: &LabelModel, test: &[Sentence], out: &mut impl Write) -> Result<()> {
    let sequences = labeller.meaning.encode(test, "the demo")?;
    let scores = labeller.measure(&sequences)?;
    if let Some(counts) = scores.spans.map(|spans| spans.total) {
        let [precision, recall, f1] =
            [counts.precision(), counts.recall(), counts.f1()].map(|share| share * 100.0);
        writeln!(
            out,
            "\nOf {} new names it found {}; precision {precision:.2} %, recall {recall:.2} %, F1 {f1:.2} %.\n",
            counts.real, counts.correct
        )?;
    }
    let has_colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let shown = &test[..SHOWN.min(test.len())];
    for (sentence, labels) in shown.iter().zip(labeller.label(shown)?) {
        writeln!(out, "  {}", highlight(sentence, &labels, has_colours))?;
    }
    Ok(())
}

/// A sentence with its spans in colour or in brackets.
fn highlight(sentence: &Sentence, labels: &[&str], has_colours: bool) -> String {
    let (open, close) = if has_colours {
        ("\x1b[1;32m", "\x1b[0m")
    } else {
        ("[", "]")
    };
    let mut words = sentence.tokens.clone();
    for span in spans(labels.iter().filter_map(|label| Spelling::IOB.parse(label))) {
        words[span.tokens.start].insert_str(0, open);
        words[span.tokens.end - 1].push_str(close);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_names_stand_out() {
        let sentence = Sentence {
            tokens: ["Ada", "King", "met", "Bo"].map(str::to_owned).to_vec(),
            ..Sentence::default()
        };
        let labels = ["B-NAME", "I-NAME", "O", "B-NAME"];
        assert_eq!(highlight(&sentence, &labels, false), "[Ada King] met [Bo]");
        assert_eq!(
            highlight(&sentence, &labels, true),
            "\x1b[1;32mAda King\x1b[0m met \x1b[1;32mBo\x1b[0m"
        );
    }
}
