//! What a firmware says to run a net: no allocator, every buffer's length known when it is compiled. Here on a desktop:
//! `cargo run -p elman-core --example chip`.
//!
//! The net is a leaky sum, `h[t] = x[t] + h[t-1] / 2`, so that its numbers can be checked by hand. For a trained one
//! `elman export RUN --format rust` writes `SPEC`, the packed weights as a static, and golden vectors.

use elman_core::*;

struct LeakySum;

impl Shape for LeakySum {
    const SPEC: Spec = Spec {
        layers: Layers::of([Layer {
            cell: Cell::elman(Activation::Identity),
            ..Layer::tanh(1)
        }]),
        ..Spec::dense(1, 1, 1)
    };
}

fn main() -> Result<(), Error> {
    // W_in, W_rec, b, W_out, c.
    let params = [1.0, 0.5, 0.0, 1.0, 0.0];
    let mut packed = [Strip::ZERO; LeakySum::SPEC.packed_len()];
    pack(&LeakySum::SPEC, &params, &mut packed)?;

    let mut state = [0.0; LeakySum::SPEC.state_len()];
    let mut scratch = [Strip::ZERO; LeakySum::SPEC.stream_len()];
    let mut net =
        FixedStream::<LeakySum>::new(Level::detect(), &[], &packed, &mut state, &mut scratch)?;
    let mut y = [0.0; LeakySum::SPEC.output_width()];
    for (x, sum) in [(1.0, 1.0), (0.0, 0.5), (0.0, 0.25), (4.0, 4.125)] {
        net.step(Inputs::Dense(&[x]), &mut y)?;
        println!("{x} -> {}", y[0]);
        assert_eq!(y, [sum]);
    }
    Ok(())
}
