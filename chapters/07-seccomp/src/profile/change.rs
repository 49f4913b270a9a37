//! Changing a profile by names, as a command line does it: `--deny mkdir=ENOSYS`.

use crate::action::Action;
use crate::arch::Arch;
use crate::calls;
use crate::error::{Error, Result};
use crate::multiplex;
use crate::profile::{Profile, Rule};

impl Profile {
    /// Every call passes, by each way that this machine has to call the kernel: a rule that
    /// is added then holds for all of them.
    pub fn allow_all() -> Profile {
        let mut profile = Profile::new(Action::Allow);
        profile.archs = match Arch::native() {
            Arch::X86_64 => vec![Arch::X86_64, Arch::X86, Arch::X32],
            native => vec![native],
        };
        profile
    }

    /// Nothing passes but what is added, and that by the machine's own way only.
    pub fn allow_nothing() -> Profile {
        Profile::new(Action::Errno(nix::errno::Errno::EPERM as u16))
    }

    /// From now on a call gets this answer, whatever the rules said of it.
    pub fn set(&mut self, call: &str, action: Action) -> Result<()> {
        if !calls::is_known(call) {
            return Err(Error::UnknownCall {
                name: call.to_owned(),
                arch: Arch::native(),
                like: calls::like(call),
            });
        }
        self.forget(call);
        // A rule for all of socketcall would win over the one for the call within it.
        if let Some(way) = multiplex::of(Arch::X86, call) {
            self.forget(way.through);
        }
        self.rules.push(Rule {
            calls: vec![call.to_owned()],
            action,
            args: Vec::new(),
            archs: None,
        });
        Ok(())
    }

    fn forget(&mut self, call: &str) {
        for rule in &mut self.rules {
            rule.calls.retain(|name| name != call);
        }
        self.rules.retain(|rule| !rule.calls.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::{Data, interpret};
    use crate::{compile, profile};

    fn verdict(profile: &Profile, arch: Arch, call: &str, first: u64) -> Action {
        let filter = compile(profile).unwrap();
        let number = calls::number(arch, call).unwrap();
        let data = Data::new(arch, number, [first, 0, 0, 0, 0, 0]);
        interpret(&filter, &data).action
    }

    #[test]
    fn a_change_wins_over_every_rule_there_was() {
        let mut profile = Profile::allow_all();
        profile.set("mkdir", Action::Errno(1)).unwrap();
        profile.set("mkdir", Action::KillProcess).unwrap();
        let native = Arch::native();
        assert_eq!(verdict(&profile, native, "getpid", 0), Action::Allow);
        if native == Arch::X86_64 {
            for arch in [Arch::X86_64, Arch::X86, Arch::X32] {
                assert_eq!(verdict(&profile, arch, "mkdir", 0), Action::KillProcess);
            }
        }
        profile.set("mkdir", Action::Allow).unwrap();
        assert_eq!(verdict(&profile, native, "mkdirat", 0), Action::Allow);
    }

    #[test]
    fn a_call_within_another_is_refused_there_too() {
        if Arch::native() != Arch::X86_64 {
            return;
        }
        let mut profile = Profile::allow_all();
        profile.set("socketcall", Action::Allow).unwrap();
        profile.set("bind", Action::Errno(13)).unwrap();
        let refused = Action::Errno(13);
        assert_eq!(verdict(&profile, Arch::X86, "socketcall", 2), refused);
        assert_eq!(verdict(&profile, Arch::X86, "socketcall", 3), Action::Allow);
    }

    #[test]
    fn a_mistyped_call_is_refused_with_what_was_meant() {
        let refused = profile::Profile::allow_all().set("mkdri", Action::Allow);
        let Err(Error::UnknownCall { like, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(like, Some("mkdir"));
    }
}
