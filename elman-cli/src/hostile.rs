//! One function per kind of file that a stranger can hand in: bytes go in, and out comes whether they were accepted.
//! Fuzz targets and tests call them. Whatever the bytes are, nothing may panic, hang, or take much more memory than they do.

use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use elman_core::feed::{
    FrontBuffers, IntegerScale, NumberFront, NumberGolden, QuantizedFeedBuffers, Readout, Samples,
    Streaming,
};
use elman_core::quantized::{QuantizedImage, QuantizedSelfTest, QuantizedStream};
use elman_core::{Aligned, Image, Level, SelfTest, Stream, Strip};
use tempfile::TempDir;

use crate::args::{TrainTask, Visitor, parse_job, parse_run_text};
use crate::base::failure::Result;
use crate::base::folder::Run;
use crate::data::conll::Conll;
use crate::data::pairs::Pairs;
use crate::data::table::Wanted;
use crate::data::{self, Bytes, DataFile, Format, Lines, Loader, Told};
use crate::exchange::import;
use crate::net::int8_file;
use crate::net::network::Network;
use crate::task::args::PredictArgs;
use crate::task::echo::EchoTask;
use crate::task::registry;
use crate::train;
use crate::train::Job;
use crate::train::settings::{Settings, to_toml};
use crate::train::task::Task;

/// What complaints call the bytes.
const NAME: &str = "the bytes";

/// Sentences in columns.
pub fn conll(bytes: &[u8]) -> bool {
    let tokens = reads_all(&Conll::TOKENS, bytes);
    let found = reads_as_found(bytes, |lines| Conll::labelled(lines, None, None));
    reads_all(&Conll::LABELLED, bytes) || tokens || found
}

/// Texts and their classes.
pub fn pairs(bytes: &[u8]) -> bool {
    let texts = reads_all(&Pairs::TEXTS, bytes);
    let found = reads_as_found(bytes, |lines| Pairs::labelled(lines, &Told::default()));
    reads_all(&Pairs::LABELLED, bytes) || texts || found
}

/// Tables with a header.
pub fn csv(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Csv))
}

/// Problems of the UCR and UEA archives.
pub fn ts(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Ts))
}

/// Series of the forecasting archive.
pub fn tsf(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Tsf))
}

/// One array.
pub fn npy(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Npy))
}

/// An archive of arrays.
pub fn npz(bytes: &[u8]) -> bool {
    table(bytes, Some(Format::Npz))
}

/// Numbers in whichever format the bytes look like, packed by gzip or not.
pub fn any_table(bytes: &[u8]) -> bool {
    table(bytes, None)
}

/// Nets of other frameworks as ONNX graphs.
pub fn onnx(bytes: &[u8]) -> bool {
    import::reads_onnx(bytes.to_vec()).is_ok()
}

/// Nets of PyTorch as tensors.
pub fn state_dict(bytes: &[u8]) -> bool {
    import::reads_state_dict(bytes).is_ok()
}

/// A trained net of any task; one that is accepted must also run.
pub fn model(bytes: &[u8]) -> bool {
    let home = folder();
    let Ok(run) = Run::open(home.path()) else {
        return false;
    };
    write(&run.model(), bytes);
    let Ok(trained) = registry::open(&run) else {
        return false;
    };
    let _ = (trained.description(), trained.encoding());
    let data = home.path().join("data");
    for (text, steps) in DATA {
        write(&data, text.as_bytes());
        for json in [true, false] {
            let args = PredictArgs {
                interval: None,
                flag: false,
                runs: vec![home.path().to_owned()],
                why: false,
                data: data.clone(),
                format: None,
                columns: None,
                top_k: Some(2),
                text: false,
                min_confidence: Some(0.5),
                int8: false,
                steps: *steps,
                json,
                threads: 1,
            };
            if steps.is_none() || trained.is_forecaster() {
                let _ = trained.predict(&args, 2, &mut std::io::sink());
                let _ = trained.explain(&args, 2, &mut std::io::sink());
            }
        }
        let file = DataFile {
            path: &data,
            format: None,
            classes: None,
            columns: None,
            part: None,
        };
        if let Ok(sequences) = trained.sequences(file) {
            let _ = trained.network().outputs(&sequences);
        }
    }
    true
}

/// What models are let loose on: sentences, texts and symbols, a table.
const DATA: &[(&str, Option<usize>)] = &[
    ("Ida\tO\nran\tO\n\n0\tO\n", None),
    ("ab 0\ta\nb\tb\n", None),
    ("0110\n", None),
    (
        "seq,t,x1,x2,y,label\n0,0,1,2,3,a\n0,1,,-5,1e30,a\n1,0,0.5,1,2,b\n",
        None,
    ),
    ("y,x1\n1,0\n2,0\n,1\n-1e300,1\n", Some(3)),
];

/// The last state of a small training run; one that is accepted must go on.
pub fn checkpoint(bytes: &[u8]) -> bool {
    static RUN: LazyLock<Option<(EchoTask, Settings)>> = LazyLock::new(|| {
        let flags = [
            ("hidden", "2"),
            ("steps-per-epoch", "60"),
            ("batch", "2"),
            ("k1", "3"),
            ("epochs", "2"),
            ("delay", "1"),
            ("threads", "1"),
            ("average", "0.5"),
        ];
        let flags = flags.map(|(name, value)| (name, value.as_ref()));
        let TrainTask::Echo(job) = parse_job("echo", &flags).ok()? else {
            return None;
        };
        Some((job.load().ok()?, job.settings().clone()))
    });
    let home = folder();
    let (Some((task, settings)), Ok(run)) = (&*RUN, Run::open(home.path())) else {
        return false;
    };
    write(&run.checkpoint(), bytes);
    train::take_up(task, settings, &run).is_ok()
}

/// A net in whole numbers, for a small float net; one that is accepted must also run.
pub fn quantized(bytes: &[u8]) -> bool {
    let spec = elman_core::Spec::dense(2, 3, 2);
    let params = (0..spec.params_len()).map(|i| (i % 7) as f32 / 7.0 - 0.4);
    let Ok(mut network) = Network::new(spec, params.collect()) else {
        return false;
    };
    let Ok(int8) = int8_file::parse(bytes, &network) else {
        return false;
    };
    if network.set_quantized(int8.words).is_err() {
        return false;
    }
    let mut sequences = data::Sequences::new(
        data::Rows::numbers(2),
        data::Targets::numbers(2),
        elman_core::Read::EveryStep,
    );
    for row in [[0.5, -1.0], [f32::MAX, f32::NAN], [0.0, f32::NEG_INFINITY]] {
        sequences.push_numbers(row);
        sequences.push_goal([0.0; 2]);
    }
    sequences.end_sequence();
    network.outputs(&sequences).is_ok()
}

/// Images that are longer are not looked at.
const ROOM: usize = 1 << 16;

/// An image for a chip; one that is accepted must run its self-test.
pub fn image(bytes: &[u8]) -> bool {
    let mut file = Box::new(Aligned([0; ROOM]));
    let Some(place) = file.0.get_mut(..bytes.len()) else {
        return false;
    };
    place.copy_from_slice(bytes);
    let Ok(image) = Image::read(place) else {
        return QuantizedImage::read(place).is_ok_and(|image| quantized_image(&image));
    };
    let (spec, longest) = (image.spec, image.golden.longest());
    let Ok(model) = image.model() else {
        return false;
    };
    let room = SelfTest {
        state: &mut vec![f32::NAN; spec.state_len()],
        scratch: &mut vec![Strip([f32::NAN; 16]); spec.self_test_scratch(longest)],
        outputs: &mut vec![f32::NAN; spec.self_test_outputs(longest)],
    };
    if image.golden.check(Level::detect(), &model, room).is_err() {
        return false;
    }
    if let Some(front) = &image.numbers {
        let (state, scratch) = (
            &mut vec![f32::NAN; spec.state_len()],
            &mut vec![Strip([f32::NAN; 16]); spec.stream_len()],
        );
        let net = Stream::new(Level::detect(), model, state, scratch).expect("a net that streams");
        numbers(front, net, &front.golden(&image.golden));
    }
    true
}

/// Raw samples of any size go where those of an image come from.
fn numbers<N: Streaming>(front: &NumberFront<'_>, net: N, golden: &NumberGolden<'_>) {
    if front.room_len() > ROOM {
        return;
    }
    let targets = front.readouts.len();
    let [rows, memory] = front.reads.room_len(targets);
    let buffers = FrontBuffers {
        readouts: &mut vec![Readout::default(); targets],
        outputs: &mut vec![f32::NAN; targets],
        rows: &mut vec![f32::NAN; rows],
        memory: &mut vec![f32::NAN; memory],
    };
    let mut feed = front.feed(net, buffers).expect("buffers fit");
    let (level, out) = (Level::detect(), &mut vec![f32::NAN; targets]);
    feed.check(level, golden, out).expect("samples fit");
    for x in [f32::MAX, f32::MIN, f32::NAN, 1e-40, -1.0] {
        let sample = vec![x; front.reads.columns()];
        feed.feed(&sample, out).expect("columns fit");
    }
    feed.end(out).expect("targets fit");
}

/// The image of an int8 net; raw samples of any size go where its own come from.
fn quantized_image(image: &QuantizedImage<'_>) -> bool {
    let (spec, longest) = (image.spec, image.golden.longest());
    let Ok(model) = image.model() else {
        return false;
    };
    let (state, scratch) = (
        &mut vec![u32::MAX; spec.int8().state_len()],
        &mut vec![u32::MAX; spec.int8().self_test_len(longest)],
    );
    let room = QuantizedSelfTest {
        state,
        scratch,
        logits: &mut vec![-1; spec.self_test_outputs(longest)],
    };
    if image.golden.check(&model, room).is_err() {
        return false;
    }
    if let Some(front) = &image.numbers {
        let (state, scratch) = (
            &mut vec![0; spec.int8().state_len()],
            &mut vec![0; spec.int8().stream_len()],
        );
        let net = QuantizedStream::new(model, state, scratch).expect("a net that streams");
        numbers(front, net, &front.golden_int8(&image.golden));
    }
    let Some((front, samples)) = image.front.zip(image.samples()) else {
        return true;
    };
    let columns = front.scales.len();
    let buffers = QuantizedFeedBuffers {
        rows: &mut vec![0; Samples::rows_len(columns, front.window(&spec))],
        logits: &mut vec![0; spec.output_width()],
        smooth: &mut vec![0; spec.output_width()],
    };
    let (state, scratch) = (
        &mut vec![0; spec.int8().state_len()],
        &mut vec![0; spec.int8().stream_len()],
    );
    let stream = QuantizedStream::new(model, state, scratch).expect("a net that streams");
    let scales = &mut vec![IntegerScale::default(); columns];
    let mut feed = front.feed(stream, scales, buffers).expect("buffers fit");
    feed.check(&samples).expect("samples fit");
    for x in [f32::MAX, f32::MIN, f32::NAN, 1e-40, -1.0] {
        feed.feed(&vec![x; columns]).expect("columns fit");
    }
    for x in [i16::MIN, i16::MAX] {
        feed.feed_whole(&vec![x; columns]).expect("columns fit");
    }
    feed.end().is_ok()
}

/// Settings of a training run; those that are accepted come back as they were written.
pub fn config(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    match parse_run_text(text) {
        Ok(task) => {
            task.visit(ComesBack);
            true
        }
        Err(_) => false,
    }
}

struct ComesBack;

impl Visitor for ComesBack {
    type Output = ();

    fn visit<J: Job>(self, job: &J) {
        let settings = job.settings();
        let _ = (settings.check(), settings.stack(), settings.truncation());
        let Some(written) = Written.visit(job) else {
            return;
        };
        let again = parse_run_text(&written).ok();
        let again = again.and_then(|task| task.visit(Written));
        assert_eq!(again, Some(written), "settings come back");
    }
}

struct Written;

impl Visitor for Written {
    type Output = Option<String>;

    fn visit<J: Job>(self, job: &J) -> Option<String> {
        to_toml(J::Task::NAME, job).ok()
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("room for a temporary file");
}

fn reads_all(loader: &impl Loader, bytes: &[u8]) -> bool {
    let Ok(unpacked) = unpacked(bytes) else {
        return false;
    };
    let mut lines = Lines::new(NAME, unpacked).quiet();
    while let Ok(next) = loader.next_sequence(&mut lines) {
        if next.is_none() {
            return true;
        }
    }
    false
}

/// Read in the way that the bytes themselves suggest.
fn reads_as_found<L: Loader>(
    bytes: &[u8],
    find: impl FnOnce(&mut Lines<Bytes>) -> crate::base::failure::Result<L>,
) -> bool {
    let Ok(unpacked) = unpacked(bytes) else {
        return false;
    };
    let mut lines = Lines::new(NAME, unpacked).quiet();
    match find(&mut lines) {
        Ok(loader) => loader.all(&mut lines).is_ok(),
        Err(_) => false,
    }
}

/// A table, read in all the ways that commands read one.
fn table(bytes: &[u8], format: Option<Format>) -> bool {
    let plain = Wanted {
        format,
        ..Wanted::default()
    };
    let ways = [
        Wanted {
            needs_labels: true,
            ..plain.clone()
        },
        Wanted {
            columns: Some(vec!["x2".to_owned(), "x1".to_owned()]),
            ..plain.clone()
        },
        Wanted {
            split_column: Some("split".to_owned()),
            ..plain.clone()
        },
        plain,
    ];
    ways.map(|wanted| reads_blocks(bytes, &wanted).is_ok())
        .contains(&true)
}

fn reads_blocks(bytes: &[u8], wanted: &Wanted) -> Result<()> {
    let mut table = data::table_of(unpacked(bytes)?, Path::new(NAME), wanted)?;
    let width = table.columns().len();
    while let Some(block) = table.next_block()? {
        assert!(
            block.rows > 0 && block.values.len() == block.rows * width,
            "rows are there and whole"
        );
    }
    Ok(())
}

fn unpacked(bytes: &[u8]) -> Result<Bytes> {
    data::unpacked(Box::new(Cursor::new(bytes.to_vec())), Path::new(NAME))
}
