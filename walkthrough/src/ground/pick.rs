//! On which ground a page's `#` commands can run here.
//!
//! A user namespace is the first choice: root of a sandbox, nobody outside. Where the
//! kernel refuses one, a small virtual machine is the next, with a kernel of its own; what is
//! left is real root, which is never taken without asking.

use std::fmt;

use groundwork::host::{self, Facts, Finding};

/// The ground that can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// A user and a mount namespace.
    UserNamespace,
    /// A small virtual machine, in which the whole page is played.
    Machine {
        /// Why no user namespace.
        instead: Box<Finding>,
    },
    /// Real root, which this process is; to be asked for.
    Root {
        /// Why no user namespace.
        instead: Box<Finding>,
    },
    /// Real root through sudo; to be asked for.
    Sudo {
        /// Why no user namespace.
        instead: Box<Finding>,
    },
    /// None: `#` commands are shown with their recorded output.
    Nothing {
        /// Why no user namespace.
        instead: Box<Finding>,
    },
}

impl Pick {
    /// Whether the learner has to be asked before it is used.
    pub fn asks(&self) -> bool {
        matches!(self, Pick::Root { .. } | Pick::Sudo { .. })
    }

    /// Why there is no user namespace, where there is none.
    pub fn instead(&self) -> Option<&Finding> {
        match self {
            Pick::UserNamespace => None,
            Pick::Machine { instead }
            | Pick::Root { instead }
            | Pick::Sudo { instead }
            | Pick::Nothing { instead } => Some(instead),
        }
    }
}

impl fmt::Display for Pick {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Pick::UserNamespace => "in a user namespace: root of a sandbox, nobody outside",
            Pick::Machine { .. } => "in a small machine (qemu): no user namespace here",
            Pick::Root { .. } => "as real root, asks first: no user namespace here",
            Pick::Sudo { .. } => "as real root by sudo, asks first: no user namespace here",
            Pick::Nothing { .. } => "not run, only shown: no user namespace, not root, no sudo",
        })
    }
}

/// Picks by probing.
pub fn pick(facts: &Facts) -> Pick {
    from(host::user_namespaces(facts), |name| {
        host::probe(facts, name).is_some_and(|finding| finding.works())
    })
}

/// Picks by what the probe of user namespaces found, and, only if that is needed, by
/// what others find.
pub fn from(userns: Finding, works: impl Fn(&str) -> bool) -> Pick {
    if userns.works() {
        return Pick::UserNamespace;
    }
    let instead = Box::new(userns);
    if works("machine") {
        Pick::Machine { instead }
    } else if works("root") {
        Pick::Root { instead }
    } else if works("sudo") {
        Pick::Sudo { instead }
    } else {
        Pick::Nothing { instead }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groundwork::host::State;

    fn userns(state: State) -> Finding {
        Finding {
            probe: "userns",
            state,
            why: String::new(),
            fix: None,
            means: "",
        }
    }

    #[test]
    fn real_root_is_the_last_choice_and_is_asked_for() {
        let everything = |_: &str| true;
        let works = from(userns(State::Works), everything);
        assert_eq!((works.asks(), works), (false, Pick::UserNamespace));
        let machine = from(userns(State::Refused), everything);
        assert!(!machine.asks() && matches!(machine, Pick::Machine { .. }));
        let root = from(userns(State::Refused), |name| name != "machine");
        assert!(root.asks() && matches!(root, Pick::Root { .. }));
        let sudo = from(userns(State::Absent), |name| name == "sudo");
        assert!(sudo.asks() && matches!(sudo, Pick::Sudo { .. }));
        let nothing = from(userns(State::Refused), |_| false);
        assert!(!nothing.asks() && matches!(nothing, Pick::Nothing { .. }));
    }
}
