//! `era present`: a page before a class.
//!
//! # Layout
//!
//! - [`notes`]: what the instructor reads on a second terminal.
//! - [`rehearse`]: every step, and every way back, timed and checked.

pub mod notes;
pub mod rehearse;
