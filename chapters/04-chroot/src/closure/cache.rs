//! /etc/ld.so.cache: the loader's index of libraries, as ldconfig(8) writes it.
//!
//! The format has no man page; it is `struct cache_file_new` of glibc's dl-cache.h. Older
//! files begin with a table of the format before it (`ld.so-1.7.0`), which is skipped.
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
        return Vec::new();
    };
    let count = u32_at(table, 20).unwrap_or(0) as usize;
    let names = hwcaps_names(table);
    (0..count)
        .map_while(|index| {
            let at = HEADER.checked_add(index.checked_mul(ENTRY)?)?;
            entry(table, at, &names)
        })
        .collect()
}

/// The newer table: at the start, or after the older one, at the next multiple of 8.
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
    let table = file.get(end.next_multiple_of(8)..)?;
    table.starts_with(MAGIC).then_some(table)
}

fn entry(table: &[u8], at: usize, hwcaps_names: &[String]) -> Option<Entry> {
    let (low, high) = (u32_at(table, at + 16)?, u32_at(table, at + 20)?);
    let named = || hwcaps_names.get(low as usize).cloned();
    Some(Entry {
        name: string_at(table, u32_at(table, at + 4)?)?,
        path: string_at(table, u32_at(table, at + 8)?)?,
        hwcaps: (high == NAMED_HWCAPS).then(named).flatten(),
    })
}

/// The names that entries give by index: the extension with tag 1 is a list of offsets.
fn hwcaps_names(table: &[u8]) -> Vec<String> {
    let read = || {
        let at = u32_at(table, 32)? as usize;
        if at == 0 || u32_at(table, at)? != EXTENSION_MAGIC {
            return None;
        }
        let sections = u32_at(table, at + 4)?.min(16) as usize;
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

    #[test]
    fn the_machines_own_cache_names_its_c_library() {
        let Ok(file) = std::fs::read("/etc/ld.so.cache") else {
            println!("skipped: no /etc/ld.so.cache (musl?)");
            return;
        };
        assert!(parse(&file).iter().any(|entry| entry.name == "libc.so.6"));
    }
}
