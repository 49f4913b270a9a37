//! Extended attributes of files: xattr(7). None of these calls follows a link at the end of
//! the path.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::{Result, call, quoted};

/// Where a file keeps its capabilities: capabilities(7), "File capability extensions".
pub const FILE_CAPABILITIES: &CStr = c"security.capability";

/// No attribute of ours is longer; the kernel has its own limit, 64 KiB.
const LONGEST: usize = 4096;

/// Reads an attribute: lgetxattr(2). ENODATA if the file has none of this name.
#[track_caller]
pub fn lgetxattr(path: impl AsRef<Path>, name: &CStr) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let mut value = vec![0; LONGEST];
    let size: usize = call(
        "lgetxattr",
        "getxattr(2)",
        || {
            vec![
                quoted(path),
                shown(name),
                "…".to_owned(),
                LONGEST.to_string(),
            ]
        },
        || {
            let path = c_path(path)?;
            let room = value.as_mut_ptr().cast();
            // SAFETY: two C strings, and room for LONGEST bytes; all live here.
            let size = unsafe { libc::lgetxattr(path.as_ptr(), name.as_ptr(), room, LONGEST) };
            Errno::result(size).map(|size| size as usize)
        },
    )?;
    value.truncate(size);
    Ok(value)
}

/// Writes an attribute: lsetxattr(2). Told in words of 32 bits, lowest byte first, as the
/// kernel reads its own attributes.
#[track_caller]
pub fn lsetxattr(path: impl AsRef<Path>, name: &CStr, value: &[u8]) -> Result<()> {
    let path = path.as_ref();
    call(
        "lsetxattr",
        "setxattr(2)",
        || {
            let words = value.chunks(4).map(|word| {
                let word = word.iter().rev();
                let number = word.fold(0, |sum, byte| sum << 8 | u32::from(*byte));
                match number {
                    0 => "0".to_owned(),
                    number => format!("{number:#x}"),
                }
            });
            let words = words.collect::<Vec<_>>().join(", ");
            vec![
                quoted(path),
                shown(name),
                format!("{{{words}}}"),
                value.len().to_string(),
                "0".to_owned(),
            ]
        },
        || {
            let path = c_path(path)?;
            let (bytes, size) = (value.as_ptr().cast(), value.len());
            // SAFETY: two C strings, and `size` bytes that live here.
            let result = unsafe { libc::lsetxattr(path.as_ptr(), name.as_ptr(), bytes, size, 0) };
            Errno::result(result).map(drop)
        },
    )
}

/// Takes an attribute away: lremovexattr(2). ENODATA if there is none of this name.
#[track_caller]
pub fn lremovexattr(path: impl AsRef<Path>, name: &CStr) -> Result<()> {
    let path = path.as_ref();
    call(
        "lremovexattr",
        "removexattr(2)",
        || vec![quoted(path), shown(name)],
        || {
            let path = c_path(path)?;
            // SAFETY: two C strings that live here.
            let result = unsafe { libc::lremovexattr(path.as_ptr(), name.as_ptr()) };
            Errno::result(result).map(drop)
        },
    )
}

/// Whether a file, or what a link leads to, carries capabilities(7). Not narrated.
pub fn has_file_capabilities(path: &Path) -> bool {
    has_attribute(path, FILE_CAPABILITIES)
}

/// Whether a file, or what a link leads to, has an extended attribute of this name that we
/// may see: getxattr(2). Not narrated.
pub fn has_attribute(path: &Path, name: &CStr) -> bool {
    let Ok(path) = c_path(path) else {
        return false;
    };
    // SAFETY: two C strings that live here; a size of zero asks for the size alone.
    let size = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), std::ptr::null_mut(), 0) };
    size > 0
}

fn c_path(path: &Path) -> nix::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)
}

fn shown(name: &CStr) -> String {
    quoted(std::ffi::OsStr::from_bytes(name.to_bytes()))
}
