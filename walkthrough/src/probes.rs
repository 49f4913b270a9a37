//! `needs=` and `if=` of a block: probes of the machine.

use crate::page::Block;

/// Why a block cannot run here; none when it can.
pub fn missing(_block: &Block) -> Option<String> {
    None
}
