//! Size S.
#![no_std]
#![no_main]

int8::firmware!("/s.rs");
