//! 2002-2020: eight private views of one kernel.
//!
//! A namespace is a view of one thing (what is mounted, which processes there are, who is
//! who) that a process shares with some and not with others. Three calls make all of it:
//! unshare(2) and clone(2) give new views, setns(2) enters those of others.
//!
//! # Layout
//!
//! Making and entering:
//! - [`kinds`]: the eight kinds, with year, flag and what each isolates.
//! - [`create`]: a program in new namespaces, in the order of unshare(1).
//! - [`maps`]: who is who in a user namespace; [`registry`]: names and further ids.
//! - [`clocks`]: the shifted clocks of a time namespace.
//! - [`keep`]: a bind mount that keeps a namespace.
//! - [`enter`]: the namespaces of another process, in the order of nsenter(1).
//! - [`settle`]: what is done inside before the program; [`pivot`]: another root for good.
//!
//! Looking:
//! - [`list`]: every namespace that can be found; [`tree`]: who is below whom.
//! - [`compare`](mod@compare): which of the eight views two processes share.
//! - `mounts`: which mount decides, and whose it is.
//!
//! When it fails:
//! - [`error`]: what failed, in sentences; [`diagnose`]: why on this machine, by probing.
#![forbid(unsafe_code)]

pub mod clocks;
pub mod compare;
pub mod create;
pub mod diagnose;
pub mod enter;
pub mod error;
pub mod keep;
pub mod kinds;
pub mod list;
pub mod maps;
mod mounts;
pub mod pivot;
pub mod registry;
pub mod settle;
pub mod tree;

pub use create::Unshare;
pub use enter::Enter;
pub use error::{Error, Result};
pub use kinds::Kind;
