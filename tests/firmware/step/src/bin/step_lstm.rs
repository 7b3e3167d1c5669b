//! Size M with long short-term memory.
#![no_std]
#![no_main]

step::firmware!("/lstm.rs");
