//! 1979: another meaning of `/`.
//!
//! chroot(2) changes one property of a process: the directory in which paths that begin
//! with `/` start. It changes nothing else, and it fills nothing in.
//!
//! # Layout
//!
//! - [`enter`]: the mechanism: stand in a folder, make it `/`, become a user, start a program.
//! - [`escape`]: the classic way out, for whoever may call chroot(2) inside.
//! - [`error`]: what can go wrong, and why.
#![forbid(unsafe_code)]

pub mod closure;
pub mod enter;
pub mod error;
pub mod escape;
pub mod tree;

pub use error::Error;
