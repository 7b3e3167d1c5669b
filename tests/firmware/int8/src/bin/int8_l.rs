//! Size L.
#![no_std]
#![no_main]

int8::firmware!("/l.rs");
