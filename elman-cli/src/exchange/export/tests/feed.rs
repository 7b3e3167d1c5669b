//! From raw samples to events: exported, compiled, run on golden samples, and with numbers that are missing.

use std::path::Path;

use elman_core::feed::{ColumnScale, Feed, FeedBuffers, Rule, Samples};
use elman_core::*;
use tempfile::TempDir;

use super::{aligned, compile_and_run, compilers, has, network, save};
use crate::base::encoding::{Encoding, EventRule, Front, Scale};
use crate::exchange::export::parts::Parts;
use crate::exchange::export::proof::Proof;
use crate::exchange::export::{c, image, rust};
use crate::net::network::Network;

const TUNED: EventRule = EventRule {
    smoothing: 0.25,
    threshold: 0.3,
    refractory: 2,
    background: Some(1),
};

/// Streaming nets of two columns, with windows and without, tuned or not.
pub fn nets() -> Vec<(&'static str, Spec, Front)> {
    let spec = |window: usize, layers, read| Spec {
        layers,
        head: Head {
            kind: HeadKind::Softmax { outputs: 3 },
            read,
        },
        ..Spec::dense(2 * window, 8, 3)
    };
    let front = |window, rule| Front {
        scale: vec![Scale::new(1e4 + 0.1, 0.3), Scale::new(-0.7, 12.5)],
        farthest: 1.5,
        window,
        rule: Some(rule),
    };
    let every = EventRule::EVERY;
    vec![
        (
            "fed_plain",
            spec(1, Layers::of([Layer::tanh(8)]), Read::EveryStep),
            front(1, every),
        ),
        (
            "fed_last",
            spec(
                1,
                Layers::of([Layer::gru(5), Layer::tanh(9)]),
                Read::LastStep,
            ),
            front(1, TUNED),
        ),
        (
            "fed_window",
            spec(5, Layers::of([Layer::lstm(6)]), Read::EveryStep),
            front(5, TUNED),
        ),
    ]
}

pub fn parts<'a>(network: &'a Network, front: &Front) -> Parts<'a> {
    let mut encoding = Encoding::default();
    let labels = ["none", "up", "down"].map(str::to_owned);
    encoding.add_names("labels", "What the outputs are called.", labels.to_vec());
    encoding.front = Some(front.clone());
    Parts {
        network,
        spec: *network.spec(),
        proof: Proof::made_up_raw(network, 1, 20, &encoding).unwrap(),
        encoding,
        run: "test".to_owned(),
    }
}

const MAIN: &str = r#"#include "net.h"
#include <stdio.h>
#include <string.h>
static net_stream stream, other;
int main(void)
{
    static const float none = 0.0f;
    const float infinite = 1.0f / none, raw[2] = {1.5f, -3.0f}, lost[2] = {infinite - infinite, -infinite};
    const int16_t whole[2] = {1, -3};
    const float same[2] = {1.0f, -3.0f};
    net_event event, again;
    int i, told = -1, told_again = -1;
    printf("%lu\n", (unsigned long)net_feed_self_test(&stream));
    memset(&event, 0, sizeof event);
    memset(&again, 0, sizeof again);
    net_stream_reset(&stream);
    net_stream_reset(&other);
    for (i = 0; i < 9; i++) {
        net_feed(&stream, i == 4 ? lost : raw, NULL);
        net_feed(&other, raw, NULL);
    }
    printf("%lu %lu\n", (unsigned long)stream.missing, (unsigned long)other.missing);
    told = net_feed(&stream, same, &event);
    printf("%d\n", stream.y[0] + stream.y[1] + stream.y[2] > 0.99f);
    net_stream_reset(&other);
    for (i = 0; i < 9; i++) {
        net_feed(&other, i == 4 ? lost : raw, i % 2 == 0 ? NULL : &again);
    }
    told_again = net_feed_i16(&other, whole, &again);
    printf("%d\n", memcmp(stream.y, other.y, sizeof stream.y) == 0 && event.step == again.step && told >= 0 && told_again >= 0);
    printf("%d\n", net_feed_end(&other, &again) == (NET_DELAY == 0 ? -1 : told_again) || NET_DELAY > 0);
    printf("%s%s%s\n", net_class_name(0), net_class_name(2), net_class_name(3));
    return 0;
}
"#;

#[test]
fn raw_samples_become_the_same_events_everywhere() {
    if !has("gcc") || !has("g++") {
        return;
    }
    for (seed, (name, spec, front)) in nets().into_iter().enumerate() {
        let home = TempDir::new().unwrap();
        let network = network(&spec, seed as u64);
        let parts = parts(&network, &front);
        save(&c::write(&parts, &home.path().join("net.c")).unwrap().0);
        std::fs::write(home.path().join("main.c"), MAIN).unwrap();
        for (compiler, _) in compilers() {
            let printed = compile_and_run(home.path(), &compiler);
            assert_eq!(
                printed, "0\n2 0\n1\n1\n1\nnonedown\n",
                "{name} {compiler:?}"
            );
        }
    }
}

#[test]
fn another_scale_or_rule_is_found_by_the_self_test() {
    if !has("gcc") {
        return;
    }
    let (_, spec, front) = nets().pop().unwrap();
    // One that tells several events within a sequence.
    let networks = (0..100).map(|seed| network(&spec, seed));
    let several = |network: &Network| {
        let parts = parts(network, &front);
        let fires = parts.proof.feed.unwrap().fires;
        fires[..16].iter().filter(|&&class| class >= 0).count() > 2
    };
    let network = networks.into_iter().find(several).expect("such a net");
    let parts = parts(&network, &front);
    let fused = compilers().into_iter().find(|(_, fused)| *fused);
    let Some((compiler, _)) = fused.filter(|(compiler, _)| compiler[0] == "gcc") else {
        return;
    };
    let home = TempDir::new().unwrap();
    let files = c::write(&parts, &home.path().join("net.c")).unwrap().0;
    let (source, header) = (&files[0].content, &files[1].content);
    let change = |of: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(of.to_vec()).unwrap();
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let run = |source: &str, header: &str| {
        std::fs::write(home.path().join("net.c"), source).unwrap();
        std::fs::write(home.path().join("net.h"), header).unwrap();
        let main = "#include \"net.h\"\n#include <stdio.h>\nint main(void) { static net_stream s; printf(\"%d\", net_feed_self_test(&s) == 0); return 0; }\n";
        std::fs::write(home.path().join("main.c"), main).unwrap();
        compile_and_run(home.path(), &compiler)
    };
    let [same_source, same_header] = [source, header].map(|of| change(of, "net", "net"));
    assert_eq!(run(&same_source, &same_header), "1");
    let rest = format!("{:?}f", front.scale[0].rest);
    assert_eq!(run(&change(source, &rest, "0.25f"), &same_header), "0");
    let threshold = change(header, "NET_THRESHOLD 0.3f", "NET_THRESHOLD 1.5f");
    assert_eq!(run(&same_source, &threshold), "0");
    let refractory = change(header, "NET_REFRACTORY 2u", "NET_REFRACTORY 60u");
    assert_eq!(run(&same_source, &refractory), "0");
}

#[test]
fn flags_and_formats_that_change_numbers_are_refused() {
    if !has("gcc") {
        return;
    }
    let (_, spec, front) = nets().remove(0);
    let network = network(&spec, 7);
    let home = TempDir::new().unwrap();
    let files = c::write(&parts(&network, &front), &home.path().join("net.c"));
    save(&files.unwrap().0);
    let compile = |flags: &[&str]| {
        let mut gcc = std::process::Command::new("gcc");
        let line = gcc.args(flags).args(["-c", "net.c", "-o", "net.o"]);
        let done = line.current_dir(home.path()).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        (done.status.success(), said)
    };
    assert!(compile(&["-O2"]).0);
    let associative = [
        "-fassociative-math",
        "-fno-signed-zeros",
        "-fno-trapping-math",
    ];
    for flags in [
        &["-ffast-math"][..],
        &associative,
        &["-freciprocal-math"],
        &["-ffinite-math-only"],
    ] {
        let (fine, said) = compile(flags);
        assert!(
            !fine && said.contains("without -ffast-math"),
            "{flags:?}: {said}"
        );
    }
    let (fine, said) = compile(&["-U__FLT_EVAL_METHOD__", "-D__FLT_EVAL_METHOD__=2"]);
    assert!(!fine && said.contains("-mfpmath=sse"), "{said}");
}

#[test]
fn an_image_proves_the_way_to_events() {
    for (seed, (name, spec, front)) in nets().into_iter().enumerate() {
        let network = network(&spec, seed as u64);
        let (outputs, size) =
            image::write(&parts(&network, &front), Path::new("net.image")).unwrap();
        let mut room = Vec::new();
        let image = Image::read(aligned(&outputs[0].content, &mut room)).unwrap();
        let (samples, level) = (image.samples.expect("golden samples"), Level::detect());
        assert_eq!(
            size.feed_bytes,
            4 * samples.raw.len() + 8 * samples.fires.len()
        );
        let scale: Vec<ColumnScale> = front.scale.iter().map(Into::into).collect();
        let check = |rule: Rule| {
            let (mut state, mut scratch) = (
                vec![0.0; spec.state_len()],
                vec![Strip::ZERO; spec.stream_len()],
            );
            let model = image.model().unwrap();
            let stream = Stream::new(level, model, &mut state, &mut scratch).unwrap();
            let buffers = FeedBuffers {
                rows: &mut vec![0.0; Samples::rows_len(scale.len(), front.window)],
                outputs: &mut vec![0.0; spec.output_width()],
                smooth: &mut vec![0.0; spec.output_width()],
            };
            let scale = (&scale[..], front.farthest, front.window);
            let mut feed = Feed::new(stream, scale, rule, buffers).unwrap();
            feed.check(level, &image.golden, &samples).unwrap()
        };
        let rule = Rule::from(&front.rule.unwrap());
        assert_eq!(check(rule), None, "{name}");
        let threshold = 2.0;
        assert_ne!(check(Rule { threshold, ..rule }), None, "{name}");
    }
}

/// Modules of these nets in Rust.
pub fn modules() -> Vec<(&'static str, Vec<super::Output>)> {
    let module = |(seed, (name, spec, front)): (usize, (&'static str, Spec, Front))| {
        let network = network(&spec, seed as u64);
        let path = std::path::PathBuf::from(format!("{name}.rs"));
        (name, rust::write(&parts(&network, &front), &path).0)
    };
    nets().into_iter().enumerate().map(module).collect()
}
