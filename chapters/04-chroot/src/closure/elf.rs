//! What an ELF file says of itself: who loads it, what it needs, where to look: elf(5).
//!
//! Nothing is run to find out. `ldd` would: it starts the program's own loader.

use object::elf::{
    DF_1_NODEFLIB, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRTAB, FileHeader32,
    FileHeader64, PT_LOAD,
};
use object::endian::Endianness;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

/// The machine that a file was built for: two files fit together if these are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// ELFCLASS64 rather than ELFCLASS32.
    pub wide: bool,
    /// Byte order.
    pub little: bool,
    /// EM_X86_64, EM_AARCH64, …
    pub number: u16,
}

impl Machine {
    /// The one that this program was built for, and so this kernel runs.
    pub const NATIVE: Machine = Machine {
        wide: cfg!(target_pointer_width = "64"),
        little: cfg!(target_endian = "little"),
        number: if cfg!(target_arch = "x86_64") {
            object::elf::EM_X86_64
        } else if cfg!(target_arch = "aarch64") {
            object::elf::EM_AARCH64
        } else {
            object::elf::EM_NONE
        },
    };

    /// Whether this kernel runs programs for it. Kernels for x86_64 run those for i386, too.
    pub fn is_native(self) -> bool {
        let narrow = Machine {
            wide: false,
            number: object::elf::EM_386,
            ..Machine::NATIVE
        };
        self == Machine::NATIVE || (cfg!(target_arch = "x86_64") && self == narrow)
    }

    /// As uname(1) calls it, for the usual ones.
    pub fn name(self) -> String {
        match (self.number, self.wide) {
            (object::elf::EM_X86_64, true) => "x86_64".to_owned(),
            (object::elf::EM_X86_64, false) => "x86_64 (x32)".to_owned(),
            (object::elf::EM_386, _) => "i386".to_owned(),
            (object::elf::EM_AARCH64, _) => "aarch64".to_owned(),
            (object::elf::EM_ARM, _) => "arm".to_owned(),
            (object::elf::EM_RISCV, _) => "riscv".to_owned(),
            (object::elf::EM_PPC64, _) => "ppc64".to_owned(),
            (object::elf::EM_S390, _) => "s390x".to_owned(),
            (number, _) => format!("machine number {number}"),
        }
    }
}

/// An ELF file, as far as its loader looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elf {
    /// What it was built for.
    pub machine: Machine,
    /// PT_INTERP: the loader that the kernel starts in its place. None if it needs none.
    pub interpreter: Option<String>,
    /// DT_NEEDED, in order.
    pub needed: Vec<String>,
    /// DT_SONAME: the name under which others need it.
    pub soname: Option<String>,
    /// DT_RPATH, where to look for its libraries and for theirs.
    pub rpath: Vec<String>,
    /// DT_RUNPATH, where to look for its own libraries only. Puts DT_RPATH out of force.
    pub runpath: Vec<String>,
    /// DF_1_NODEFLIB: nothing from the folders that are built into the loader.
    pub no_default: bool,
}

impl Elf {
    /// One that says nothing: for asking without an object.
    pub fn empty(machine: Machine) -> Self {
        Elf {
            machine,
            interpreter: None,
            needed: Vec::new(),
            soname: None,
            rpath: Vec::new(),
            runpath: Vec::new(),
            no_default: false,
        }
    }
}

/// A file that begins like ELF and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ELF file that can be loaded: {0}")]
pub struct Broken(pub String);

/// Whether these bytes begin an ELF file.
pub fn is_elf(file: &[u8]) -> bool {
    file.starts_with(b"\x7fELF")
}

/// Reads the headers and the dynamic section.
pub fn parse(file: &[u8]) -> Result<Elf, Broken> {
    // e_ident[EI_CLASS]: 1 is 32 bits, 2 is 64.
    let read = match file.get(4) {
        Some(1) => read::<FileHeader32<Endianness>>(file),
        Some(2) => read::<FileHeader64<Endianness>>(file),
        _ => return Err(Broken("unknown class".to_owned())),
    };
    read.map_err(|error| Broken(error.to_string()))
}

fn read<Header: FileHeader<Endian = Endianness>>(file: &[u8]) -> object::Result<Elf> {
    let header = Header::parse(file)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, file)?;
    let mut elf = Elf::empty(Machine {
        wide: header.is_type_64(),
        little: header.is_little_endian(),
        number: header.e_machine(endian),
    });
    for segment in segments {
        if let Some(path) = segment.interpreter(endian, file)? {
            elf.interpreter = Some(text(path));
        }
        if let Some(dynamic) = segment.dynamic(endian, file)? {
            read_dynamic(&mut elf, endian, dynamic, segments, file);
        }
    }
    Ok(elf)
}

/// The dynamic section is a list of tags with numbers; texts are offsets into DT_STRTAB,
/// which itself is given as an address in memory.
fn read_dynamic<D: Dyn<Endian = Endianness>, P: ProgramHeader<Endian = Endianness>>(
    elf: &mut Elf,
    endian: Endianness,
    dynamic: &[D],
    segments: &[P],
    file: &[u8],
) {
    let tags = || {
        dynamic
            .iter()
            .map(|entry| (entry.d_tag(endian).into(), entry.d_val(endian).into()))
    };
    let flags = tags().find(|(tag, _)| *tag == u64::from(DT_FLAGS_1));
    elf.no_default = flags.is_some_and(|(_, flags)| flags & u64::from(DF_1_NODEFLIB) != 0);
    let address = tags().find(|(tag, _)| *tag == u64::from(DT_STRTAB));
    let strings = address.and_then(|(_, address)| offset_of(address, endian, segments));
    let Some(strings) = strings.and_then(|at| file.get(usize::try_from(at).ok()?..)) else {
        return;
    };
    for (tag, value) in tags() {
        let string = || {
            usize::try_from(value)
                .ok()
                .and_then(|at| strings.get(at..))
                .map(text)
        };
        let Some(string) = u32::try_from(tag).ok().and_then(|tag| {
            let wanted = [DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH].contains(&tag);
            wanted.then(string).flatten().map(|string| (tag, string))
        }) else {
            continue;
        };
        match string {
            (DT_NEEDED, name) => elf.needed.push(name),
            (DT_SONAME, name) => elf.soname = Some(name),
            (DT_RPATH, folders) => elf.rpath = split(&folders),
            (_, folders) => elf.runpath = split(&folders),
        }
    }
}

/// Where in the file the byte lies that is loaded at `address`.
fn offset_of<P: ProgramHeader<Endian = Endianness>>(
    address: u64,
    endian: Endianness,
    segments: &[P],
) -> Option<u64> {
    segments.iter().find_map(|segment| {
        let start: u64 = segment.p_vaddr(endian).into();
        let length: u64 = segment.p_filesz(endian).into();
        let inside = address
            .checked_sub(start)
            .filter(|inside| *inside < length)?;
        let loaded = segment.p_type(endian) == PT_LOAD;
        loaded.then(|| segment.p_offset(endian).into() + inside)
    })
}

fn split(folders: &str) -> Vec<String> {
    folders
        .split(':')
        .filter(|folder| !folder.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Bytes up to the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Vec<u8> {
        std::fs::read("/proc/self/exe").unwrap()
    }

    #[test]
    fn our_own_file_has_a_loader_and_needs_the_c_library() {
        let elf = parse(&own()).unwrap();
        assert!(elf.interpreter.unwrap().contains("ld-"));
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.")));
    }

    #[test]
    fn a_file_cut_off_anywhere_is_no_panic() {
        let file = own();
        for end in (0..2000).chain((2000..file.len()).step_by(file.len() / 200 + 1)) {
            let _ = parse(&file[..end]);
        }
    }

    #[test]
    fn a_byte_changed_in_the_headers_is_no_panic() {
        let file = own();
        for at in 0..1024 {
            let mut changed = file[..file.len().min(200_000)].to_vec();
            changed[at] ^= 0xff;
            let _ = parse(&changed);
        }
    }
}
