//! Size M with a softmax.
#![no_std]
#![no_main]

step::firmware!("/softmax.rs");
