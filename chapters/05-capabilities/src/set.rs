//! One capability, and a set of them: a number up to 63, and 64 bits.
//!
//! The kernel knows them by number, and younger kernels know more. Names are those of
//! capabilities(7), written small, as libcap's programs write them; one that is younger than
//! our list goes by its number.

use std::str::FromStr;

use groundwork::kernel;

use crate::error::Error;

/// One capability, by its number. It is one that the running kernel knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cap(u8);

impl Cap {
    /// The one with this number, of those that the running kernel knows.
    pub fn new(number: u8) -> Result<Self, Error> {
        match number <= last_cap().number() {
            true => Ok(Cap(number)),
            false => Err(Error::BeyondLast {
                number: number.to_string(),
                last: last_cap(),
            }),
        }
    }

    /// Its number in `linux/capability.h`.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its name, written small: `cap_net_raw`; the number of one without a name.
    pub fn name(self) -> String {
        kernel::capability_name(self.0).to_ascii_lowercase()
    }
}

impl std::fmt::Display for Cap {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(&self.name())
    }
}

impl FromStr for Cap {
    type Err = Error;

    /// `CAP_NET_RAW`, `cap_net_raw`, `net_raw`, or its number.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return by_number(text);
        }
        let small = text.to_ascii_lowercase();
        let bare = small.strip_prefix("cap_").unwrap_or(&small);
        let found = bare_names().find(|(_, name)| name == bare);
        found.map_or_else(|| Err(unknown(text)), |(number, _)| Cap::new(number))
    }
}

/// The youngest capability of the running kernel.
pub fn last_cap() -> Cap {
    Cap(kernel::last_capability())
}

/// As strtoul(3) reads numbers: 0x before a hexadecimal one, 0 before an octal one.
fn by_number(text: &str) -> Result<Cap, Error> {
    let (digits, base) = match (text.strip_prefix("0x"), text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    if digits.starts_with('+') {
        return Err(unknown(text));
    }
    match u64::from_str_radix(digits, base) {
        Ok(number) => match u8::try_from(number) {
            Ok(number) => Cap::new(number),
            Err(_) => Err(Error::BeyondLast {
                number: text.to_owned(),
                last: last_cap(),
            }),
        },
        Err(_) => Err(unknown(text)),
    }
}

/// Number and name of each that has one, without `cap_`.
fn bare_names() -> impl Iterator<Item = (u8, String)> {
    let names = kernel::capability_names().iter().enumerate();
    names.map(|(number, name)| {
        let small = name.to_ascii_lowercase();
        let bare = small.strip_prefix("cap_").unwrap_or(&small);
        (number as u8, bare.to_owned())
    })
}

/// No name at all; what may have been meant is one that is not far from it.
pub(crate) fn unknown(text: &str) -> Error {
    const NEAR: f64 = 0.75;
    let small = text.to_ascii_lowercase();
    let bare = small
        .strip_prefix("cap_")
        .unwrap_or(&small)
        .replace('_', "");
    let scored = bare_names().map(|(number, name)| {
        let name = name.replace('_', "");
        let score = match bare.len() > 2 && name.contains(&bare) {
            true => 0.9,
            false => strsim::jaro_winkler(&bare, &name),
        };
        (score, Cap(number))
    });
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    Error::UnknownName {
        name: text.to_owned(),
        near: best.filter(|(score, _)| *score >= NEAR).map(|(_, cap)| cap),
    }
}

/// A set of capabilities: bit N for number N.
///
/// A set that was read from the kernel or from a file may hold bits that the running kernel
/// does not know; one that was parsed holds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CapSet(u64);

impl CapSet {
    /// None.
    pub const EMPTY: CapSet = CapSet(0);

    /// Every one that the running kernel knows.
    pub fn all() -> Self {
        CapSet(kernel::every_capability())
    }

    /// The set of these bits.
    pub fn from_bits(bits: u64) -> Self {
        CapSet(bits)
    }

    /// The bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many it holds.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether it holds this one.
    pub fn contains(self, cap: Cap) -> bool {
        self.0 >> cap.0 & 1 == 1
    }

    /// With this one, too.
    pub fn with(self, cap: Cap) -> Self {
        CapSet(self.0 | 1 << cap.0)
    }

    /// What is in one of both.
    pub fn union(self, other: CapSet) -> Self {
        CapSet(self.0 | other.0)
    }

    /// What is in both.
    pub fn intersection(self, other: CapSet) -> Self {
        CapSet(self.0 & other.0)
    }

    /// Without what the other holds.
    pub fn without(self, other: CapSet) -> Self {
        CapSet(self.0 & !other.0)
    }

    /// Whether the other holds all of it.
    pub fn is_within(self, other: CapSet) -> bool {
        self.0 & !other.0 == 0
    }

    /// Each, from the lowest number on.
    pub fn iter(self) -> impl Iterator<Item = Cap> {
        (0..64).filter(move |bit| self.0 >> bit & 1 == 1).map(Cap)
    }

    /// The names, with commas between them; nothing for the empty set.
    pub fn names(self) -> String {
        let names: Vec<_> = self.iter().map(Cap::name).collect();
        names.join(",")
    }
}

impl From<Cap> for CapSet {
    fn from(cap: Cap) -> Self {
        CapSet::EMPTY.with(cap)
    }
}

impl FromIterator<Cap> for CapSet {
    fn from_iter<T: IntoIterator<Item = Cap>>(caps: T) -> Self {
        caps.into_iter().fold(CapSet::EMPTY, CapSet::with)
    }
}

impl std::fmt::Display for CapSet {
    /// `none`, `all`, `cap_chown,cap_kill`, or `all but cap_sys_chroot` where that is shorter.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let missing = CapSet::all().without(*self);
        if self.is_empty() {
            out.pad("none")
        } else if missing.is_empty() {
            out.pad("all")
        } else if missing.len() < self.len() {
            out.pad(&format!("all but {}", missing.names()))
        } else {
            out.pad(&self.names())
        }
    }
}

impl FromStr for CapSet {
    type Err = Error;

    /// A list with commas: names and numbers as [`Cap`] has them, `all`, `none`. The empty
    /// text is the empty set.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Ok(CapSet::EMPTY);
        }
        text.split(',').try_fold(CapSet::EMPTY, |set, word| {
            let more = match word.trim().to_ascii_lowercase().as_str() {
                "all" => CapSet::all(),
                "none" => CapSet::EMPTY,
                word => word.parse::<Cap>()?.into(),
            };
            Ok(set.union(more))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_written_in_four_ways() {
        for text in ["CAP_NET_RAW", "cap_net_raw", "net_raw", "Net_Raw", "13"] {
            assert_eq!(text.parse::<Cap>().unwrap().number(), 13, "{text}");
        }
    }

    #[test]
    fn a_number_may_have_a_base() {
        let number = |text: &str| text.parse::<Cap>().map(Cap::number).ok();
        assert_eq!(number("0x0d"), Some(13));
        assert_eq!(number("015"), Some(13));
        assert_eq!(number("0"), Some(0));
        for text in ["0x", "0x+5", "08", "1a", "-1", "+1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_list_is_a_set() {
        let parsed = |text: &str| text.parse::<CapSet>().unwrap();
        assert_eq!(parsed("chown,CAP_KILL").bits(), 0b10_0001);
        assert_eq!(parsed("kill,chown,kill").names(), "cap_chown,cap_kill");
        assert_eq!(parsed("all"), CapSet::all());
        assert_eq!(parsed("none"), CapSet::EMPTY);
        assert_eq!(parsed(""), CapSet::EMPTY);
    }

    #[test]
    fn what_is_shown_is_short() {
        let without = |text: &str| CapSet::all().without(text.parse().unwrap());
        assert_eq!(CapSet::EMPTY.to_string(), "none");
        assert_eq!(CapSet::all().to_string(), "all");
        let but = without("sys_chroot").to_string();
        assert_eq!(but, "all but cap_sys_chroot");
    }

    #[test]
    fn an_unknown_name_is_an_error_with_a_suggestion() {
        for (text, near) in [
            ("net_bind_servce", "cap_net_bind_service"),
            ("cap_chwon", "cap_chown"),
            ("bind", "cap_net_bind_service"),
        ] {
            let error = text.parse::<CapSet>().unwrap_err();
            let Error::UnknownName {
                near: Some(cap), ..
            } = error
            else {
                panic!("{text}: {error}");
            };
            assert_eq!(cap.name(), near);
        }
        let error = "xyzzy".parse::<CapSet>().unwrap_err();
        assert!(matches!(error, Error::UnknownName { near: None, .. }));
        assert!("chown,,kill".parse::<CapSet>().is_err());
    }

    #[test]
    fn a_number_that_the_kernel_does_not_know_is_refused() {
        let beyond = u64::from(last_cap().number()) + 1;
        for text in [beyond.to_string(), "64".to_owned(), "4711".to_owned()] {
            let error = text.parse::<Cap>().unwrap_err();
            assert!(matches!(error, Error::BeyondLast { .. }), "{text}: {error}");
        }
    }
}
