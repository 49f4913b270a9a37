//! libseccomp, asked for its program for the same rules.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use seccomp::profile::Op;
use seccomp::{Arch, Filter, Profile};

/// What libseccomp made of a profile.
pub struct Made {
    /// The first error that a rule was refused with; 0: none was.
    pub error: u32,
    /// The program, without the rules that were refused.
    pub filter: Filter,
}

/// How libseccomp looks for the number: one after the other, or in a tree.
#[derive(Debug, Clone, Copy)]
pub enum Search {
    /// CTL_OPTIMIZE=1.
    List = 1,
    /// CTL_OPTIMIZE=2.
    Tree = 2,
}

/// A program that uses libseccomp, compiled here.
pub struct Libseccomp {
    folder: tempfile::TempDir,
}

impl Libseccomp {
    /// Compiles it.
    pub fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/seccomp_peers/libseccomp.c"
        );
        let program = folder.path().join("peer");
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-o"])
            .arg(&program)
            .args([source, "-lseccomp"])
            .output()
            .expect("cc starts");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        Libseccomp { folder }
    }

    /// Its programs for these profiles.
    pub fn compile(&self, profiles: &[Profile], search: Search) -> Vec<Made> {
        let text: String = profiles
            .iter()
            .map(|profile| lines(profile, search))
            .collect();
        let mut child = Command::new(self.folder.path().join("peer"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().expect("the peer reads");
        assert!(output.status.success());
        let made = read(&output.stdout);
        assert_eq!(made.len(), profiles.len());
        made
    }
}

fn read(mut bytes: &[u8]) -> Vec<Made> {
    let word = |bytes: &[u8]| u32::from_ne_bytes(bytes[..4].try_into().unwrap());
    let mut made = Vec::new();
    while !bytes.is_empty() {
        let (error, length) = (word(bytes), word(&bytes[4..]) as usize);
        let filter = Filter::from_bytes(&bytes[8..8 + length]).expect("libseccomp's own");
        made.push(Made { error, filter });
        bytes = &bytes[8 + length..];
    }
    made
}

/// SCMP_ARCH_*: the kernel's token, but for x32.
fn token(arch: Arch) -> u32 {
    match arch {
        Arch::X32 => Arch::X86_64.token() & !0x8000_0000,
        arch => arch.token(),
    }
}

/// enum scmp_compare.
fn operator(op: Op) -> u32 {
    match op {
        Op::NotEqual => 1,
        Op::Less => 2,
        Op::LessOrEqual => 3,
        Op::Equal => 4,
        Op::GreaterOrEqual => 5,
        Op::Greater => 6,
        Op::MaskedEqual => 7,
    }
}

fn lines(profile: &Profile, search: Search) -> String {
    let (default, foreign) = (profile.default.value(), profile.foreign.value());
    let mut text = format!("begin {default} {foreign} {}\n", search as u32);
    for arch in &profile.archs {
        let _ = writeln!(text, "arch {}", token(*arch));
    }
    // A rule that says what the default says is refused by libseccomp, and left out by runc.
    for rule in profile
        .rules
        .iter()
        .filter(|rule| rule.action != profile.default)
    {
        for name in &rule.calls {
            let _ = write!(
                text,
                "rule {} {name} {}",
                rule.action.value(),
                rule.args.len()
            );
            for arg in &rule.args {
                let op = operator(arg.op);
                let _ = write!(text, " {} {op} {} {}", arg.index, arg.value, arg.value_two);
            }
            text.push('\n');
        }
    }
    text.push_str("end\n");
    text
}
