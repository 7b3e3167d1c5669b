//! Dropout masks that are computed, never stored: the bits of (seed, site, row, column) decide.

use crate::params::Place;
use crate::simd::{LANES, Operation, Simd};
use crate::spec::MAX_LAYERS;

/// Where in the net a mask applies; each site draws its own bits.
#[derive(Clone, Copy)]
pub(crate) enum Site {
    /// Input of a layer.
    Layer(usize),
    /// Input of the head.
    Head,
    /// State that a layer's next step reads, in one direction. A row is a sequence, at every step.
    Recurrent(Place),
}

/// Numbers decided by the hashes of one strip: sixteen by their low halves, sixteen by their high ones.
const GROUP: usize = 2 * LANES;

/// Zeroes each number with probability `rate` (to 1/65536) and scales the others up. The forward and
/// the backward pass draw the same mask.
///
/// Lost against it: one 64-bit hash per four numbers, which no instruction set multiplies in lanes
/// (a third of a training epoch with token windows).
pub(crate) struct Dropout<'a> {
    pub rows: &'a mut [f32],
    pub width: usize,
    /// The row of the batch that `rows` begins with.
    pub first_row: usize,
    pub rate: f32,
    pub seed: u64,
    pub site: Site,
}

impl Operation for Dropout<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self {
            rows,
            width,
            first_row,
            rate,
            seed,
            site,
        } = self;
        if rate <= 0.0 {
            return;
        }
        let dropped = ((rate * 65536.0 + 0.5) as u32).min(65535);
        let scale = 65536.0 / (65536.0 - dropped as f32);
        let site = match site {
            Site::Head => 0,
            Site::Layer(layer) => 1 + layer as u64,
            Site::Recurrent(Place { layer, reverse }) => {
                (1 + MAX_LAYERS + 2 * layer + usize::from(reverse)) as u64
            }
        };
        let key = splitmix(seed ^ splitmix(site));
        let groups = width.div_ceil(GROUP);
        for (row, numbers) in rows.chunks_mut(width.max(1)).enumerate() {
            let first = (first_row + row).wrapping_mul(groups);
            for (group, numbers) in numbers.chunks_mut(GROUP).enumerate() {
                let hashes = hashes(key, first.wrapping_add(group) as u32);
                for (part, shift) in numbers.chunks_mut(LANES).zip([0, 16]) {
                    // Sixteen bits are exact as f32, and a comparison of floats is an operation of every level.
                    let mut coins = [0.0; LANES];
                    for (coin, hash) in coins.iter_mut().zip(hashes) {
                        *coin = ((hash >> shift) & 0xFFFF) as i32 as f32;
                    }
                    let kept = s.mul(s.load_part(part), s.splat(scale));
                    let v = s.if_less(s.load(&coins), s.splat(dropped as f32), s.splat(0.0), kept);
                    s.store_part(part, v);
                }
            }
        }
    }
}

/// Sixteen hashes; the loop compiles to integer lanes.
#[inline(always)]
fn hashes(key: u64, group: u32) -> [u32; LANES] {
    let mut hashes = [0; LANES];
    for (lane, hash) in hashes.iter_mut().enumerate() {
        let counter = group.wrapping_mul(LANES as u32).wrapping_add(lane as u32);
        *hash = mix((key >> 32) as u32 ^ mix(counter.wrapping_add(key as u32)));
    }
    hashes
}

/// A bijection of 32 bits in the form of MurmurHash3's finaliser (Appleby 2011).
#[inline(always)]
const fn mix(mut z: u32) -> u32 {
    z = (z ^ (z >> 16)).wrapping_mul(0x85EB_CA6B);
    z = (z ^ (z >> 13)).wrapping_mul(0xC2B2_AE35);
    z ^ (z >> 16)
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014).
const fn splitmix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
