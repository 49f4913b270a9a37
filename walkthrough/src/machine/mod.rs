//! A small virtual machine with a kernel of its own: `era machine`, and the tour in it.
//!
//! Its kernel is a distribution's stock kernel, its programs are this host's own, it has no
//! network and no disk, and nothing that happens in it can harm anything outside. Software
//! emulation is enough: no KVM, no root.
//!
//! # Layout
//!
//! - [`ask`]: the command line.
//! - [`fetch`], [`modules`]: the kernel from its package, and the parts of it that are wanted.
//! - [`image`]: the root, made of this host's programs.
//! - [`qemu`], [`host`]: starting it, and being its terminal.
//! - [`wire`]: what host and guest say to each other.
//! - [`guest`]: inside: the first program, the groups, the session.
//! - [`tour`]: the tour in it.
//! - [`error`]: what can go wrong.

pub mod ask;
pub mod error;
pub mod fetch;
pub mod guest;
pub mod host;
pub mod image;
pub mod modules;
pub mod qemu;
pub mod tour;
pub mod wire;

pub use error::Error;
