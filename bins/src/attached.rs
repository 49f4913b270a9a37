//! What getopt(3) calls an optional argument stands right behind its short flag: to
//! nsenter(1), `-u/kept` is `--uts=/kept`, and `-un` is a file n, not two flags. The parser
//! of our arguments wants `-u=/kept`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The flags of a program that take something, each with its own way to take it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Takers {
    /// Short flags that take what is attached, if anything is.
    pub(crate) attached: &'static str,
    /// Short flags that take the next word if nothing is attached.
    pub(crate) word: &'static str,
    /// Long flags that take the next word if there is no `=`.
    pub(crate) long: &'static [&'static str],
}

enum Word {
    /// The program, or `--` before it: further flags are not ours.
    Program,
    /// Something attached begins at this byte.
    Attached(usize),
    /// The next word belongs to it.
    TakesNext,
    /// A flag, or several.
    Flag,
}

/// The same arguments, the program's own name first, with `=` between a short flag and what
/// is attached to it.
pub(crate) fn with_equals(takers: Takers, args: Vec<OsString>) -> Vec<OsString> {
    let mut words = args.into_iter();
    let mut all: Vec<_> = words.next().into_iter().collect();
    while let Some(word) = words.next() {
        match takers.judge(word.as_bytes()) {
            Word::Program => {
                all.push(word);
                break;
            }
            Word::Attached(at) => {
                let (flags, attached) = word.as_bytes().split_at(at);
                all.push(OsString::from_vec([flags, b"=", attached].concat()));
            }
            Word::TakesNext => {
                all.push(word);
                all.extend(words.next());
            }
            Word::Flag => all.push(word),
        }
    }
    all.extend(words);
    all
}

impl Takers {
    fn judge(self, word: &[u8]) -> Word {
        match word {
            [b'-', b'-', name @ ..] if !name.is_empty() => self.long(name),
            [b'-', flags @ ..] if !flags.is_empty() && flags != b"-" => self.short(flags),
            _ => Word::Program,
        }
    }

    fn long(self, name: &[u8]) -> Word {
        // An unambiguous beginning is enough.
        let is_meant = |long: &&str| OsStr::new(long).as_bytes().starts_with(name);
        match self.long.iter().any(is_meant) {
            true => Word::TakesNext,
            false => Word::Flag,
        }
    }

    fn short(self, flags: &[u8]) -> Word {
        for (at, flag) in flags.iter().enumerate() {
            let rest = &flags[at + 1..];
            if self.attached.as_bytes().contains(flag) {
                return match rest.first() {
                    None | Some(b'=') => Word::Flag,
                    Some(_) => Word::Attached(at + 2),
                };
            }
            if self.word.as_bytes().contains(flag) {
                return if rest.is_empty() {
                    Word::TakesNext
                } else {
                    Word::Flag
                };
            }
        }
        Word::Flag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled_out(line: &str) -> String {
        let takers = Takers {
            attached: "urw",
            word: "t",
            long: &["target", "wdns"],
        };
        let words = line.split(' ').map(OsString::from).collect();
        let all = with_equals(takers, words).into_iter();
        let all: Vec<_> = all.map(|word| word.into_string().unwrap()).collect();
        all.join(" ")
    }

    #[test]
    fn what_is_attached_to_a_flag_is_its_own() {
        assert_eq!(spelled_out("x -u/kept -r/ sh"), "x -u=/kept -r=/ sh");
        assert_eq!(spelled_out("x -Fu/kept sh"), "x -Fu=/kept sh");
        assert_eq!(spelled_out("x -uw sh"), "x -u=w sh");
        assert_eq!(spelled_out("x -u=/kept -u sh"), "x -u=/kept -u sh");
    }

    #[test]
    fn flags_of_the_program_are_left_alone() {
        assert_eq!(spelled_out("x sh -u/kept"), "x sh -u/kept");
        assert_eq!(spelled_out("x -u -- sh -u/kept"), "x -u -- sh -u/kept");
        assert_eq!(spelled_out("x - -u/kept"), "x - -u/kept");
    }

    #[test]
    fn a_word_that_a_flag_takes_is_not_the_program() {
        for taker in [
            "-t 5",
            "-t5",
            "-at 5",
            "--target 5",
            "--tar 5",
            "--target=5",
        ] {
            let expected = format!("x {taker} -u=/kept sh");
            assert_eq!(spelled_out(&format!("x {taker} -u/kept sh")), expected);
        }
    }
}
