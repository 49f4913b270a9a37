//! Capabilities, for the facts of a page: of processes, from proc_pid_status(5), and of
//! files, from their attribute; capabilities(7). Own code, and not that of the programs.

use groundwork::kernel::{self, FILE_CAPABILITIES};

use super::facts::{Truth, World};
use super::world::ensure;

/// Bit N for the capability with number N, of names between commas.
fn mask(names: &str) -> Result<u64, String> {
    if names == "none" {
        return Ok(0);
    }
    names.split(',').try_fold(0, |mask, name| {
        let known = kernel::capability_names().iter();
        let number = known
            .enumerate()
            .find(|(_, known)| known.eq_ignore_ascii_case(name));
        let (number, _) = number.ok_or_else(|| format!("no such capability: {name}"))?;
        Ok(mask | 1 << number)
    })
}

/// The names of the bits, as [`mask`] reads them.
fn names_of(mask: u64) -> String {
    let held = (0..64).filter(|bit| mask >> bit & 1 == 1);
    let names: Vec<_> = held.map(kernel::capability_name).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(","),
    }
}

/// Processes.
impl World<'_> {
    /// One of the five sets, by its line in the status.
    fn set(&self, process: &str, line: &str) -> Result<u64, String> {
        let text = self.status(process, line)?;
        u64::from_str_radix(&text, 16).map_err(|error| format!("{line} {text}: {error}"))
    }

    pub(super) fn cap_has(&self, process: &str, name: &str) -> Truth {
        let effective = self.set(process, "CapEff")?;
        ensure(effective & mask(name)? != 0, || format!("it lacks {name}"))
    }

    pub(super) fn cap_lacks(&self, process: &str, name: &str) -> Truth {
        let effective = self.set(process, "CapEff")?;
        ensure(effective & mask(name)? == 0, || format!("it has {name}"))
    }

    pub(super) fn cap_set(&self, process: &str, set: &str, names: &str) -> Truth {
        let line = match set {
            "permitted" => "CapPrm",
            "effective" => "CapEff",
            "inheritable" => "CapInh",
            "bounding" => "CapBnd",
            "ambient" => "CapAmb",
            other => return Err(format!("no such set: {other}")),
        };
        let found = self.set(process, line)?;
        ensure(found == mask(names)?, || {
            format!("{line} is {}", names_of(found))
        })
    }
}

/// Files.
impl World<'_> {
    pub(super) fn file_caps(&self, path: &str, text: &str) -> Truth {
        let path = self.path(path)?;
        let bytes = kernel::lgetxattr(&path, FILE_CAPABILITIES);
        let bytes = bytes.map_err(|error| error.to_string())?;
        let found = shown(&bytes).ok_or_else(|| format!("not understood: {bytes:?}"))?;
        ensure(found == text, || format!("it has {found}"))
    }
}

/// `cap_net_bind_service=ep`; None for what is no attribute of two sets that are equal or
/// empty. Revision 2 and 3 begin alike.
fn shown(bytes: &[u8]) -> Option<String> {
    let word = |at: usize| {
        let four = bytes.get(at * 4..at * 4 + 4)?;
        Some(u64::from(u32::from_le_bytes(four.try_into().ok()?)))
    };
    let permitted = word(1)? | word(3)? << 32;
    let inheritable = word(2)? | word(4)? << 32;
    let mut flags = String::new();
    for (flag, is_set) in [
        ('e', word(0)? & 1 == 1),
        ('i', inheritable != 0),
        ('p', permitted != 0),
    ] {
        flags.extend(is_set.then_some(flag));
    }
    let equal = permitted == inheritable || permitted == 0 || inheritable == 0;
    let names = names_of(permitted | inheritable).to_ascii_lowercase();
    equal.then(|| format!("{names}={flags}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_read() {
        let words = |words: &[u32]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        let bytes = words(&[0x0200_0001, 0x400, 0, 0, 0]);
        assert_eq!(shown(&bytes).unwrap(), "cap_net_bind_service=ep");
        let bytes = words(&[0x0300_0000, 1, 1, 0x80, 0x80, 1000]);
        assert_eq!(shown(&bytes).unwrap(), "cap_chown,cap_bpf=ip");
        assert_eq!(shown(&words(&[0x0200_0001, 0x400, 1, 0, 0])), None);
        assert_eq!(shown(&bytes[..8]), None);
    }

    #[test]
    fn names_are_bits() {
        assert_eq!(mask("CAP_CHOWN,cap_kill").unwrap(), 0b10_0001);
        assert_eq!(mask("none").unwrap(), 0);
        assert_eq!(names_of(0b10_0001), "CAP_CHOWN,CAP_KILL");
        assert_eq!(names_of(0), "none");
        assert!(mask("CAP_NOTHING").is_err());
    }
}
