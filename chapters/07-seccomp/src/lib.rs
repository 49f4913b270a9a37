//! 2005: a filter before every system call.
//!
//! seccomp(2) puts a small program before every system call of a process. The kernel runs it
//! with the call's number, the architecture and the arguments, and does what it returns. The
//! program is written for a machine of 1992, classic BPF: one accumulator, jumps that only
//! go forward, 32-bit words. This chapter reads profiles and compiles them to it.
//!
//! # Layout
//!
//! - [`arch`], [`calls`]: which machine a call comes from, and what its number means there;
//!   [`multiplex`]: the calls of 32-bit x86 that are many in one.
//! - [`action`]: what a filter can answer.
//! - [`profile`]: rules, as somebody wrote them: [`profile::oci`] reads Docker's JSON,
//!   [`profile::lxc`] LXC's text.
//! - [`mod@compile`]: from rules to a program: what this chapter is about.
//! - [`filter`]: the program; [`mod@interpret`]: what it answers, without a process;
//!   [`mod@disassemble`]: how it reads.
//! - [`error`]: what can be wrong with a profile or a filter.
#![forbid(unsafe_code)]

pub mod action;
pub mod arch;
pub mod calls;
pub mod compile;
pub mod disassemble;
pub mod error;
pub mod filter;
pub mod interpret;
pub mod multiplex;
pub mod profile;

pub use action::Action;
pub use arch::Arch;
pub use compile::compile;
pub use disassemble::disassemble;
pub use error::{Error, Result};
pub use filter::Filter;
pub use interpret::{Data, Verdict, interpret};
pub use profile::Profile;
