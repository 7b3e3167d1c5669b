//! Size M of a GRU.
#![no_std]
#![no_main]

int8::firmware!("/gru.rs");
