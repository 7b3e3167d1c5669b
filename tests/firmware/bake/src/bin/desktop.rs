//! Prints what the net of `golden/net.txt` answers, as `golden/outputs.txt` holds it.

fn main() {
    let golden = bake::golden::Golden::new(include_str!("../../../golden/net.txt"));
    for row in golden.outputs.fused.chunks(9) {
        let bits: Vec<String> = row.iter().map(|y| format!("{:08x}", y.to_bits())).collect();
        println!("{}", bits.join(" "));
    }
}
