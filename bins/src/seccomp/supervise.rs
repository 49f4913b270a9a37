//! `era-seccomp supervise`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use groundwork::kernel::{Answer, Errno, Notification};
use seccomp::action::{Action, errno_number};
use seccomp::error::{Error, Result};
use seccomp::install::Setup;
use seccomp::profile::Profile;
use seccomp::profile::find::Found;
use seccomp::supervise::{self, Caller};

use super::Start;
use super::choice::{self, Keeps};

#[derive(Debug, Args)]
pub(super) struct Supervise {
    /// A profile with SCMP_ACT_NOTIFY: such calls are told, and continue if no flag names
    /// them. Without, all other calls pass
    #[arg(long, value_name = "PROFILE")]
    profile: Option<PathBuf>,
    /// Refuse these calls, with EPERM if no other error is named
    #[arg(long, value_name = "CALL[=ERRNO],…", value_delimiter = ',', value_parser = choice::refusal)]
    deny: Vec<(String, u16)>,
    /// Make these calls fail with this error, or seem to give this number
    #[arg(long, value_name = "CALL=ANSWER,…", value_delimiter = ',', value_parser = answer)]
    answer: Vec<(String, Reply)>,
    /// Only tell these calls
    #[arg(long, value_name = "CALL,…", value_delimiter = ',')]
    watch: Vec<String>,
    #[command(flatten)]
    keeps: Keeps,
    #[command(flatten)]
    start: Start,
}

/// What a supervised call gets.
#[derive(Debug, Clone, Copy)]
enum Reply {
    Continue,
    Value(i64),
    Errno(u16),
}

/// `clone3=ENOSYS`, `geteuid=0`.
fn answer(text: &str) -> std::result::Result<(String, Reply), String> {
    let (call, word) = text
        .split_once('=')
        .ok_or_else(|| format!("want CALL=ERRNO or CALL=NUMBER, not {text:?}"))?;
    let reply = match (word.parse(), errno_number(word)) {
        (Ok(value), _) => Reply::Value(value),
        (_, Some(errno)) => Reply::Errno(errno),
        _ => return Err(format!("{word:?} is no number and no error of errno(3)")),
    };
    Ok((call.to_owned(), reply))
}

impl Supervise {
    pub(super) fn main(self) -> Result<u8> {
        self.start.explain.install();
        let replies = self.replies()?;
        let mut profile = match &self.profile {
            None => Profile::allow_all(),
            Some(name) => match choice::load(name, &self.keeps)? {
                Found::Profile(profile) => profile,
                Found::Filter(_) => return Err(Error::Compiled),
            },
        };
        for call in replies.keys() {
            profile.set(call, Action::Notify)?;
        }
        let setup = Setup {
            filter: seccomp::compile(&profile)?,
            flags: profile.flags,
            no_new_privs: self.start.no_new_privs,
        };
        let exit = supervise::run(&setup, &super::program(self.start.command), |call| {
            decide(&replies, call)
        })?;
        Ok(exit.status())
    }

    /// By the call's name, which may be named once.
    fn replies(&self) -> Result<BTreeMap<String, Reply>> {
        let watch = self
            .watch
            .iter()
            .map(|call| (call.clone(), Reply::Continue));
        let deny = self
            .deny
            .iter()
            .map(|(call, errno)| (call.clone(), Reply::Errno(*errno)));
        let mut replies = BTreeMap::new();
        for (call, reply) in watch.chain(deny).chain(self.answer.iter().cloned()) {
            if replies.insert(call.clone(), reply).is_some() {
                return Err(Error::TwiceNamed { call });
            }
        }
        Ok(replies)
    }
}

/// Decides, and tells.
fn decide(replies: &BTreeMap<String, Reply>, call: &Notification) -> Answer {
    let caller = Caller::of(call);
    let reply = replies.get(caller.call.as_str());
    let (answer, told) = match reply.copied().unwrap_or(Reply::Continue) {
        Reply::Continue => (Answer::Continue, "continues".to_owned()),
        Reply::Value(value) => (Answer::Value(value), format!("gives {value}")),
        Reply::Errno(number) => {
            let errno = Errno::from_raw(number.into());
            (Answer::Errno(errno), format!("fails with {errno:?}"))
        }
    };
    crate::result::aside(format_args!("{caller} {told}"));
    answer
}
