//! Size L.
#![no_std]
#![no_main]

step::firmware!("/l.rs");
