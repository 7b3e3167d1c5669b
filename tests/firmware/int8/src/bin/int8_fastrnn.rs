//! Size M of a FastRNN.
#![no_std]
#![no_main]

int8::firmware!("/fastrnn.rs");
