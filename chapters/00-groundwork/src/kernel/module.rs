//! Parts of the kernel that are loaded when they are wanted: finit_module(2).

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd};

use super::{Result, call};

/// Loads the kernel module that is open at `file`: finit_module(2). Needs CAP_SYS_MODULE.
/// What it depends on has to be there already: unlike modprobe(8), the kernel looks for
/// nothing. `parameters` are those of the module, as modinfo(8) lists them.
#[track_caller]
pub fn finit_module(file: impl AsFd, parameters: &CStr) -> Result<()> {
    let fd = file.as_fd().as_raw_fd();
    call(
        "finit_module",
        "init_module(2)",
        || vec![fd.to_string(), format!("{parameters:?}"), "0".to_owned()],
        || nix::kmod::finit_module(&file, parameters, nix::kmod::ModuleInitFlags::empty()),
    )
}
