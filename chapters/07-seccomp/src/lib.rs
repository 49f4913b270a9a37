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
//!   [`profile::lxc`] LXC's text, [`mod@profile::default`] is our own, [`profile::find`] knows
//!   them by name, and [`profile::change`] adds to them.
//! - [`mod@compile`]: from rules to a program: what this chapter is about.
//! - [`filter`]: the program; [`mod@interpret`]: what it answers, without a process;
//!   [`mod@disassemble`]: how it reads.
//! - [`strict`]: 2005, three calls and no filter.
//! - [`install`]: a filter in place, and a program behind it; [`supervise`]: somebody decides
//!   call by call; [`record`]: a profile of the calls that a program makes.
//! - [`error`]: what can be wrong; [`diagnose`]: why, on this machine.
#![forbid(unsafe_code)]

pub mod action;
pub mod arch;
pub mod calls;
pub mod compile;
pub mod diagnose;
pub mod disassemble;
pub mod error;
pub mod filter;
pub mod install;
pub mod interpret;
pub mod multiplex;
pub mod profile;
pub mod record;
pub mod strict;
pub mod supervise;

pub use action::Action;
pub use arch::Arch;
pub use compile::compile;
pub use disassemble::disassemble;
pub use error::{Error, Result};
pub use filter::Filter;
pub use interpret::{Data, Verdict, interpret};
pub use profile::Profile;
