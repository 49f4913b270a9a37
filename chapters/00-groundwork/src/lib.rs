//! What every era stands on: kernel calls that can narrate themselves, children, errors
//! that say why, and probes of the machine.
//!
//! # Layout
//!
//! - [`kernel`]: one function per system call, named as in its man page. The only place
//!   with `unsafe` in it.
//! - [`narrate`]: what a call says of itself when somebody listens, and the steps that
//!   chapters put above their calls.
//! - [`process`]: a child in namespaces of its own: clone3(2), the handshake, signals, the
//!   exit status, and a failure carried back to the parent.
//! - [`mountinfo`]: what is mounted where.
//! - [`error`]: how a failure is told: what was being done, the call, why, and what to do.
//! - [`host`]: what this machine allows, found out by trying it.
//! - `inject`: test builds only: make any one call fail.
#![deny(unsafe_code)]

pub mod error;
pub mod host;
#[cfg(feature = "inject")]
pub mod inject;
pub mod kernel;
pub mod mountinfo;
pub mod narrate;
pub mod process;

pub use narrate::step;
