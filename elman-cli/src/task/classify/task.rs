//! The classifying task: from files to numbers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::{CHARACTERS, ClassifyArgs, NUMBERS, WORDS};
use super::meaning::ClassMeaning;
use super::scores::{Answer, ClassJudge, ClassScores};
use super::source::{self, Example, Examples, Kind, Known, Unit};

use crate::base::failure::{Failure, Result};
use crate::base::seeds::{self, Purpose};
use crate::base::tell::tell;
use crate::data::reading::{Reading, Steps};
use crate::data::survey;
use crate::data::table::Part;
use crate::data::vectors::Vectors;
use crate::data::{DataFile, Format, Hiding};
use crate::net::network::Network;
use crate::task::groups::{self, HELD_OUT, Member};
use crate::task::label::{LabelCounts, Labels};
use crate::task::temperature::{Temperature, enough};
use crate::task::word_vectors;
use crate::train::Job;
use crate::train::defaults::Defaults;
use crate::train::measure::Measure;
use crate::train::pretrained::Pretrained;
use crate::train::repeats::Fold;
use crate::train::report::{Evidence, Mistake, Mistakes, NamedConfusion, ReliabilityCurve};
use crate::train::settings::Settings;
use crate::train::task::{Task, TaskData};

/// With fewer sequences none are held out: a tenth of them would be a handful, on which the score is luck.
const FEW: usize = 80;
/// Updates that a net needs even so.
const LEAST_UPDATES: usize = 3600;

/// How the training data are read.
fn kind(args: &ClassifyArgs, path: &Path) -> Result<Kind> {
    let text = (args.tokens, args.columns);
    Kind::of(path, args.format, text, args.classes.is_some())
}

/// A classifying job.
#[derive(Debug)]
pub struct ClassifyTask {
    data: TaskData<ClassMeaning>,
    /// The file of the validation data, and of every sequence in it line and name.
    valid_path: PathBuf,
    origins: Vec<(usize, String)>,
}

impl ClassifyTask {
    fn new(
        args: &ClassifyArgs,
        (kind, classes): (Kind, Labels),
        train: &Examples,
        (valid, valid_path): (&[Example], &Path),
        pretrained: Option<Pretrained<ClassMeaning>>,
    ) -> Result<Self> {
        let settings = &args.settings;
        let train_path = args.train.as_deref().unwrap_or(valid_path);
        let known = pretrained.as_ref().map(|from| &from.meaning.reading);
        let (reading, hiding, vectors) = read(kind, args, train, known, train_path)?;
        let input = reading.input(settings.window)?;
        let meaning = ClassMeaning {
            kind,
            reading,
            classes,
            columns: args.columns,
            shape: train.shape,
            layout: train.layout,
            dialect: args.dialect.clone(),
            split_column: args.split_column.clone(),
            temperature: Temperature::default(),
            events: None,
        };
        let spec = settings.spec(input, meaning.head())?;
        let sequences = meaning.encode(&train.all, train_path)?;
        let count = meaning.classes.len();
        let origin = |example: &Example| (example.line, example.name.clone());
        let mut data = TaskData {
            spec,
            valid: meaning.encode(valid, valid_path)?,
            train_lines: train.all.iter().map(|example| example.line).collect(),
            class_weights: args.class_weights.of(sequences.classes(), count),
            transitions: None,
            vectors,
            pretrained: None,
            train: sequences,
            hiding,
            meaning,
        };
        if let Some(from) = pretrained {
            from.into_data(&mut data)?;
        }
        Ok(Self {
            data,
            valid_path: valid_path.to_owned(),
            origins: valid.iter().map(origin).collect(),
        })
    }

    /// What a net answers on the validation data, as sure as it is at a temperature, and how good that is.
    fn answers(
        &self,
        network: &Network,
        temperature: Temperature,
    ) -> Result<(Vec<Option<Answer>>, ClassScores)> {
        let (valid, classes) = (&self.data.valid, &self.data.meaning.classes);
        let answers = network.judge(valid, &ClassJudge(valid.classes(), temperature))?;
        let scores = ClassScores::measure(classes, valid, &answers);
        Ok((answers, scores))
    }

    /// The sequences whose classes are wrong and cost most.
    fn mistakes(&self, answers: &[Option<Answer>]) -> Mistakes {
        let (valid, classes) = (&self.data.valid, &self.data.meaning.classes);
        let all = answers.iter().zip(&self.origins).enumerate();
        let mistake = |(target, (answer, origin)): (usize, (&Option<Answer>, &(usize, String)))| {
            let (answer, real) = ((*answer)?, valid.classes()[target].get()?);
            let (line, name) = origin;
            (real as usize != answer.found).then(|| Mistake {
                place: line.to_string(),
                what: name.clone(),
                real: classes.name(real as usize).to_owned(),
                found: classes.name(answer.found).to_owned(),
                cost: answer.nats.unwrap_or(0.0),
            })
        };
        Mistakes::of(&self.valid_path, ("line", "nats"), all.filter_map(mistake))
    }
}

/// What to learn from, what to validate on, and the file of the latter.
fn split<'a>(
    args: &'a ClassifyArgs,
    path: &'a Path,
    (kind, classes): (Kind, &Labels),
    mut train: Examples,
) -> Result<(Examples, Vec<Example>, &'a Path)> {
    if let Some(count) = args.settings.overfit_batch {
        train.all = some_of_every_class(train.all, count);
        let valid = train.all.clone();
        return Ok((train, valid, path));
    }
    let fold = args.settings.repeats.held_out(args.valid.as_deref())?;
    let held = devoted(&mut train, args.valid.is_some());
    if train.all.is_empty() {
        return Err(Failure::input("the split column leaves nothing to learn from").in_file(path));
    }
    if let Some(valid) = &args.valid {
        let file = DataFile {
            path: valid,
            format: args.format,
            classes: args.valid_classes.as_deref(),
            columns: args.columns,
            part: None,
        };
        let known = Known {
            kind,
            inputs: Some(train.columns.as_slice()).filter(|columns| !columns.is_empty()),
            columns: args.columns,
            shape: Some(train.shape),
            layout: Some(train.layout),
            split_column: None,
            classes: Some(classes),
            dialect: &args.dialect,
        };
        let found = source::load(file, &known)?;
        return Ok((train, found.all, valid));
    }
    let seed = args.settings.seed;
    if let Some(fold) = fold {
        train.all.extend(held);
        let (rest, valid) =
            hold_out_fold(train.all, fold, seed).map_err(|failure| failure.in_file(path))?;
        train.all = rest;
        return Ok((train, valid, path));
    }
    if !held.is_empty() {
        return Ok((train, held, path));
    }
    let (rest, valid) = match held_out_groups(&train, seed, path) {
        Some(is_held_out) => part(train.all, &is_held_out),
        None if kind == Kind::Numbers && train.all.len() < FEW => {
            learn_from_all(train.all, seed, path)
        }
        None => hold_out(train.all, seed),
    };
    if valid.is_empty() {
        let sentence = match kind {
            Kind::Numbers => "no class has two sequences, one to learn from and one to validate on",
            _ => {
                "no class has two texts, one to learn from and one to validate on; does the class stand first? --columns 2,1"
            }
        };
        return Err(Failure::input(sentence).in_file(path));
    }
    train.all = rest;
    Ok((train, valid, path))
}

/// Few sequences: those that would be held out say little, and are missed in training. So all are learnt from, and the score is
/// that of training; none are for validation where no class has two.
fn learn_from_all(all: Vec<Example>, seed: u64, path: &Path) -> (Vec<Example>, Vec<Example>) {
    let (rest, held) = hold_out(all.clone(), seed);
    if held.is_empty() {
        return (rest, held);
    }
    tell!(
        "elman: {}: note: {} held out of {} sequences would say little, so all are learnt from, and the scores are those of \
         training; --valid FILE measures on others, --folds 5 on each fifth in turn",
        path.display(),
        held.len(),
        all.len()
    );
    (all.clone(), all)
}

/// Takes out what a split column gives to validation or testing; the former is what is returned, if it is wanted.
fn devoted(train: &mut Examples, is_validated: bool) -> Vec<Example> {
    let all = std::mem::take(&mut train.all);
    let mut held = Vec::new();
    for example in all {
        match example.part {
            None | Some(Part::Train) => train.all.push(example),
            Some(Part::Dev) if !is_validated => held.push(example),
            Some(Part::Dev | Part::Test) => {}
        }
    }
    held
}

/// Which examples are held out where the file says who they come from.
fn held_out_groups(train: &Examples, seed: u64, path: &Path) -> Option<Vec<bool>> {
    let column = train.group_column.as_deref()?;
    let members: Vec<Member<'_>> = train.all.iter().map(member).collect();
    groups::hold_out(&members, column, seed, path)
}

fn member(example: &Example) -> Member<'_> {
    Member {
        group: &example.group,
        class: example.class.as_deref(),
    }
}

/// The first `count` examples, taking turns among the classes: of one class alone nothing could be learnt.
fn some_of_every_class(examples: Vec<Example>, count: usize) -> Vec<Example> {
    let mut met: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut turns: Vec<(usize, Example)> = Vec::new();
    for example in examples {
        let turn = met.entry(example.class.clone()).or_default();
        turns.push((*turn, example));
        *turn += 1;
    }
    turns.sort_by_key(|&(turn, _)| turn);
    turns.truncate(count);
    turns.into_iter().map(|(_, example)| example).collect()
}

/// How these examples become what a net reads.
fn read(
    kind: Kind,
    args: &ClassifyArgs,
    train: &Examples,
    known: Option<&Reading>,
    path: &Path,
) -> Result<(Reading, Option<Hiding>, Option<Vectors>)> {
    let settings = &args.settings;
    if !matches!(kind, Kind::Text(Unit::Words) | Kind::Sentences) {
        word_vectors::none(&args.vectors)?;
    }
    let tokens = || {
        let tokens = train.all.iter().filter_map(|example| match &example.steps {
            Steps::Tokens(tokens) => Some(tokens),
            Steps::Numbers(_) => None,
        });
        tokens.flatten().map(String::as_str)
    };
    Ok(match kind {
        Kind::Numbers => {
            let values = || train.all.iter().filter_map(Example::numbers);
            let (reading, notes) = match known {
                Some(known) => (known.for_columns(&train.columns)?, Vec::new()),
                None => Reading::numbers(&train.columns, values(), settings.window),
            };
            survey::note(&train.columns, values, &notes, path);
            (reading, None, None)
        }
        Kind::Text(Unit::Chars) => {
            let (reading, hiding) = match known {
                Some(known) => known.extended(tokens())?,
                None => Reading::characters(settings.embedding, tokens()),
            };
            (reading, Some(hiding), None)
        }
        Kind::Text(Unit::Words) | Kind::Sentences => {
            let (width, vectors) = (settings.embedding, &args.vectors);
            let read = word_vectors::read(vectors, width, WORDS, known, tokens());
            let (reading, hiding, vectors) = read?;
            (reading, Some(hiding), vectors)
        }
    })
}

/// Holds out a tenth of every class that has more than one sequence, the same one for the same seed; the rest keeps its
/// order.
fn hold_out(examples: Vec<Example>, seed: u64) -> (Vec<Example>, Vec<Example>) {
    let mut of_class: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (i, example) in examples.iter().enumerate() {
        of_class
            .entry(example.class.as_deref())
            .or_default()
            .push(i);
    }
    let mut is_held_out = vec![false; examples.len()];
    for (number, members) in of_class.values_mut().enumerate() {
        let mut rng = seeds::generator(seed, Purpose::HoldOut, &[number as u64]);
        seeds::shuffle(&mut rng, members);
        let count = members.len().div_ceil(HELD_OUT).min(members.len() - 1);
        members[..count].iter().for_each(|&i| is_held_out[i] = true);
    }
    part(examples, &is_held_out)
}

/// Holds out one fold.
///
/// # Errors
/// Fewer sequences or groups than folds.
fn hold_out_fold(all: Vec<Example>, fold: Fold, seed: u64) -> Result<(Vec<Example>, Vec<Example>)> {
    let members: Vec<Member<'_>> = all.iter().map(member).collect();
    let is_held_out = groups::fold(&members, fold, seed)?;
    Ok(part(all, &is_held_out))
}

/// What is learnt from, and what is held out.
fn part(examples: Vec<Example>, is_held_out: &[bool]) -> (Vec<Example>, Vec<Example>) {
    let mut places = is_held_out.iter();
    examples
        .into_iter()
        .partition(|_| places.next() == Some(&false))
}

impl Job for ClassifyArgs {
    type Task = ClassifyTask;

    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn defaults(&self) -> Result<&'static Defaults> {
        let Some(path) = &self.train else {
            return Ok(NUMBERS);
        };
        Ok(match kind(self, path)? {
            Kind::Numbers => NUMBERS,
            Kind::Text(Unit::Chars) => CHARACTERS,
            Kind::Text(Unit::Words) | Kind::Sentences => WORDS,
        })
    }

    fn files(&mut self) -> Vec<&mut PathBuf> {
        let (train, valid) = (&mut self.train, &mut self.valid);
        let classes = [&mut self.classes, &mut self.valid_classes];
        [
            train,
            valid,
            &mut self.vectors.vectors,
            &mut self.settings.init,
        ]
        .into_iter()
        .chain(classes)
        .flatten()
        .collect()
    }

    fn has_folds(&self) -> bool {
        true
    }

    fn load(&self) -> Result<ClassifyTask> {
        let Some(path) = &self.train else {
            return Err(Failure::input("train classify needs data: --train FILE"));
        };
        if self.settings.k1.is_some() {
            return Err(Failure::input(
                "--k1 is not for classes: they are read at the last step, and their loss goes back to the first",
            ));
        }
        let kind = kind(self, path)?;
        let pretrained = Pretrained::<ClassMeaning>::of(&self.settings)?;
        let file = DataFile {
            path,
            format: self.format,
            classes: self.classes.as_deref(),
            columns: self.columns,
            part: None,
        };
        let known = Known {
            kind,
            inputs: (pretrained.as_ref()).and_then(|from| from.meaning.reading.columns()),
            columns: self.columns,
            shape: None,
            layout: None,
            split_column: self.split_column.as_deref(),
            classes: None,
            dialect: &self.dialect,
        };
        let train = source::load(file, &known)
            .map_err(|failure| Format::doubt(self.format, path, failure))?;
        let classes = Labels::plain(train.all.iter().filter_map(|e| e.class.as_deref()));
        classes
            .check_count()
            .map_err(|failure| failure.in_file(path))?;
        if classes.len() < 2 {
            let only = classes.summary();
            let sentence = format!("there must be two classes to tell apart ({only})");
            return Err(Failure::input(sentence).in_file(path));
        }
        let all = train.all.iter().filter_map(|e| e.class.as_deref());
        LabelCounts::new("class", all).check(path)?;
        let known = pretrained.as_ref();
        let classes =
            Pretrained::extended(known, classes, |meaning, own| meaning.classes.extended(own))?;
        let (train, valid, valid_path) = split(self, path, (kind, &classes), train)?;
        let valid = (valid.as_slice(), valid_path);
        ClassifyTask::new(self, (kind, classes), &train, valid, pretrained)
    }
}

impl Task for ClassifyTask {
    type Meaning = ClassMeaning;

    fn data(&self) -> &TaskData<ClassMeaning> {
        &self.data
    }

    fn least_updates(&self) -> usize {
        match self.data.meaning.kind {
            Kind::Numbers => LEAST_UPDATES,
            Kind::Text(_) | Kind::Sentences => 0,
        }
    }

    fn score_name(&self) -> &'static str {
        "accuracy"
    }

    fn measure(&self, network: &Network) -> Result<Measure> {
        let (_, scores) = self.answers(network, Temperature::default())?;
        Ok(Measure {
            loss: scores.loss,
            score: scores.accuracy,
        })
    }

    fn evidence(&self, network: &Network, meaning: &ClassMeaning) -> Result<Vec<Evidence>> {
        let (answers, scores) = self.answers(network, meaning.temperature)?;
        let confusion = NamedConfusion {
            classes: scores.names,
            counts: scores.confusion,
        };
        let curve = ReliabilityCurve {
            what: "sequences".to_owned(),
            reliability: scores.reliability,
            temperature: meaning.temperature.get(),
        };
        Ok(vec![
            Evidence::Confusion(confusion),
            Evidence::Reliability(curve),
            Evidence::Mistakes(self.mistakes(&answers)),
        ])
    }

    fn calibrated(&self, network: &Network, meaning: ClassMeaning) -> Result<Option<ClassMeaning>> {
        let sequences = enough(&self.data.valid, meaning.classes.len());
        let temperature = Temperature::fit(|temperatures| {
            ClassScores::nats_at(network, &sequences, temperatures)
        })?;
        Ok(Some(ClassMeaning {
            temperature,
            ..meaning
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(class: &str, line: usize) -> Example {
        Example {
            steps: Steps::Numbers(vec![1.0]),
            class: Some(class.to_owned()),
            name: String::new(),
            line,
            group: String::new(),
            part: None,
        }
    }

    #[test]
    fn a_single_batch_takes_turns_among_the_classes() {
        let classes = ["a", "a", "a", "b", "b", "c"];
        let examples = classes
            .iter()
            .zip(0..)
            .map(|(class, line)| example(class, line));
        let lines = some_of_every_class(examples.collect(), 4).into_iter();
        assert_eq!(
            lines.map(|example| example.line).collect::<Vec<_>>(),
            [0, 3, 5, 1]
        );
    }

    #[test]
    fn a_tenth_of_every_class_is_held_out() {
        let classes = [("a", 30), ("b", 11), ("c", 2), ("d", 1)];
        let examples: Vec<Example> = classes
            .iter()
            .flat_map(|&(class, count)| (0..count).map(move |line| example(class, line)))
            .collect();
        let (train, valid) = hold_out(examples.clone(), 1);
        let count = |class: &str| {
            valid
                .iter()
                .filter(|example| example.class.as_deref() == Some(class))
                .count()
        };
        assert_eq!(["a", "b", "c", "d"].map(count), [3, 2, 1, 0]);
        assert_eq!(train.len(), 44 - 6);
        assert_eq!(hold_out(examples.clone(), 1).1, valid);
        assert_ne!(hold_out(examples, 2).1, valid);
    }
}
