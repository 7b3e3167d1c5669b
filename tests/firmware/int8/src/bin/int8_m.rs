//! Size M.
#![no_std]
#![no_main]

int8::firmware!("/m.rs");
