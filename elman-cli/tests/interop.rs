//! Nets from elsewhere and to elsewhere, as a person would. That they compute the same there is checked against PyTorch and ONNX
//! Runtime by `tests/interop`.

mod common;

use std::borrow::Cow;
use std::collections::HashMap;

use common::Workshop;
use elman_cli::hostile;
use safetensors::tensor::{Dtype, View};

/// A tensor of a state_dict.
struct Tensor(Vec<usize>, Vec<u8>);

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.1)
    }

    fn data_len(&self) -> usize {
        self.1.len()
    }
}

/// A file of tensors; number `i` of each is `i / 8 - 1/2`.
fn state_dict(shapes: &[(&str, &[usize])]) -> Vec<u8> {
    tensors(shapes, None)
}

/// The same, with words in front.
fn tensors(shapes: &[(&str, &[usize])], metadata: Option<HashMap<String, String>>) -> Vec<u8> {
    let tensor = |&(name, shape): &(&str, &[usize])| {
        let len: usize = shape.iter().product();
        let numbers = (0..len).flat_map(|i| (i as f32 / 8.0 - 0.5).to_le_bytes());
        (name.to_owned(), Tensor(shape.to_vec(), numbers.collect()))
    };
    let tensors: Vec<_> = shapes.iter().map(tensor).collect();
    safetensors::serialize(tensors, metadata).expect("a file")
}

/// Two inputs, three units, two outputs.
const SMALL: [(&str, &[usize]); 6] = [
    ("rnn.weight_ih_l0", &[3, 2]),
    ("rnn.weight_hh_l0", &[3, 3]),
    ("rnn.bias_ih_l0", &[3]),
    ("rnn.bias_hh_l0", &[3]),
    ("fc.weight", &[2, 3]),
    ("fc.bias", &[2]),
];

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Headers of safetensors are padded to any length, and 640 begins as a pickle does. What a stranger calls a tensor stays in
/// its line.
#[test]
fn tensors_are_no_pickle_and_their_names_forge_no_line() {
    let shop = Workshop::new();
    let metadata = HashMap::from([(
        "emb\nnext: all is well.weight".to_owned(),
        "dec.weight".to_owned(),
    )]);
    let tied: [(&str, &[usize]); 3] = [
        ("dec.weight", &[5, 4]),
        ("rnn.weight_hh_l0", &[4, 4]),
        ("rnn.weight_ih_l0", &[4, 4]),
    ];
    let content = tensors(&tied, Some(metadata));
    let (length, rest) = content.split_first_chunk().expect("a length");
    let (header, tensors) = rest.split_at(u64::from_le_bytes(*length) as usize);
    shop.write("words.txt", "a\nb\nc\nd\ne\n");
    for length in [640usize, 1408] {
        let mut padded = (length as u64).to_le_bytes().to_vec();
        padded.extend(header);
        padded.resize(8 + length, b' ');
        padded.extend(tensors);
        shop.write("net.safetensors", padded);
        let said = shop.ok(&format!(
            "import net.safetensors --task label --labels a,b,c,d,e --vocabulary words.txt --activation tanh -o run-{length}"
        ));
        assert_eq!(said.matches("\nnext: ").count(), 1, "{said}");
    }
}

#[test]
fn a_state_dict_becomes_a_run_that_every_command_takes() {
    let shop = Workshop::new();
    shop.write("net.safetensors", state_dict(&SMALL));
    let said = shop.ok("import net.safetensors --task classify --labels up,down --columns a,b --mean 1,-2 --deviation 2,4 -o run");
    assert!(
        said.contains("2 numbers -> 3 hidden -> 2 outputs after the last step"),
        "{said}"
    );
    let folded: Vec<f32> = (0..3).map(|i| 2.0 * (i as f32 / 8.0 - 0.5)).collect();
    assert_eq!(shop.tensor("run", "rnn.bias_ih_l0"), folded);
    assert_eq!(shop.tensor("run", "rnn.weight_ih_l0"), numbers_of(6));
    let table = "seq,t,b,a,label\n0,0,-2,1,up\n0,1,6,41,down\n1,0,1,1,up\n";
    shop.write("table.csv", table.replace("down", "up"));
    let answers = shop.ok("predict run --data table.csv --json");
    let first = json(answers.lines().next().expect("a line"));
    assert_eq!(
        first["probabilities"].as_object().map(serde_json::Map::len),
        Some(2)
    );
    // By hand: (41 - 1) / 2 = 20 is read as it is, farther than nets of our own read.
    let p = first["probabilities"]["up"].as_f64().expect("a number");
    assert!((p - by_hand()).abs() < 1e-6, "{p} {}", by_hand());
    assert_eq!(
        json(&shop.ok("inspect run --json"))["labels"],
        json("[\"up\",\"down\"]")
    );
    shop.ok("eval run --data table.csv");
    shop.ok("quantize run --data table.csv");
    let said = shop.run("export run --format c -o net.c");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("imported"), "{}", said.err);
    assert!(
        !shop.text("net.h").contains("cut to"),
        "{}",
        shop.text("net.h")
    );
    shop.fails("train --resume run", 2, &["imported", "no training"]);
    shop.fails("report run", 2, &["imported"]);
}

fn numbers_of(len: usize) -> Vec<f32> {
    (0..len).map(|i| i as f32 / 8.0 - 0.5).collect()
}

/// The probability of the first class of the first sequence, from the formula.
fn by_hand() -> f64 {
    let w = |i: usize| i as f64 / 8.0 - 0.5;
    let mut h = [0.0f64; 3];
    for x in [[0.0, 0.0], [20.0, 2.0]] {
        let before = h;
        for (i, h) in h.iter_mut().enumerate() {
            let inputs: f64 = (0..2).map(|j| w(2 * i + j) * x[j]).sum();
            let memory: f64 = (0..3).map(|j| w(3 * i + j) * before[j]).sum();
            *h = (inputs + memory + 2.0 * w(i)).tanh();
        }
    }
    let y: Vec<f64> = (0..2)
        .map(|o| w(o) + (0..3).map(|j| w(3 * o + j) * h[j]).sum::<f64>())
        .collect();
    y[0].exp() / (y[0].exp() + y[1].exp())
}

#[test]
fn values_come_out_as_they_are_and_are_compared_to_columns_of_their_names() {
    let shop = Workshop::new();
    shop.write("net.safetensors", state_dict(&SMALL[..4]));
    shop.ok("import net.safetensors --activation relu --read last-step -o run");
    shop.write(
        "x.csv",
        "seq,t,x1,x2,y1,y2,y3\n0,0,1,2,,,\n0,1,3,4,9,9,9\n1,0,5,6,9,9,9\n",
    );
    let said = shop.ok("predict run --data x.csv");
    assert!(
        said.starts_with("seq,y1,y2,y3\n0,0,") && said.lines().count() == 3,
        "{said}"
    );
    let scores = json(&shop.ok("eval run --data x.csv --json"));
    assert_eq!(scores["items"], 6);
    let rmse = scores["rmse"].as_f64().expect("a number");
    assert!((rmse * rmse - scores["loss"].as_f64().expect("a number")).abs() < 1e-9);
    shop.ok("quantize run --data x.csv");
    shop.fails("eval run --data table.csv", 2, &["table.csv"]);
    shop.write("plain.csv", "seq,t,x1,x2\n0,0,1,2\n");
    shop.fails("eval run --data plain.csv", 2, &["no column y1"]);
}

#[test]
fn exports_come_back_byte_for_byte() {
    let shop = Workshop::new();
    shop.train("names", "--window 3 --bidirectional --train-initial-state");
    shop.ok("export names --format onnx -o names.onnx");
    shop.ok("import names.onnx -o again");
    assert!(shop.read("again/model.safetensors") == shop.read("names/model.safetensors"));
    shop.ok("import names/model.safetensors --like names -o like");
    assert!(shop.read("like/model.safetensors") == shop.read("names/model.safetensors"));
    assert_eq!(
        shop.ok("predict again --data test.conll"),
        shop.ok("predict names --data test.conll")
    );
    let report = json(&shop.ok("export names --format onnx -o names.onnx --json"));
    assert_eq!(report["inputs"][0], "tokens (batch, time, 5)");
    assert_eq!(report["outputs"][0], "y (batch, time, 3)");
}

/// What the graph computes is compared with ONNX Runtime by `tests/interop`.
#[test]
fn a_raw_export_takes_columns_and_gives_names() {
    let shop = Workshop::new();
    shop.write("rows.csv", common::tables::plain(20));
    shop.ok("train classify --train rows.csv --hidden 4 --epochs 1 --noise 0 --out run");
    let report = json(&shop.ok("export run --format onnx --raw -o raw.onnx --json"));
    assert_eq!(report["inputs"][0], "columns (batch, time, 1)");
    assert_eq!(report["outputs"][2], "name (batch)");
    shop.ok("import raw.onnx -o back");
    assert!(shop.read("back/model.safetensors") == shop.read("run/model.safetensors"));
    let words = ["--raw is for --format onnx"];
    shop.fails("export run --format c --raw -o net.c", 2, &words);
    shop.train("names", "");
    let words = ["nets that read tables", "this one reads text"];
    shop.fails("export names --format onnx --raw -o names.onnx", 2, &words);
}

#[test]
fn our_graph_is_read_like_any_other_if_nobody_says_that_it_is_ours() {
    let shop = Workshop::new();
    shop.write("net.safetensors", state_dict(&SMALL));
    let spec = "{\"input\":{\"dense\":{\"width\":2}},\"layers\":[{\"hidden\":3,\"bidirectional\":false,\"activation\":\"tanh\",\"clip\":0.25}],\
                \"train_initial_state\":false,\"head\":\"linear\",\"outputs\":2,\"read\":\"every-step\",\"dropout\":[0,0,0]}";
    shop.ok(&format!("import net.safetensors --spec {spec} -o run"));
    shop.ok("export run --format onnx -o net.onnx --bare");
    let file = shop.read("net.onnx");
    // Field 2 of the model, the producer.
    let at = file
        .windows(7)
        .position(|w| w == b"\x12\x05elman")
        .expect("the producer");
    let mut theirs = file.clone();
    theirs[at + 2..at + 7].copy_from_slice(b"other");
    shop.write("theirs.onnx", theirs);
    shop.ok("import theirs.onnx -o theirs");
    let layer = &json(&shop.ok("inspect theirs --json"))["layers"][0];
    assert_eq!(layer, "3 tanh units, clip 0.25");
    assert!(shop.read("theirs/model.safetensors") == shop.read("run/model.safetensors"));
    shop.fails(
        "import theirs.onnx -o classes --task classify",
        2,
        &["this one reads every step", "--task label"],
    );
    shop.ok("import net.onnx -o bare");
    assert!(shop.read("bare/model.safetensors") == shop.read("run/model.safetensors"));
}

#[test]
fn gates_are_told_by_the_shapes_and_come_back_from_every_file() {
    let shop = Workshop::new();
    let gru: [(&str, &[usize]); 6] = [
        ("rnn.weight_ih_l0", &[9, 2]),
        ("rnn.weight_hh_l0", &[9, 3]),
        ("rnn.bias_ih_l0", &[9]),
        ("rnn.bias_hh_l0", &[9]),
        ("fc.weight", &[2, 3]),
        ("fc.bias", &[2]),
    ];
    let lstm = gru.map(|(name, shape)| match shape {
        [9, 2] => (name, &[12, 2][..]),
        [9, 3] => (name, &[12, 3][..]),
        [9] => (name, &[12][..]),
        other => (name, other),
    });
    for (name, tensors) in [("gru", gru), ("lstm", lstm)] {
        shop.write("net.safetensors", state_dict(&tensors));
        let said = shop.ok(&format!("import net.safetensors -o {name}"));
        let upper = name.to_uppercase();
        assert!(
            said.contains(&format!("2 numbers -> 3 {upper} hidden -> 2 outputs")),
            "{said}"
        );
        let layer = &json(&shop.ok(&format!("inspect {name} --json")))["layers"][0];
        assert_eq!(layer, &format!("3 {upper} units"));
        shop.ok(&format!("export {name} --format onnx -o {name}.onnx"));
        shop.ok(&format!("import {name}.onnx -o {name}-back"));
        let mut theirs = shop.read(&format!("{name}.onnx"));
        let at = theirs
            .windows(7)
            .position(|w| w == b"\x12\x05elman")
            .expect("the producer");
        theirs[at + 2..at + 7].copy_from_slice(b"other");
        shop.write("theirs.onnx", theirs);
        shop.ok(&format!("import theirs.onnx -o {name}-theirs"));
        let model = |run: String| shop.read(&format!("{run}/model.safetensors"));
        assert!(model(name.to_owned()) == model(format!("{name}-back")));
        assert!(model(name.to_owned()) == model(format!("{name}-theirs")));
    }
    // Of a GRU the hidden bias of n stays apart, of an LSTM none.
    let bias = |len: usize| -> Vec<f32> { numbers_of(len) };
    let summed = |b: &[f32]| -> Vec<f32> { b.iter().map(|b| 2.0 * b).collect() };
    let first = [summed(&bias(9)[..6]), bias(9)[6..].to_vec()].concat();
    assert_eq!(shop.tensor("gru", "rnn.bias_ih_l0"), first);
    let second = [vec![0.0; 6], bias(9)[6..].to_vec()].concat();
    assert_eq!(shop.tensor("gru", "rnn.bias_hh_l0"), second);
    assert_eq!(shop.tensor("lstm", "rnn.bias_ih_l0"), summed(&bias(12)));
    assert_eq!(shop.tensor("lstm", "rnn.bias_hh_l0"), [0.0; 12]);
}

#[test]
fn words_keep_their_meaning_whatever_their_ids_were() {
    let shop = Workshop::new();
    let net: [(&str, &[usize]); 4] = [
        ("embed.weight", &[4, 2]),
        ("rnn.weight_ih_l0", &[3, 2]),
        ("rnn.weight_hh_l0", &[3, 3]),
        ("out.weight", &[2, 3]),
    ];
    shop.write("net.safetensors", state_dict(&net));
    shop.write("words.txt", "the\nAda\n<unk>\nsees\n");
    shop.ok("import net.safetensors --task label --labels O,B-PER --vocabulary words.txt -o run");
    // Unknown first, then the others in their order, then the row that lies outside.
    let rows = shop.tensor("run", "embedding.0.weight");
    let expected: Vec<f32> = [4, 5, 0, 1, 2, 3, 6, 7]
        .map(|i| i as f32 / 8.0 - 0.5)
        .to_vec();
    assert_eq!(rows, [expected, vec![0.0; 2]].concat());
    let said = shop.ok("predict run --data test.conll");
    assert!(
        said.lines()
            .all(|line| line.is_empty() || line.contains('\t'))
    );
    shop.write("short.txt", "the\nAda\n");
    let import = "import net.safetensors --task label -o other";
    shop.fails(import, 2, &["--vocabulary FILE"]);
    shop.fails(
        &format!("{import} --vocabulary short.txt"),
        2,
        &["short.txt", "4 rows", "2 lines"],
    );
    shop.write("twice.txt", "the\nAda\nthe\nsees\n");
    shop.fails(
        &format!("{import} --vocabulary twice.txt"),
        2,
        &["line 3", "the", "twice"],
    );
    shop.fails(
        &format!("{import} --vocabulary words.txt --unknown ?"),
        2,
        &["--unknown", "?"],
    );
    shop.fails(
        &format!("{import} --vocabulary words.txt --columns a"),
        2,
        &["--columns"],
    );
    assert!(!shop.path("other").exists(), "nothing is left behind");
}

#[test]
fn what_is_no_net_of_ours_is_refused_by_its_name() {
    let shop = Workshop::new();
    let import = |content: Vec<u8>, flags: &str, words: &[&str]| {
        shop.write("f", content);
        shop.fails(&format!("import f -o run {flags}"), 2, words);
        assert!(!shop.path("run").exists());
    };
    let with = |more: &[(&'static str, &'static [usize])]| state_dict(&[&SMALL[..], more].concat());
    import(
        with(&[("norm.weight", &[3])]),
        "",
        &["norm.weight", "no place"],
    );
    import(
        with(&[("rnn.weight_hr_l0", &[3, 3])]),
        "",
        &["rnn.weight_hr_l0", "projections (proj_size)"],
    );
    import(with(&[("b.weight_ih_l0", &[3, 3])]), "", &["two nets"]);
    import(
        state_dict(&[("fc.weight", &[2, 3])]),
        "",
        &["no tensor is called", "weight_ih_l0"],
    );
    let lstm: [(&str, &[usize]); 2] = [("weight_ih_l0", &[12, 2]), ("weight_hh_l0", &[12, 3])];
    import(
        state_dict(&lstm),
        "--activation relu",
        &["--activation is for torch.nn.RNN", "torch.nn.LSTM"],
    );
    let five: [(&str, &[usize]); 2] = [("weight_ih_l0", &[15, 2]), ("weight_hh_l0", &[15, 3])];
    import(
        state_dict(&five),
        "",
        &["weight_hh_l0 has 15 rows of 3", "torch.nn.GRU"],
    );
    let mixed: [(&str, &[usize]); 3] = [
        ("weight_ih_l0", &[9, 2]),
        ("weight_hh_l0", &[9, 3]),
        ("weight_ih_l0_reverse", &[12, 2]),
    ];
    let reverse: (&str, &[usize]) = ("weight_hh_l0_reverse", &[12, 3]);
    import(
        state_dict(&[&mixed[..], &[reverse]].concat()),
        "",
        &[
            "weight_hh_l0_reverse has 12 rows of 3",
            "torch.nn.GRU are 3 times",
        ],
    );
    let wrong: [(&str, &[usize]); 2] = [("weight_ih_l0", &[4, 2]), ("weight_hh_l0", &[3, 3])];
    import(
        state_dict(&wrong),
        "",
        &["rnn.weight_ih_l0 must be 3 x 2, and is "],
    );
    let windowed: [(&str, &[usize]); 3] = [
        ("embedding.0.weight", &[5, 2]),
        ("rnn.weight_ih_l0", &[3, 10]),
        ("rnn.weight_hh_l0", &[3, 3]),
    ];
    import(
        state_dict(&windowed),
        "",
        &["rnn.weight_ih_l0 must be 3 x 2, and is 3 x 10; if a step reads its neighbours too"],
    );
    import(b"PK\x03\x04".to_vec(), "", &["torch.save", "save_file"]);
    import(b"hello".to_vec(), "", &["f: no ONNX file"]);
    import(Vec::new(), "", &["f: no ONNX file"]);
    let small = || state_dict(&SMALL);
    import(
        small(),
        "--labels a,b",
        &["--task label or --task classify"],
    );
    import(
        small(),
        "--task label --labels a",
        &["2 outputs", "1 names"],
    );
    import(
        small(),
        "--task label --labels a,a",
        &["a stands there twice"],
    );
    import(small(), "--columns a", &["--columns", "2 numbers"]);
    import(small(), "--deviation 0,1", &["--deviation", "above 0"]);
    import(small(), "--mean 0,inf", &["--mean", "finite"]);
    import(
        small(),
        "--vocabulary f",
        &["--vocabulary is for nets that read tokens"],
    );
    import(small(), "--spec {}", &["--spec", "missing field"]);
    import(small(), "--like gone", &["gone"]);
    import(
        state_dict(&SMALL[..4]),
        "--task classify",
        &["no head", "--task values"],
    );
    let spec = "{\"input\":{\"dense\":{\"width\":2}},\"layers\":[{\"hidden\":4,\"bidirectional\":false,\"activation\":\"tanh\"}],\
                \"train_initial_state\":false,\"head\":\"linear\",\"outputs\":2,\"read\":\"every-step\",\"dropout\":[0,0,0]}";
    import(
        small(),
        &format!("--spec {spec}"),
        &["--spec", "3 hidden", "4 hidden"],
    );
}

#[test]
fn a_spec_says_what_tensors_cannot() {
    let shop = Workshop::new();
    shop.write("net.safetensors", state_dict(&SMALL));
    let spec = "{\"input\":{\"dense\":{\"width\":2}},\"layers\":[{\"hidden\":3,\"bidirectional\":false,\"activation\":\"relu\"}],\
                \"train_initial_state\":false,\"head\":\"softmax\",\"outputs\":2,\"read\":\"last-step\",\"dropout\":[0,0,0]}";
    shop.write("spec.json", spec);
    shop.ok("import net.safetensors --spec spec.json -o file");
    shop.ok(&format!("import net.safetensors --spec {spec} -o text"));
    shop.ok("import net.safetensors --activation relu --task classify -o flags");
    assert!(shop.read("file/model.safetensors") == shop.read("flags/model.safetensors"));
    assert!(shop.read("text/model.safetensors") == shop.read("flags/model.safetensors"));
    let layer = &json(&shop.ok("inspect file --json"))["layers"][0];
    assert_eq!(layer, "3 relu units");
}

/// Whether bytes are accepted.
type Reader = fn(&[u8]) -> bool;

#[test]
fn every_cut_and_every_changed_byte_is_an_error_or_a_net() {
    let shop = Workshop::new();
    shop.write("net.safetensors", state_dict(&SMALL));
    shop.ok("import net.safetensors -o run");
    shop.ok("export run --format onnx -o ours.onnx");
    let ours = shop.read("ours.onnx");
    let at = ours
        .windows(7)
        .position(|w| w == b"\x12\x05elman")
        .expect("the producer");
    let mut theirs = ours.clone();
    theirs[at + 2] ^= 1;
    let tokens: [(&str, &[usize]); 4] = [
        ("embed.weight", &[4, 2]),
        ("rnn.weight_ih_l0", &[3, 2]),
        ("rnn.weight_hh_l0", &[3, 3]),
        ("out.weight", &[2, 3]),
    ];
    let readers: [(Reader, Vec<u8>); 5] = [
        (hostile::onnx, ours),
        (hostile::onnx, theirs),
        (hostile::state_dict, state_dict(&SMALL)),
        (hostile::state_dict, state_dict(&tokens)),
        (hostile::state_dict, shop.read("run/model.safetensors")),
    ];
    for (reads, file) in readers {
        assert!(reads(&file), "the file itself is read");
        let cuts = (0..file.len()).filter(|&cut| reads(&file[..cut])).count();
        assert!(
            cuts < 40,
            "{cuts} cut files are read: only what comes after the graph may be missing"
        );
        let mut changed = file;
        for place in 0..changed.len() {
            for change in [1, 0x80, 0xFF] {
                changed[place] ^= change;
                reads(&changed);
                changed[place] ^= change;
            }
        }
    }
}
