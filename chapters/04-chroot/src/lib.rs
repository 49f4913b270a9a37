//! 1979: another meaning of `/`.
//!
//! chroot(2) changes one property of a process: the directory in which paths that begin
//! with `/` start. It changes nothing else, and it fills nothing in.
//!
//! # Layout
//!
//! - [`enter`]: the mechanism: stand in a folder, make it `/`, become a user, start a program.
//! - [`mounts`]: /proc and /dev for it, where nobody else sees them.
//! - [`tree`]: what a path means to somebody whose root is another.
//! - [`closure`]: what a program needs in order to start; [`jail`]: copying it.
//! - [`why`]: which file is missing when the kernel says that one is.
//! - [`escape`]: the classic way out, for whoever may call chroot(2) inside.
//! - [`error`]: what can go wrong, and why; `files`: why a file cannot be read or written.
#![forbid(unsafe_code)]

pub mod closure;
pub mod enter;
pub mod error;
pub mod escape;
mod files;
pub mod jail;
pub mod mounts;
pub mod tree;
pub mod why;

pub use error::Error;
