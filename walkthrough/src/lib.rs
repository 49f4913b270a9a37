//! The player of pages, and the program `era` around it.
//!
//! # Layout
//!
//! - [`page`]: reads a page: blocks, placeholders, facts, questions.
//! - [`ground`]: where its commands run, and the guardian that cleans up.
//! - [`stage`]: shells on ptys; runs blocks and judges them.
//! - [`auto`]: a whole tour without a key, and its report.
//! - [`player`]: a page on a terminal, key by key.
//! - [`present`]: a page before a class: notes, clock, rehearsal.
//! - [`bless`]: writes what was printed into a page.
//! - [`first`]: the first screen.
//! - [`cli`], [`play`]: the command line of `era`, and what it starts.
//! - [`doctor`]: what this machine allows.
//! - [`exercise`]: exercises, and the checks that prove them.
//! - [`class`]: plans and reports for who teaches with them.
//! - [`clean`]: ends what a crashed program has left.
//! - [`machine`]: a small virtual machine to play in.
//! - [`papers`]: completions and man pages of all programs.
//! - [`library`]: pages and sources, embedded.
//! - [`probes`], [`proc`], [`progress`], [`state`]: what the machine allows, what
//!   /proc says, how far the learner has come, where things are kept.
#![forbid(unsafe_code)]

pub mod auto;
pub mod bless;
pub mod class;
pub mod clean;
pub mod cli;
pub mod doctor;
pub mod exercise;
pub mod first;
pub mod ground;
pub mod library;
pub mod machine;
pub mod page;
pub mod papers;
pub mod play;
pub mod player;
pub mod present;
pub mod probes;
pub mod proc;
pub mod progress;
pub mod stage;
pub mod state;
