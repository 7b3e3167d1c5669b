//! Size M of an LSTM.
#![no_std]
#![no_main]

int8::firmware!("/lstm.rs");
