//! 1999: root, cut into pieces.
//!
//! Linux does not ask whether a process is root. It asks for one of some forty
//! *capabilities*, each a bit, and a process has five sets of such bits: capabilities(7).
//!
//! # Layout
//!
//! - [`set`]: one capability, and a set of them, by name and number.
//! - [`about`]: what each allows, and was abused for.
//! - [`text`]: three sets as a text, as cap_from_text(3) has it; [`mod@format`]: two sets and a
//!   flag as bytes, as the kernel keeps them with a file.
//! - [`mod@file`]: the capabilities of a file, read, written, taken away.
//! - [`sets`]: the five sets of a process, and what execve(2) makes of them.
//! - [`show`]: what a process holds, as /proc says it.
//! - [`run`]: running a program with less.
//! - [`serve`]: a page on a low port, with one bit raised for one call.
//! - [`need`]: which ones a program needs, found out by running it.
//! - [`error`]: what can go wrong, and why.
#![forbid(unsafe_code)]

pub mod about;
pub mod error;
pub mod file;
pub mod format;

pub mod need;
pub mod run;
pub mod serve;
pub mod set;
pub mod sets;
pub mod show;
pub mod text;

pub use error::Error;
pub use format::FileCaps;
pub use set::{Cap, CapSet};
pub use sets::Sets;
pub use text::Triple;
