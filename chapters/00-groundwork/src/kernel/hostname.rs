//! The machine's names, which a UTS namespace has for itself: uts_namespaces(7).

use super::{Result, call, quoted};

/// Sets the host name of this UTS namespace: sethostname(2).
#[track_caller]
pub fn sethostname(name: &str) -> Result<()> {
    call(
        "sethostname",
        "sethostname(2)",
        || vec![quoted(name), name.len().to_string()],
        || nix::unistd::sethostname(name),
    )
}

/// Sets the NIS domain name of this UTS namespace: setdomainname(2).
#[track_caller]
pub fn setdomainname(name: &str) -> Result<()> {
    call(
        "setdomainname",
        "setdomainname(2)",
        || vec![quoted(name), name.len().to_string()],
        || {
            // SAFETY: the pointer and the length are those of one live str.
            #[allow(unsafe_code)]
            let result = unsafe { nix::libc::setdomainname(name.as_ptr().cast(), name.len()) };
            nix::errno::Errno::result(result).map(drop)
        },
    )
}
