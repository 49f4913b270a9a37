//! 2006: limits for groups of processes.
//!
//! A control group is a folder. Making one makes a group, writing a process's number into its
//! `cgroup.procs` moves that process, and its other files limit and count what all of its
//! processes use together: cgroups(7). Two interfaces are out there, often side by side. v1
//! (2008) has one tree for each controller, v2 (2016) has one tree for all. Here both have one
//! interface, which speaks of limits and not of files.
//!
//! # Layout
//!
//! Where groups are:
//! - [`layout`]: which trees this machine has: v2, v1, or both.
//! - [`home`]: below which folders our own groups lie, so that they are ours.
//! - [`scope`]: one that systemd gives to an ordinary user.
//! - [`name`]: what a group may be called.
//! - [`group`]: a group: making, finding, filling and removing it.
//!
//! What they do:
//! - [`limits`]: what can be limited, parsed and checked before anything is touched.
//! - [`set`]: a limit as the files of v2 or v1. [`enable`]: what the groups above must allow.
//! - [`add`]: a running process is moved.
//! - [`run`]: a program that is born in a group, and how it ended.
//! - [`freeze`] and [`kill`]: all processes of a group at once.
//! - [`stat`]: what a group has used, as v2 or v1 count it.
//! - [`tree`]: every group of ours. [`left`]: those that a crashed run left.
//!
//! When it fails:
//! - [`error`]: what failed, in sentences; [`diagnose`]: why on this machine, by probing.
#![forbid(unsafe_code)]

pub mod add;
pub mod diagnose;
pub mod enable;
pub mod error;
mod files;
pub mod freeze;
pub mod group;
pub mod home;
pub mod kill;
pub mod layout;
pub mod left;
pub mod limits;
pub mod name;
pub mod run;
pub mod scope;
pub mod set;
pub mod stat;
pub mod tree;

pub use error::{Error, Result};
pub use group::Group;
pub use home::Home;
pub use layout::{Layout, Shape};
pub use limits::Limits;
pub use name::Name;
pub use run::Run;
pub use stat::Stat;
