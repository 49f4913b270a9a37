//! Another root, and no way back: pivot_root(2).
//!
//! chroot(2) changes where this process starts to look; the old root stays mounted, and who
//! is root can find it again. A mount namespace lets us swap the root mount itself, and then
//! take the old one away.

use std::path::Path;

use groundwork::kernel::{self, Propagation};
use groundwork::step;

use crate::error::{Error, Result};

// ANCHOR: pivot
/// Makes `new_root` the root of this mount namespace and forgets the old one.
///
/// Nothing of the old root stays reachable: see pivot_root(2), NOTES.
pub fn pivot_into(new_root: &Path) -> Result<()> {
    let failed = |call| Error::Pivot {
        new_root: new_root.to_owned(),
        call,
    };
    step("Keep our mounts to ourselves");
    kernel::mount_propagation("/", Propagation::Private).map_err(failed)?;

    step("pivot_root wants a mount point: make the directory one");
    kernel::bind_mount_recursive(new_root, new_root).map_err(failed)?;

    step("Swap roots, the old one stacked on the new");
    kernel::chdir(new_root).map_err(failed)?;
    kernel::pivot_root(".", ".").map_err(failed)?;

    step("Let the old one go");
    kernel::detach(".").map_err(failed)
}
// ANCHOR_END: pivot
