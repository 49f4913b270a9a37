//! Rules, as somebody wrote them: names of calls and conditions on their arguments.

pub mod change;
pub mod default;
pub mod find;
pub mod lxc;
pub mod oci;
mod words;
pub mod write;

/// How a filter is to be set.
pub use groundwork::kernel::FilterFlag as Flag;

use crate::action::Action;
use crate::arch::Arch;
use crate::calls;
use crate::multiplex;

/// What becomes of which call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// For calls that no rule is about.
    pub default: Action,
    /// For calls by way of an architecture that is not in `archs`.
    pub foreign: Action,
    /// The ways to call the kernel that the rules are about.
    pub archs: Vec<Arch>,
    /// Architectures that it names and we have no table of calls for: calls by way of them
    /// are foreign.
    pub without_table: Vec<String>,
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
    /// How the filter is to be set, for whoever sets it.
    pub flags: Vec<Flag>,
}

impl Profile {
    /// No rules yet: every call of this machine's own architecture gets `default`.
    pub fn new(default: Action) -> Self {
        Profile {
            default,
            foreign: Action::KillProcess,
            archs: vec![Arch::native()],
            without_table: Vec::new(),
            rules: Vec::new(),
            flags: Vec::new(),
        }
    }
}

/// What becomes of some calls, perhaps on conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Their names, or numbers.
    pub calls: Vec<String>,
    /// What becomes of them.
    pub action: Action,
    /// The conditions, all of which must hold: at most one for each argument.
    pub args: Vec<Compare>,
    /// The architectures it is for, where these are not all of the profile's.
    pub archs: Option<Vec<Arch>>,
}

impl Rule {
    /// Whether it counts on this architecture.
    pub fn is_for(&self, arch: Arch) -> bool {
        self.archs
            .as_ref()
            .is_none_or(|archs| archs.contains(&arch))
    }
}

/// A condition on one argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Compare {
    /// Which argument: 0 to 5.
    pub index: u8,
    /// How it is compared.
    pub op: Op,
    /// With what; for [`Op::MaskedEqual`], the mask.
    pub value: u64,
    /// What is left under the mask; unused for other operators.
    pub value_two: u64,
}

/// How an argument is compared with a value. All numbers are without sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// SCMP_CMP_NE: it differs.
    NotEqual,
    /// SCMP_CMP_LT: it is less.
    Less,
    /// SCMP_CMP_LE: it is less or equal.
    LessOrEqual,
    /// SCMP_CMP_EQ: it is equal.
    Equal,
    /// SCMP_CMP_GE: it is greater or equal.
    GreaterOrEqual,
    /// SCMP_CMP_GT: it is greater.
    Greater,
    /// SCMP_CMP_MASKED_EQ: what a mask leaves of it is equal.
    MaskedEqual,
}

impl Compare {
    /// Whether `argument` is as wanted, in as many bits as the architecture compares.
    pub fn holds(&self, argument: u64, bits: u32) -> bool {
        let cut = |value: u64| {
            if bits == 32 {
                value & 0xffff_ffff
            } else {
                value
            }
        };
        let (argument, value) = (cut(argument), cut(self.value));
        match self.op {
            Op::NotEqual => argument != value,
            Op::Less => argument < value,
            Op::LessOrEqual => argument <= value,
            Op::Equal => argument == value,
            Op::GreaterOrEqual => argument >= value,
            Op::Greater => argument > value,
            Op::MaskedEqual => argument & value == cut(self.value_two) & value,
        }
    }
}

/// What of a profile has no effect, or not quite the one it seems to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// No architecture that we know has such a call: perhaps another has, perhaps it is
    /// mistyped.
    Unknown {
        /// As it was written.
        name: String,
        /// A call whose name is alike.
        like: Option<&'static str>,
    },
    /// This architecture has no such call, so the rule is void there.
    Absent {
        /// As it was written.
        name: String,
        /// Where.
        arch: Arch,
    },
    /// The profile is for this architecture, too, and we have no table of its calls: all of
    /// them are foreign.
    NoTable {
        /// As it was written.
        arch: String,
    },
    /// The rule has conditions, and this architecture makes the call through another one,
    /// which hands the kernel a pointer: a filter cannot look behind it.
    Unseen {
        /// As it was written.
        name: String,
        /// Where.
        arch: Arch,
        /// The call that hides it.
        through: &'static str,
    },
}

impl Profile {
    /// What of it has no effect, or another one than it seems to.
    pub fn remarks(&self) -> Vec<Remark> {
        let names = self.without_table.iter().cloned();
        let mut remarks: Vec<_> = names.map(|arch| Remark::NoTable { arch }).collect();
        for rule in &self.rules {
            for name in &rule.calls {
                self.remark(rule, name, &mut remarks);
            }
        }
        let mut seen = Vec::new();
        remarks.retain(|remark| {
            !seen.contains(remark) && {
                seen.push(remark.clone());
                true
            }
        });
        remarks
    }

    fn remark(&self, rule: &Rule, name: &str, remarks: &mut Vec<Remark>) {
        let name = name.to_owned();
        if !calls::is_known(&name) {
            let like = calls::like(&name);
            return remarks.push(Remark::Unknown { name, like });
        }
        for arch in self.archs.iter().copied().filter(|arch| rule.is_for(*arch)) {
            let name = name.clone();
            let direct = calls::resolve(arch, &name).is_some();
            match multiplex::of(arch, &name) {
                Some(way) if !rule.args.is_empty() => remarks.push(Remark::Unseen {
                    name,
                    arch,
                    through: way.through,
                }),
                None if !direct => remarks.push(Remark::Absent { name, arch }),
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Remark::Unknown { name, like: None } => write!(f, "no call {name} is known"),
            Remark::Unknown {
                name,
                like: Some(like),
            } => {
                write!(f, "no call {name} is known: is it {like}?")
            }
            Remark::NoTable { arch } => {
                write!(
                    f,
                    "no call by way of {arch} gets through: we have no table of its calls"
                )
            }
            Remark::Absent { name, arch } => write!(f, "{arch} has no call {name}"),
            Remark::Unseen {
                name,
                arch,
                through,
            } => write!(
                f,
                "the conditions of {name} are not seen on {arch} when it is made through \
                 {through}, whose arguments lie behind a pointer"
            ),
        }
    }
}
