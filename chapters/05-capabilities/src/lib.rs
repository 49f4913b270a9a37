//! 1999: root, cut into pieces.
//!
//! Linux does not ask whether a process is root. It asks for one of some forty
//! *capabilities*, each a bit, and a process has five sets of such bits: capabilities(7).
//!
//! # Layout
//!
//! - [`set`]: one capability, and a set of them, by name and number.
//! - [`serve`]: a page on a low port, with one bit raised for one call.
//! - [`error`]: what can go wrong, and why.
#![forbid(unsafe_code)]

pub mod error;
pub mod serve;
pub mod set;

pub use error::Error;
pub use set::{Cap, CapSet};
