//! /etc/ld.so.cache: the loader's index of libraries, as ldconfig(8) writes it.
//!
//! The format has no man page; it is `struct cache_file_new` of glibc's dl-cache.h. Older
//! files begin with a table of the format before it (`ld.so-1.7.0`), which is skipped; files
//! older still have nothing else, and then it is read.
//!
//! ```text
//! offset  bytes
//!      0  "glibc-ld.so.cache1.1"
//!     20  u32 number of entries     24  u32 length of the strings
//!     28  u8  flags, 3 unused       32  u32 offset of the extensions      36  12 unused
//!     48  entries of 24: i32 flags, u32 name, u32 path, u32 unused, u64 hwcap
//!         then the strings; name and path are offsets from byte 0 of this header
//! ```

/// One library that the cache names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What programs ask for: `libc.so.6`.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// Which kind of CPU it was built for: `x86-64-v3`; None for any.
    pub hwcaps: Option<String>,
}

const MAGIC_OLD: &[u8] = b"ld.so-1.7.0";
const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;

/// Says that the low half of `hwcap` is an index into the glibc-hwcaps names:
/// DL_CACHE_HWCAP_EXTENSION.
const NAMED_HWCAPS: u32 = 1 << 30;
/// Marks the table of extensions.
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
/// The extension that holds offsets of the glibc-hwcaps names.
const TAG_HWCAPS: u32 = 1;

/// Every entry, in the file's order: for one name the loader takes the best that its CPU
/// can run. A file that is no cache, or is cut off, gives what can be read of it.
pub fn parse(file: &[u8]) -> Vec<Entry> {
    let Some(table) = new_format(file) else {
        return old_format(file);
    };
    let count = u32_at(table, 20).unwrap_or(0) as usize;
    let names = hwcaps_names(table);
    let entries = (0..count).map_while(|index| {
        let at = HEADER.checked_add(index.checked_mul(ENTRY)?)?;
        table.get(at..at.checked_add(ENTRY)?)?;
        Some(entry(table, at, &names))
    });
    entries.flatten().collect()
}

/// The older table alone. Its texts are counted from the end of its entries.
fn old_format(file: &[u8]) -> Vec<Entry> {
    if !file.starts_with(MAGIC_OLD) {
        return Vec::new();
    }
    let count = u32_at(file, 12).unwrap_or(0) as usize;
    let strings = count
        .checked_mul(12)
        .and_then(|length| length.checked_add(16));
    let Some(strings) = strings.and_then(|at| file.get(at..)) else {
        return Vec::new();
    };
    let entry = |index: usize| {
        let at = 16 + index * 12;
        Some(Entry {
            name: string_at(strings, u32_at(file, at + 4)?)?,
            path: string_at(strings, u32_at(file, at + 8)?)?,
            hwcaps: None,
        })
    };
    (0..count).filter_map(entry).collect()
}

/// The newer table: at the start, or after the older one, where its 64 bit numbers are
/// aligned: at the next multiple of 8, on i386 of 4.
fn new_format(file: &[u8]) -> Option<&[u8]> {
    if file.starts_with(MAGIC) {
        return Some(file);
    }
    if !file.starts_with(MAGIC_OLD) {
        return None;
    }
    // struct cache_file: char magic[11], u32 number (aligned: at 12), entries of 12 at 16.
    let count = u32_at(file, 12)? as usize;
    let end = count.checked_mul(12)?.checked_add(16)?;
    let aligned = [8, 4].map(|to| end.checked_next_multiple_of(to));
    let tables = aligned.into_iter().filter_map(|at| file.get(at?..));
    tables.into_iter().find(|table| table.starts_with(MAGIC))
}

/// None for an entry that no loader of today takes: one with a mask of the older mechanism
/// for CPUs, which glibc 2.37 gave up, or with an index that leads nowhere.
fn entry(table: &[u8], at: usize, hwcaps_names: &[String]) -> Option<Entry> {
    let hwcap = u64::from_ne_bytes(table.get(at + 16..at + 24)?.try_into().ok()?);
    let (low, high) = (hwcap as u32, (hwcap >> 32) as u32);
    Some(Entry {
        name: string_at(table, u32_at(table, at + 4)?)?,
        path: string_at(table, u32_at(table, at + 8)?)?,
        hwcaps: match (low, high) {
            (0, 0) => None,
            (index, NAMED_HWCAPS) => Some(hwcaps_names.get(index as usize)?.clone()),
            _ => return None,
        },
    })
}

/// The names that entries give by index: the extension with tag 1 is a list of offsets.
fn hwcaps_names(table: &[u8]) -> Vec<String> {
    let read = || {
        let at = u32_at(table, 32)? as usize;
        if at == 0 || u32_at(table, at)? != EXTENSION_MAGIC {
            return None;
        }
        let sections = u32_at(table, at.checked_add(4)?)?.min(16) as usize;
        // struct: u32 tag, u32 flags, u32 offset, u32 size
        let section = (0..sections)
            .map(|index| at + 8 + index * 16)
            .find(|section| u32_at(table, *section) == Some(TAG_HWCAPS))?;
        let (offset, size) = (u32_at(table, section + 8)?, u32_at(table, section + 12)?);
        let names = (0..(size / 4).min(64) as usize)
            .map_while(|index| string_at(table, u32_at(table, offset as usize + index * 4)?));
        Some(names.collect())
    };
    read().unwrap_or_default()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

fn string_at(bytes: &[u8], at: u32) -> Option<String> {
    let rest = bytes.get(at as usize..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache with one entry, written by hand from the layout above.
    fn by_hand() -> Vec<u8> {
        let strings_at = (HEADER + ENTRY) as u32;
        let mut file = MAGIC.to_vec();
        for word in [1, 30, 0, 0, 0, 0, 0] {
            file.extend(u32::to_ne_bytes(word));
        }
        for word in [0x303, strings_at, strings_at + 10, 0, 0, 0] {
            file.extend(u32::to_ne_bytes(word));
        }
        file.extend(b"libtea.so\0/opt/libtea.so\0");
        file
    }

    fn tea() -> Entry {
        Entry {
            name: "libtea.so".to_owned(),
            path: "/opt/libtea.so".to_owned(),
            hwcaps: None,
        }
    }

    #[test]
    fn an_entry_is_read_with_its_name_and_path() {
        assert_eq!(parse(&by_hand()), [tea()]);
    }

    #[test]
    fn the_older_table_before_it_is_skipped() {
        let mut file = MAGIC_OLD.to_vec();
        file.push(0);
        file.extend(u32::to_ne_bytes(1));
        file.extend([0; 12]);
        file.resize(file.len().next_multiple_of(8), 0);
        file.extend(by_hand());
        assert_eq!(parse(&file), [tea()]);
    }

    #[test]
    fn a_file_of_the_older_table_alone_is_read() {
        let mut file = MAGIC_OLD.to_vec();
        file.push(0);
        for word in [1, 0x303, 0, 10] {
            file.extend(u32::to_ne_bytes(word));
        }
        file.extend(b"libtea.so\0/opt/libtea.so\0");
        assert_eq!(parse(&file), [tea()]);
        for end in 0..file.len() {
            parse(&file[..end]);
        }
    }

    /// Two more entries of the same name: one for x86-64-v3, one of the older mechanism.
    #[test]
    fn an_entry_for_a_kind_of_cpu_says_which() {
        let (named, masked) = (u64::from(NAMED_HWCAPS) << 32, 1 << 33);
        let mut file = MAGIC.to_vec();
        let strings = (HEADER + 3 * ENTRY) as u32;
        let extension = strings + 36;
        for word in [3, 36, 0, extension, 0, 0, 0] {
            file.extend(u32::to_ne_bytes(word));
        }
        for hwcap in [named, masked, 0_u64] {
            for word in [0x303, strings, strings + 10, 0] {
                file.extend(u32::to_ne_bytes(word));
            }
            file.extend(hwcap.to_ne_bytes());
        }
        file.extend(b"libtea.so\0/opt/libtea.so\0x86-64-v3\0\0");
        for word in [
            EXTENSION_MAGIC,
            1,
            TAG_HWCAPS,
            0,
            extension + 24,
            4,
            strings + 25,
        ] {
            file.extend(u32::to_ne_bytes(word));
        }
        let v3 = Entry {
            hwcaps: Some("x86-64-v3".to_owned()),
            ..tea()
        };
        assert_eq!(parse(&file), [v3, tea()]);
        for at in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut changed = file.clone();
                let end = (at + 4).min(changed.len());
                changed[at..end].fill(value);
                parse(&changed);
            }
        }
    }

    #[test]
    fn a_cache_that_is_cut_off_or_changed_anywhere_is_no_panic() {
        let whole = std::fs::read("/etc/ld.so.cache").unwrap_or_else(|_| by_hand());
        let small = by_hand();
        for end in (0..small.len()).chain((0..whole.len()).step_by(whole.len() / 500 + 1)) {
            parse(&small[..end.min(small.len())]);
            parse(&whole[..end]);
        }
        for at in 0..small.len() {
            let mut changed = small.clone();
            changed[at] = 0xff;
            parse(&changed);
        }
    }
}
