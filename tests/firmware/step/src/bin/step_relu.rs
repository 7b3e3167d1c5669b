//! Size M of relu, whose zero states cost little.
#![no_std]
#![no_main]

step::firmware!("/relu.rs");
