//! Dropout masks that are computed, never stored: the bits of (seed, site, row, column) decide.

/// Where in the net a mask applies; each site draws its own bits.
#[derive(Clone, Copy)]
pub(crate) enum Site {
    /// Input of a layer.
    Layer(usize),
    /// Input of the head.
    Head,
}

/// Numbers decided by one 64-bit hash, sixteen bits each.
const PER_HASH: usize = 4;

/// Zeroes each number with probability `rate` (to 1/65536) and scales the others up. `first_row` is
/// the row of the batch that `rows` begins with: forward and backward pass draw the same mask.
pub(crate) fn apply(
    rows: &mut [f32],
    width: usize,
    first_row: usize,
    rate: f32,
    seed: u64,
    site: Site,
) {
    if rate <= 0.0 {
        return;
    }
    let dropped = ((rate * 65536.0 + 0.5) as u32).min(65535);
    let scale = 65536.0 / (65536.0 - dropped as f32);
    let site = match site {
        Site::Head => 0,
        Site::Layer(layer) => 1 + layer as u64,
    };
    let key = mix(seed ^ mix(site));
    let hashes_per_row = width.div_ceil(PER_HASH) as u64;
    for (row, numbers) in rows.chunks_mut(width.max(1)).enumerate() {
        let mut counter = (first_row + row) as u64 * hashes_per_row;
        for group in numbers.chunks_mut(PER_HASH) {
            let mut bits = mix(key.wrapping_add(counter.wrapping_mul(GOLDEN)));
            for x in group {
                *x = if (bits as u32 & 0xFFFF) < dropped {
                    0.0
                } else {
                    *x * scale
                };
                bits >>= 16;
            }
            counter += 1;
        }
    }
}

/// 2⁶⁴ divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// One step of SplitMix64 (Steele, Lea, Flood 2014).
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
