//! What the kernel keeps with a file: the bytes of the attribute `security.capability`.
//!
//! ```text
//! offset  0  revision in the highest byte; bit 0: what is permitted becomes effective, too
//!         4  permitted, capabilities 0 to 31
//!         8  inheritable, 0 to 31
//!        12  permitted, 32 to 63          from revision 2 on (2008)
//!        16  inheritable, 32 to 63
//!        20  the user namespace's root    revision 3 (2017): valid only below that root
//! ```
//!
//! Words of 32 bits, lowest byte first on every processor: `struct vfs_ns_cap_data` of
//! `linux/capability.h`, and capabilities(7), "File capability extended attribute versioning".

use crate::error::{Error, Result};
use crate::set::CapSet;
use crate::text::Triple;

/// The capabilities of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileCaps {
    /// What the program gets, if the bounding set has it.
    pub permitted: CapSet,
    /// What the program gets, if it was inheritable before.
    pub inheritable: CapSet,
    /// Whether it is effective from the start. One bit for all of them.
    pub effective: bool,
    /// The uid, here, of the root of the user namespaces for which the file counts. None:
    /// in ours and all below.
    pub root: Option<u32>,
}

/// How the attribute says its own length.
const REVISION_MASK: u32 = 0xff00_0000;
const REVISION_1: u32 = 0x0100_0000;
const REVISION_2: u32 = 0x0200_0000;
const REVISION_3: u32 = 0x0300_0000;
/// The flag that makes them effective.
const EFFECTIVE: u32 = 1;

// ANCHOR: format
impl FileCaps {
    /// Reads the attribute's bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let words: Vec<u32> = bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("chunks of four")))
            .collect();
        let malformed = || Error::malformed(bytes);
        let magic = *words.first().ok_or_else(malformed)?;
        let (permitted, inheritable, root) = match (magic & REVISION_MASK, words.as_slice()) {
            (REVISION_1, &[_, permitted, inheritable]) => {
                (permitted.into(), inheritable.into(), None)
            }
            (REVISION_2, &[_, p_low, i_low, p_high, i_high]) => {
                (joined(p_low, p_high), joined(i_low, i_high), None)
            }
            (REVISION_3, &[_, p_low, i_low, p_high, i_high, root]) => {
                (joined(p_low, p_high), joined(i_low, i_high), Some(root))
            }
            _ => return Err(malformed()),
        };
        if bytes.len() % 4 != 0 {
            return Err(malformed());
        }
        Ok(FileCaps {
            permitted: CapSet::from_bits(permitted),
            inheritable: CapSet::from_bits(inheritable),
            effective: magic & EFFECTIVE != 0,
            root,
        })
    }

    /// The bytes: revision 3 where a root is named, else revision 2.
    pub fn encode(&self) -> Vec<u8> {
        let revision = match self.root {
            Some(_) => REVISION_3,
            None => REVISION_2,
        };
        let (permitted, inheritable) = (self.permitted.bits(), self.inheritable.bits());
        let words = [
            revision | u32::from(self.effective),
            permitted as u32,
            inheritable as u32,
            (permitted >> 32) as u32,
            (inheritable >> 32) as u32,
        ];
        let words = words.into_iter().chain(self.root);
        words.flat_map(u32::to_le_bytes).collect()
    }
}
// ANCHOR_END: format

fn joined(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

impl FileCaps {
    /// What a text says, as a file can hold it: one bit makes all of them effective or none.
    pub fn from_triple(triple: Triple, root: Option<u32>) -> Result<Self> {
        let both = triple.permitted.union(triple.inheritable);
        if !triple.effective.is_empty() && triple.effective != both {
            return Err(Error::OneEffectiveBit {
                text: triple.to_string(),
                differs: triple
                    .effective
                    .without(both)
                    .union(both.without(triple.effective)),
            });
        }
        Ok(FileCaps {
            permitted: triple.permitted,
            inheritable: triple.inheritable,
            effective: !triple.effective.is_empty(),
            root,
        })
    }

    /// The three sets, as a text shows them.
    pub fn triple(&self) -> Triple {
        let both = self.permitted.union(self.inheritable);
        Triple {
            effective: if self.effective { both } else { CapSet::EMPTY },
            inheritable: self.inheritable,
            permitted: self.permitted,
        }
    }
}
