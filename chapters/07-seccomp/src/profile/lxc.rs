//! Profiles as LXC writes them: text, of which there are two versions.

use crate::arch::Arch;
use crate::error::{Error, Result};
use crate::profile::Profile;

/// The rules of a profile on a machine of this architecture.
pub fn load(text: &str, native: Arch) -> Result<Profile> {
    let _ = (text, native);
    Err(Error::NoArch)
}
