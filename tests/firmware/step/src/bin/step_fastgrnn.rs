//! Size M with FastGRNN.
#![no_std]
#![no_main]

step::firmware!("/fastgrnn.rs");
