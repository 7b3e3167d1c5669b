//! Size M.
#![no_std]
#![no_main]

step::firmware!("/m.rs");
