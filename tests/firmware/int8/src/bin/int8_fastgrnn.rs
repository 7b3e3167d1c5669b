//! Size M of a FastGRNN.
#![no_std]
#![no_main]

int8::firmware!("/fastgrnn.rs");
