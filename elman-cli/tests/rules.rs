//! Update rules and first weights as they are asked for.

mod common;

use common::Workshop;
use common::tables::plain;

fn train(shop: &Workshop, out: &str, flags: &str) {
    shop.ok(&format!(
        "train classify --train rows.csv --hidden 8 --epochs 2 --patience 0 --noise 0 --dropout 0 --bidirectional false --lr 0.01 \
         --threads 1 --out {out} {flags}"
    ));
}

fn shop() -> Workshop {
    let shop = Workshop::new();
    shop.write("rows.csv", plain(60));
    shop
}

#[test]
fn momentum_and_decay_are_what_they_are_called() {
    let shop = shop();
    let model = |run: &str, flags: &str| {
        train(&shop, run, flags);
        shop.read(&format!("{run}/model.safetensors"))
    };
    let momentum = model("momentum", "--optimizer momentum");
    assert!(momentum == model("sgd9", "--optimizer sgd --momentum 0.9"));
    assert!(momentum != model("half", "--optimizer momentum --momentum 0.5"));
    assert!(model("sgd", "--optimizer sgd") == model("none", "--optimizer momentum --momentum 0"));
    let decayed = model("adamw", "--optimizer adamw");
    assert!(decayed == model("usual", "--optimizer adamw --weight-decay 0.01"));
    assert!(decayed != model("free", "--optimizer adamw --weight-decay 0"));
    for rule in ["sgd", "adagrad", "rmsprop", "adam", "adamw"] {
        let size = |decay: &str| {
            let run = format!("{rule}-{decay}");
            train(
                &shop,
                &run,
                &format!("--optimizer {rule} --weight-decay {decay}"),
            );
            let weights = shop.tensor(&run, "rnn.weight_hh_l0");
            weights.iter().map(|w| w * w).sum::<f32>()
        };
        assert!(size("3") < size("0"), "{rule}");
    }
    assert!(shop.text("half/config.toml").contains("momentum = 0.5"));
    shop.fails(
        "train classify --train rows.csv --momentum 0.5 --out none",
        2,
        &["--momentum is of sgd and momentum"],
    );
}

#[test]
fn weights_start_as_they_are_asked_to() {
    let shop = shop();
    let start = |run: &str, flags: &str| {
        train(&shop, run, &format!("--optimizer sgd --lr 1e-30 {flags}"));
        shop.tensor(run, "rnn.weight_hh_l0")
    };
    let identity: Vec<f32> = (0..64).map(|i| f32::from(i % 9 == 0)).collect();
    let found = start("identity", "--init-weights identity");
    assert!(
        found
            .iter()
            .zip(&identity)
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );
    let orthogonal = start("orthogonal", "");
    for row in orthogonal.chunks_exact(8) {
        assert!((row.iter().map(|w| w * w).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    let limit = 1.0 / 8f32.sqrt();
    let pytorch = start("pytorch", "--init-weights pytorch");
    assert!(pytorch.iter().all(|w| w.abs() <= limit));
    assert!(
        shop.tensor("pytorch", "rnn.bias_ih_l0")
            .iter()
            .any(|b| b.abs() > 1e-3)
    );
    assert!(
        start("glorot", "--init-weights glorot")
            .iter()
            .any(|w| w.abs() > limit)
    );
    assert!(
        shop.tensor("glorot", "rnn.bias_ih_l0")
            .iter()
            .all(|b| b.abs() < 1e-6)
    );
}
