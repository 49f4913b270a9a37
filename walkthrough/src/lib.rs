//! The player of pages, and the program `era` around it.
//!
//! # Layout
//!
//! - [`page`]: reads a page: blocks, placeholders, facts, questions.
//! - [`ground`]: where its commands run, and the guardian that cleans up.
//! - [`stage`]: shells on ptys; runs blocks and judges them.
//! - [`auto`]: a whole tour without a key, and its report.
//! - [`library`]: pages and sources, embedded.
//! - [`cli`]: the command line of `era`.
//! - [`probes`], [`proc`], [`state`]: what the machine allows, what /proc says,
//!   where things are kept.
#![forbid(unsafe_code)]

pub mod auto;
pub mod cli;
pub mod ground;
pub mod library;
pub mod page;
pub mod probes;
pub mod proc;
pub mod stage;
pub mod state;
