//! The exercises that there are: written by build.rs from the folders of the chapters.

use super::Folder;

include!(concat!(env!("OUT_DIR"), "/exercises.rs"));
