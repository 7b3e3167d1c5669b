//! Size M with FastRNN.
#![no_std]
#![no_main]

step::firmware!("/fastrnn.rs");
