//! The player of pages.
#![forbid(unsafe_code)]

pub mod page;
pub mod proc;
