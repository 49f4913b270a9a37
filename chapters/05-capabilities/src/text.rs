//! The text form of three sets: cap_from_text(3).
//!
//! ```text
//! cap_net_bind_service=+ep       one clause: names, then what is done with their flags
//! =ep cap_sys_chroot-e           no names before = means all of them
//! cap_chown,cap_kill+i-e         a clause may go on with + and -
//! ```
//!
//! `e`, `i` and `p` are the effective, inheritable and permitted set. Clauses stand between
//! blanks and are done in order; in the beginning all sets are empty. `=` first takes the
//! names out of all three sets.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::set::{Cap, CapSet, last_cap};

/// The three sets that a text speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Triple {
    /// `e`
    pub effective: CapSet,
    /// `i`
    pub inheritable: CapSet,
    /// `p`
    pub permitted: CapSet,
}

/// What a clause does with the flags behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Raise,
    Lower,
}

impl Triple {
    /// Takes the caps out of each set.
    fn clear(&mut self, caps: CapSet) {
        for flag in ['e', 'i', 'p'] {
            self.apply(Op::Lower, flag, caps);
        }
    }

    fn apply(&mut self, op: Op, flag: char, caps: CapSet) {
        let set = match flag {
            'e' => &mut self.effective,
            'i' => &mut self.inheritable,
            _ => &mut self.permitted,
        };
        *set = match op {
            Op::Raise => set.union(caps),
            Op::Lower => set.without(caps),
        };
    }

    /// In which of the three sets this one is.
    fn flags(self, cap: Cap) -> Flags {
        Flags {
            e: self.effective.contains(cap),
            i: self.inheritable.contains(cap),
            p: self.permitted.contains(cap),
        }
    }
}

impl FromStr for Triple {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut triple = Triple::default();
        for clause in text.split(is_blank).filter(|clause| !clause.is_empty()) {
            Clause { text, clause }.apply(&mut triple)?;
        }
        Ok(triple)
    }
}

/// A clause of a text, both for what is said if it is wrong.
struct Clause<'a> {
    text: &'a str,
    clause: &'a str,
}

impl Clause<'_> {
    fn apply(&self, triple: &mut Triple) -> Result<()> {
        let end = self.clause.find(['+', '-', '=']);
        let (names, actions) = self.clause.split_at(end.unwrap_or(self.clause.len()));
        let caps = self.caps(names)?;

        let (op, flags) = match actions.strip_prefix('=') {
            Some(flags) => {
                triple.clear(caps);
                match (flags.strip_prefix('+'), flags.strip_prefix('-')) {
                    (Some(_), _) | (_, Some(_)) => return self.steps(triple, names, caps, flags),
                    _ => (Op::Raise, flags),
                }
            }
            None => return self.steps(triple, names, caps, actions),
        };
        // Nothing behind the =: the names stay out of all sets.
        let end = flags.find(['+', '-']).unwrap_or(flags.len());
        for flag in flags[..end].chars() {
            triple.apply(op, self.flag(flag)?, caps);
        }
        self.steps(triple, names, caps, &flags[end..])
    }

    /// `+ei-p`: each sign with at least one flag.
    fn steps(&self, triple: &mut Triple, names: &str, caps: CapSet, steps: &str) -> Result<()> {
        if names.is_empty() && !steps.is_empty() {
            return Err(self.wrong("only = may stand without a name before it"));
        }
        let mut op = None;
        let mut wants_flag = false;
        for letter in steps.chars() {
            match (letter, op) {
                ('+' | '-', _) if wants_flag => break,
                ('+', _) => (op, wants_flag) = (Some(Op::Raise), true),
                ('-', _) => (op, wants_flag) = (Some(Op::Lower), true),
                (_, Some(op)) => {
                    triple.apply(op, self.flag(letter)?, caps);
                    wants_flag = false;
                }
                (_, None) => break,
            }
        }
        match wants_flag {
            true => Err(self.wrong("+ and - want e, i or p behind them")),
            false => Ok(()),
        }
    }

    /// The names before the first sign; none stands for all.
    fn caps(&self, names: &str) -> Result<CapSet> {
        if names.len() == self.clause.len() {
            return Err(self.wrong("after the names comes =, + or -"));
        }
        if names.is_empty() {
            return Ok(CapSet::all());
        }
        names.split(',').try_fold(CapSet::EMPTY, |caps, name| {
            let more = match name {
                "" => return Err(self.wrong("a name is missing at a comma")),
                name if name.eq_ignore_ascii_case("all") => CapSet::all(),
                name => name.parse::<Cap>()?.into(),
            };
            Ok(caps.union(more))
        })
    }

    fn flag(&self, letter: char) -> Result<char> {
        match letter {
            'e' | 'i' | 'p' => Ok(letter),
            '=' => Err(self.wrong("= may stand once, right behind the names")),
            _ => Err(self.wrong("flags are e, i and p")),
        }
    }

    fn wrong(&self, why: &'static str) -> Error {
        Error::Text {
            text: self.text.to_owned(),
            clause: self.clause.to_owned(),
            why,
        }
    }
}

/// isspace(3) in the C locale.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// Membership in the three sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flags {
    e: bool,
    i: bool,
    p: bool,
}

impl Flags {
    /// The number by which libcap orders them.
    const ALL: [Flags; 8] = {
        let mut all = [Flags {
            e: false,
            i: false,
            p: false,
        }; 8];
        let mut at = 0;
        while at < 8 {
            all[at] = Flags {
                e: at & 1 != 0,
                p: at & 2 != 0,
                i: at & 4 != 0,
            };
            at += 1;
        }
        all
    };

    fn without(self, other: Flags) -> Flags {
        Flags {
            e: self.e && !other.e,
            i: self.i && !other.i,
            p: self.p && !other.p,
        }
    }

    fn letters(self) -> String {
        let letters = [('e', self.e), ('i', self.i), ('p', self.p)];
        let held = letters.iter().filter(|(_, held)| *held);
        held.map(|(letter, _)| *letter).collect()
    }
}

impl std::fmt::Display for Triple {
    /// To the letter what cap_to_text(3) makes of it: first what most have in common, then
    /// what differs, then numbers that the kernel does not know.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = CapSet::all();
        let with = |flags: Flags| known.iter().filter(move |cap| self.flags(*cap) == flags);
        let count = |flags: &Flags| with(*flags).count();
        // Of two that are equally frequent, the one with the lower number.
        let common = Flags::ALL.iter().rev().max_by_key(|flags| count(flags));
        let common = *common.unwrap_or(&Flags::ALL[0]);

        let mut text = format!("={}", common.letters());
        for flags in Flags::ALL.into_iter().rev() {
            let caps: CapSet = with(flags).collect();
            if flags == common || caps.is_empty() {
                continue;
            }
            let (more, less) = (flags.without(common), common.without(flags));
            // "= a+p" is shorter as "a=p".
            let alone = text == "=";
            if alone {
                text.clear();
            } else {
                text.push(' ');
            }
            text += &caps.names();
            if !more.letters().is_empty() {
                text.push(if alone { '=' } else { '+' });
                text += &more.letters();
            }
            if !less.letters().is_empty() {
                text.push('-');
                text += &less.letters();
            }
        }
        text += &self.unknown();
        out.pad(&text)
    }
}

impl Triple {
    /// What the kernel does not know: by number, always raised.
    fn unknown(self) -> String {
        let all = [self.effective, self.inheritable, self.permitted];
        let all = all.into_iter().fold(CapSet::EMPTY, CapSet::union);
        let unknown = all.without(CapSet::all());
        debug_assert!(unknown.iter().all(|cap| cap > last_cap()));
        let mut text = String::new();
        for flags in Flags::ALL.into_iter().skip(1).rev() {
            let with = unknown.iter().filter(|cap| self.flags(*cap) == flags);
            let with: CapSet = with.collect();
            if !with.is_empty() {
                text += &format!(" {}+{}", with.names(), flags.letters());
            }
        }
        text
    }
}
