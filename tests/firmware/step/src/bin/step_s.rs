//! Size S.
#![no_std]
#![no_main]

step::firmware!("/s.rs");
