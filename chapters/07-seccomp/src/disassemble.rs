//! How a filter reads.

use crate::filter::Filter;

/// x
pub fn disassemble(_filter: &Filter) -> String {
    String::new()
}
