//! Placeholders: what a page writes where two machines differ.
//!
//! `[PID:a]` stands for a process id, the same one throughout the page, and not
//! that of `[PID:b]`. `[PID]` stands for any. `[CPU 0.47..0.53]` is a measured
//! number that must lie in a range. `[..]` is any text inside a line.
//!
//! [`TYPES`] is the one table of what may stand there. Some types have a truth
//! that `era` knows before anything runs ([`Type::known`]): a bare `[KERNEL]`
//! is this machine's release and nothing else.

use std::collections::BTreeMap;

/// One kind of placeholder.
#[derive(Debug)]
pub struct Type {
    /// The word in brackets.
    pub name: &'static str,
    /// What it stands for, for the author's guide.
    pub about: &'static str,
    /// Whether a text can be one.
    pub accepts: fn(&str) -> bool,
    /// Whether two names must have two values (`[PID:a]` is not `[PID:b]`).
    pub distinct: bool,
    /// Whether `era` knows the value of the bare form before the page starts.
    pub known: bool,
}

const fn free(name: &'static str, about: &'static str, accepts: fn(&str) -> bool) -> Type {
    Type {
        name,
        about,
        accepts,
        distinct: false,
        known: false,
    }
}

const fn distinct(name: &'static str, about: &'static str, accepts: fn(&str) -> bool) -> Type {
    Type {
        name,
        about,
        accepts,
        distinct: true,
        known: false,
    }
}

const fn known(name: &'static str, about: &'static str, accepts: fn(&str) -> bool) -> Type {
    Type {
        name,
        about,
        accepts,
        distinct: false,
        known: true,
    }
}

/// Every placeholder that a page may use.
pub const TYPES: &[Type] = &[
    distinct(
        "PID",
        "a process id as seen from where it is printed",
        is_pid,
    ),
    free("FD", "a file descriptor", |s| s.len() <= 4 && is_digits(s)),
    distinct("INODE", "an inode number", |s| {
        s.len() <= 20 && is_digits(s)
    }),
    distinct("ID", "a hexadecimal id of 6 to 64 digits", is_id),
    free(
        "SIZE",
        "a size: digits, a fraction, a unit (812K, 1.4 MiB)",
        is_size,
    ),
    free(
        "TIME",
        "a duration or a time of day (1.2 ms, 14:03:59)",
        is_time,
    ),
    free("COUNT", "how many there are of something", |s| {
        s.len() <= 9 && is_digits(s)
    }),
    free(
        "CPU",
        "a share of a processor, always with a range",
        is_number,
    ),
    known(
        "BOX",
        "the sandbox: the folder in which the page runs",
        is_path,
    ),
    free("PATH", "an absolute path", is_path),
    known("USER", "the learner's user name", is_word),
    known("UID", "the learner's user id outside the ground", is_digits),
    known(
        "GID",
        "the learner's group id outside the ground",
        is_digits,
    ),
    known("HOST", "this machine's host name", is_word),
    known("KERNEL", "this machine's kernel release", is_word),
    known(
        "ARCH",
        "this machine's architecture, as uname -m says it",
        is_word,
    ),
    free(
        "LOADER",
        "the path of an ELF loader (/lib64/ld-linux-x86-64.so.2)",
        is_loader,
    ),
];

fn is_digits(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())
}

fn is_pid(s: &str) -> bool {
    is_digits(s) && s.len() <= 7 && !s.starts_with('0')
}

fn is_id(s: &str) -> bool {
    (6..=64).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_number(s: &str) -> bool {
    let (whole, fraction) = s.split_once('.').unwrap_or((s, "0"));
    is_digits(whole) && is_digits(fraction)
}

fn is_size(s: &str) -> bool {
    const UNITS: &[&str] = &[
        "", "B", "K", "M", "G", "T", "KB", "MB", "GB", "kB", "KiB", "MiB", "GiB", "TiB", "bytes",
    ];
    let end = s
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(s.len());
    let unit = s[end..].strip_prefix(' ').unwrap_or(&s[end..]);
    is_number(&s[..end]) && UNITS.contains(&unit)
}

fn is_time(s: &str) -> bool {
    let clock = s.len() >= 5
        && s.contains(':')
        && s.split(':').all(|part| part.len() == 2 && is_digits(part));
    let end = s
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(s.len());
    let unit = s[end..].strip_prefix(' ').unwrap_or(&s[end..]);
    clock || (is_number(&s[..end]) && ["", "ns", "us", "µs", "ms", "s", "min", "h"].contains(&unit))
}

fn is_path(s: &str) -> bool {
    s.starts_with('/') && !s.contains(char::is_whitespace)
}

fn is_word(s: &str) -> bool {
    !s.is_empty() && !s.contains(char::is_whitespace)
}

fn is_loader(s: &str) -> bool {
    is_path(s)
        && s.rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with("ld-") || name.starts_with("ld."))
}

/// A placeholder as written: its type, and the name that binds it.
#[derive(Debug, Clone)]
pub struct Var {
    /// Its row of [`TYPES`].
    pub kind: &'static Type,
    /// The name after the colon; none in the bare form.
    pub name: Option<String>,
    /// The range of a measured number.
    pub range: Option<(f64, f64)>,
}

impl Var {
    /// Reads the inside of a bracket: `PID:a`, `KERNEL`, `CPU 0.47..0.53`.
    ///
    /// None when the first word is no type: `[ -e x ]` is shell, not ours.
    pub fn parse(inside: &str) -> Option<Self> {
        let end = inside
            .find(|c: char| !c.is_ascii_uppercase())
            .unwrap_or(inside.len());
        let kind = TYPES.iter().find(|kind| kind.name == &inside[..end])?;
        let rest = &inside[end..];
        let (mut name, mut range) = (None, None);
        if let Some(text) = rest.strip_prefix(':') {
            let fine = !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            name = Some(fine.then(|| text.to_owned())?);
        } else if let Some(text) = rest.strip_prefix(' ') {
            let (low, high) = text.split_once("..")?;
            range = Some((low.parse().ok()?, high.parse().ok()?));
        } else if !rest.is_empty() {
            return None;
        }
        Some(Self { kind, name, range })
    }

    fn key(&self) -> Option<String> {
        match &self.name {
            Some(name) => Some(format!("{}:{name}", self.kind.name)),
            None => self.kind.known.then(|| self.kind.name.to_owned()),
        }
    }
}

/// What the placeholders of a page stand for so far.
#[derive(Debug, Clone, Default)]
pub struct Bindings(BTreeMap<String, String>);

impl Bindings {
    /// Says a known truth (`KERNEL`, `BOX`) before the page starts.
    pub fn know(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// The value of a key as in brackets: `PID:a`, `KERNEL`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether `text` may stand where `var` is; binds it if it may.
    pub(super) fn accept(&mut self, var: &Var, text: &str) -> bool {
        if !(var.kind.accepts)(text) {
            return false;
        }
        if let Some((low, high)) = var.range {
            return text
                .parse::<f64>()
                .is_ok_and(|number| (low..=high).contains(&number));
        }
        let Some(key) = var.key() else { return true };
        if let Some(bound) = self.0.get(&key) {
            return bound == text;
        }
        let same_type = format!("{}:", var.kind.name);
        let taken =
            |(other, value): (&String, &String)| other.starts_with(&same_type) && value == text;
        if var.kind.distinct && self.0.iter().any(taken) {
            return false;
        }
        self.0.insert(key, text.to_owned());
        true
    }

    /// Puts placeholders where a text has values that are known, longest first:
    /// the opposite of [`Bindings::fill`].
    pub fn hide(&self, text: &str) -> String {
        let mut known: Vec<_> = self
            .0
            .iter()
            .filter(|(key, value)| value.len() > 2 && !key.starts_with("ARCH"))
            .collect();
        known.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        known
            .into_iter()
            .fold(text.to_owned(), |text, (key, value)| {
                text.replace(value.as_str(), &format!("[{key}]"))
            })
    }

    /// Puts values where a command or a fact names a placeholder.
    ///
    /// # Errors
    /// The first placeholder that no output has bound yet.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Any => filled.push_str("[..]"),
                Piece::Var(var, written) => {
                    let value = var.key().and_then(|key| self.0.get(&key));
                    filled.push_str(value.ok_or_else(|| written.to_owned())?);
                }
            }
        }
        Ok(filled)
    }
}

/// A line cut at its placeholders.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// `[..]`
    Any,
    /// A typed placeholder, and how it was written.
    Var(Var, &'a str),
}

/// Cuts a line at its placeholders.
pub(super) fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(open) = line[at..].find('[').map(|i| at + i) {
        let Some(close) = line[open..].find(']').map(|i| open + i) else {
            break;
        };
        let inside = &line[open + 1..close];
        let piece = if inside == ".." {
            Some(Piece::Any)
        } else {
            Var::parse(inside).map(|var| Piece::Var(var, &line[open..=close]))
        };
        at = open + 1;
        if let Some(piece) = piece {
            if plain < open {
                found.push(Piece::Text(&line[plain..open]));
            }
            found.push(piece);
            (plain, at) = (close + 1, close + 1);
        }
    }
    if plain < line.len() {
        found.push(Piece::Text(&line[plain..]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_takes_its_own_kind_and_refuses_another() {
        let samples: &[(&str, &str, &str)] = &[
            ("PID", "4711", "0"),
            ("FD", "3", "x"),
            ("INODE", "4026531836", "-1"),
            ("ID", "0a1b2c3d4e5f", "0a1b"),
            ("SIZE", "1.4 MiB", "MiB"),
            ("TIME", "14:03:59", "noon"),
            ("COUNT", "12", "a dozen"),
            ("CPU", "0.5", "half"),
            ("BOX", "/var/lib/era/x", "x"),
            ("PATH", "/bin/sh", "bin/sh"),
            ("USER", "alice", "al ice"),
            ("UID", "1000", "alice"),
            ("GID", "1000", "users"),
            ("HOST", "lab-3", ""),
            ("KERNEL", "6.8.0-31-generic", "a b"),
            ("ARCH", "x86_64", ""),
            ("LOADER", "/lib64/ld-linux-x86-64.so.2", "/lib64/libc.so.6"),
        ];
        assert_eq!(
            samples.len(),
            TYPES.len(),
            "a sample for each row of the table"
        );
        for ((name, good, bad), kind) in samples.iter().zip(TYPES) {
            assert_eq!(*name, kind.name);
            assert!((kind.accepts)(good), "{name} takes {good:?}");
            assert!(!(kind.accepts)(bad), "{name} refuses {bad:?}");
        }
    }

    #[test]
    fn shell_brackets_are_no_placeholders() {
        assert!(matches!(
            pieces("[ -e x ] && echo [a-z]*")[..],
            [Piece::Text(_)]
        ));
    }

    #[test]
    fn a_command_with_an_unbound_placeholder_is_refused_by_name() {
        assert_eq!(
            Bindings::default().fill("kill [PID:a]"),
            Err("[PID:a]".to_owned())
        );
    }
}
