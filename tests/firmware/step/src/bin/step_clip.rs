//! Size S with a clip that many sums exceed: for its bits.
#![no_std]
#![no_main]

step::firmware!("/clip.rs");
