//! Size M with gated recurrent units.
#![no_std]
#![no_main]

step::firmware!("/gru.rs");
