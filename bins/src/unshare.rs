//! `era-unshare`: a program in namespaces of its own, with the flags of unshare(1).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, ValueEnum};
use groundwork::kernel::{Propagation, Signal};
use groundwork::process::Program;
use indoc::indoc;
use namespaces::clocks::Offsets;
use namespaces::keep::Keep;
use namespaces::maps::{IdMap, Ids, Me, Range, Setgroups};
use namespaces::settle::{Inside, Root};
use namespaces::{Error, Kind, Unshare, registry};

use crate::explain::Explain;
use crate::failure;
use crate::views::Views;

/// unshare(1) ends with 1 whatever is wrong with its arguments.
const USAGE: u8 = 1;

const EXAMPLES: &str = indoc! {"
    Examples:
      era-unshare -Urpf --mount-proc bash           root of your own processes
      era-unshare -r --uts --hostname box hostname  a name nobody else sees

    Without PROGRAM: $SHELL, else /bin/sh. The book: 06-namespaces"};

/// Run a program with some views of the system for itself
#[derive(Debug, Parser)]
#[command(
    name = "era-unshare", max_term_width = 80,
    version,
    after_help = EXAMPLES,
    infer_long_args = true,
    args_override_self = true
)]
struct Cli {
    #[command(
        flatten,
        next_help_heading = "New namespaces (=FILE keeps one by a bind mount)"
    )]
    new: Views,
    #[command(flatten)]
    child: ChildFlags,
    #[command(flatten)]
    maps: Maps,
    #[command(flatten)]
    inside: InsideFlags,
    #[command(flatten)]
    explain: Explain,
    /// The program and its arguments
    #[arg(trailing_var_arg = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "The child")]
struct ChildFlags {
    /// Run the program as a child
    #[arg(short, long)]
    fork: bool,
    /// Signal the child when we end: KILL, or SIG (implies --fork)
    #[arg(long, value_name = "SIG", num_args = 0..=1, require_equals = true, value_parser = signal)]
    kill_child: Option<Option<Signal>>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Who is who (each implies --user)")]
struct Maps {
    /// Be this user inside
    #[arg(long, value_name = "UID|NAME", allow_hyphen_values = true)]
    map_user: Option<String>,
    /// Be this group inside (denies setgroups)
    #[arg(long, value_name = "GID|NAME", allow_hyphen_values = true)]
    map_group: Option<String>,
    /// Be root inside
    #[arg(short = 'r', long)]
    map_root_user: bool,
    /// Be yourself inside
    #[arg(short = 'c', long)]
    map_current_user: bool,
    /// All users and groups that /etc/subuid and /etc/subgid give you
    #[arg(long)]
    map_auto: bool,
    /// Further users: OUTER,INNER,COUNT or INNER:OUTER:COUNT or auto
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true)]
    map_users: Option<String>,
    /// Further groups, likewise
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true)]
    map_groups: Option<String>,
    /// Whether setgroups(2) may be called inside
    #[arg(long, value_name = "allow|deny")]
    setgroups: Option<SetgroupsFlag>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SetgroupsFlag {
    Allow,
    Deny,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Inside, before the program")]
struct InsideFlags {
    /// Mount a new /proc there [/proc] (implies --mount)
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true)]
    mount_proc: Option<Option<PathBuf>>,
    /// What the mounts share with the host's
    #[arg(long, value_name = "HOW", default_value = "private")]
    propagation: PropagationFlag,
    /// Look for files in DIR from now on, by chroot(2)
    #[arg(short = 'R', long, value_name = "DIR", allow_hyphen_values = true)]
    root: Option<PathBuf>,
    /// Make DIR the root for good, by pivot_root(2) (wants --mount; not in unshare(1))
    #[arg(long, value_name = "DIR", conflicts_with = "root")]
    pivot: Option<PathBuf>,
    /// Stand in DIR
    #[arg(short, long, value_name = "DIR", allow_hyphen_values = true)]
    wd: Option<PathBuf>,
    /// Name the machine (wants --uts; not in unshare(1))
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Become this user, a number
    #[arg(short = 'S', long, value_name = "UID", allow_hyphen_values = true)]
    setuid: Option<String>,
    /// Become this group, a number, and drop all others
    #[arg(short = 'G', long, value_name = "GID", allow_hyphen_values = true)]
    setgid: Option<String>,
    /// Keep the user namespace's capabilities in the program
    #[arg(long)]
    keep_caps: bool,
    /// Shift the monotonic clock (wants --time)
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    monotonic: Option<i64>,
    /// Shift the boot-time clock (wants --time)
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    boottime: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PropagationFlag {
    Private,
    Slave,
    Shared,
    Unchanged,
}

/// A signal by its name, with or without SIG.
fn signal(text: &str) -> Result<Signal, String> {
    let name = text.to_uppercase();
    let name = match name.strip_prefix("SIG").unwrap_or(&name) {
        // Old names that signal(7) still has.
        "CLD" => "CHLD",
        "POLL" => "IO",
        "IOT" => "ABRT",
        name => name,
    };
    format!("SIG{name}")
        .parse()
        .map_err(|_| format!("no signal has the name {text}"))
}

/// The command line, for completions and man pages.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Entry point: the arguments, and the exit status.
pub fn main(args: Vec<OsString>) -> u8 {
    let parsed = Cli::command()
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches).map(|cli| (cli, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return crate::usage(&error, USAGE),
    };
    if let Some(mistake) = cli.mistake() {
        let error = Cli::command().error(ErrorKind::ArgumentConflict, mistake);
        return crate::usage(&error, USAGE);
    }
    cli.explain.install();
    let ended = cli.plan(&matches).and_then(|plan| plan.run(&cli.program()));
    match ended {
        Ok(exit) => exit.imitate(),
        Err(error) => {
            failure::print(&error);
            error.status()
        }
    }
}

impl Cli {
    /// Every kind that is asked for, or that something else implies.
    fn kinds(&self) -> Vec<Kind> {
        let Maps {
            map_user,
            map_group,
            map_users,
            map_groups,
            ..
        } = &self.maps;
        let maps = [map_user, map_group, map_users, map_groups];
        let implied = |kind| match kind {
            Kind::Mnt => self.inside.mount_proc.is_some(),
            Kind::User => {
                maps.iter().any(|map| map.is_some())
                    || self.maps.map_root_user
                    || self.maps.map_current_user
                    || self.maps.map_auto
            }
            _ => false,
        };
        let flags = self.new.asked();
        let asked = |kind| flags.iter().any(|(of, _)| *of == kind);
        let wanted = |kind: &Kind| asked(*kind) || implied(*kind);
        Kind::ALL.into_iter().filter(wanted).collect()
    }

    /// What clap does not see: flags that want others.
    fn mistake(&self) -> Option<&'static str> {
        let kinds = self.kinds();
        let has = |kind| kinds.contains(&kind);
        let inside = &self.inside;
        let clock = inside.monotonic.is_some() || inside.boottime.is_some();
        let allow = matches!(self.maps.setgroups, Some(SetgroupsFlag::Allow));
        let maps = &self.maps;
        let one_group = maps.map_group.is_some() || maps.map_root_user || maps.map_current_user;
        let many_groups = maps.map_groups.is_some() || maps.map_auto;
        if inside.hostname.is_some() && !has(Kind::Uts) {
            Some("--hostname wants --uts: without it the whole machine would be renamed")
        } else if inside.pivot.is_some() && !has(Kind::Mnt) {
            Some("--pivot wants --mount: it swaps the root of a mount namespace of our own")
        } else if inside.pivot.is_some() && inside.propagation != PropagationFlag::Private {
            Some("--pivot wants --propagation private: pivot_root(2) refuses shared mounts")
        } else if clock && !has(Kind::Time) {
            Some("--monotonic and --boottime want --time: a clock of our own to shift")
        } else if allow && one_group && !many_groups {
            Some("--setgroups allow and --map-group exclude each other: user_namespaces(7)")
        } else {
            None
        }
    }

    fn keeps(&self) -> Vec<Keep> {
        let with_file = |(kind, file): (Kind, Option<&Path>)| {
            let file = file?.to_owned();
            Some(Keep { kind, file })
        };
        self.new.asked().into_iter().filter_map(with_file).collect()
    }

    fn program(&self) -> Program {
        match self.program.as_slice() {
            [] => Program::shell(std::env::vars_os()),
            argv => Program::new(argv.to_vec(), std::env::vars_os()),
        }
    }

    fn plan(&self, matches: &ArgMatches) -> Result<Unshare, Error> {
        let me = Me::now();
        let users = self.map(matches, Ids::Users, me)?;
        let groups = self.map(matches, Ids::Groups, me)?;
        Ok(Unshare {
            new: self.kinds(),
            keep: self.keeps(),
            users,
            groups,
            offsets: Offsets {
                monotonic: self.inside.monotonic,
                boottime: self.inside.boottime,
            },
            fork: self.child.fork || self.child.kill_child.is_some(),
            inside: self.inside(users, groups)?,
        })
    }

    fn inside(&self, users: IdMap, groups: IdMap) -> Result<Inside, Error> {
        let flags = &self.inside;
        let kinds = self.kinds();
        let number = |ids, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| registry::number(ids, text)).transpose()
        };
        let alone = |map: IdMap| map.me.filter(|_| map.range.is_none());
        let chroot = flags.root.clone().map(Root::Chroot);
        let proc = flags.mount_proc.clone();
        Ok(Inside {
            kill_child: self
                .child
                .kill_child
                .map(|signal| signal.unwrap_or(Signal::SIGKILL)),
            user: alone(users),
            group: alone(groups),
            setgroups: self.maps.setgroups.map(|flag| match flag {
                SetgroupsFlag::Allow => Setgroups::Allow,
                SetgroupsFlag::Deny => Setgroups::Deny,
            }),
            hostname: flags.hostname.clone(),
            propagation: self.propagation().filter(|_| kinds.contains(&Kind::Mnt)),
            root: chroot.or(flags.pivot.clone().map(Root::Pivot)),
            directory: flags.wd.clone(),
            proc: proc.map(|at| at.unwrap_or_else(|| PathBuf::from("/proc"))),
            setgid: number(Ids::Groups, &flags.setgid)?,
            setuid: number(Ids::Users, &flags.setuid)?,
            keep_capabilities: flags.keep_caps && kinds.contains(&Kind::User),
        })
    }

    fn propagation(&self) -> Option<Propagation> {
        match self.inside.propagation {
            PropagationFlag::Private => Some(Propagation::Private),
            PropagationFlag::Slave => Some(Propagation::Slave),
            PropagationFlag::Shared => Some(Propagation::Shared),
            PropagationFlag::Unchanged => None,
        }
    }

    /// One map. Of several flags that say who I am, the last one counts, and so for ranges.
    fn map(&self, matches: &ArgMatches, ids: Ids, me: Me) -> Result<IdMap, Error> {
        let maps = &self.maps;
        let (one, range, one_id, range_id) = match ids {
            Ids::Users => (&maps.map_user, &maps.map_users, "map_user", "map_users"),
            Ids::Groups => (&maps.map_group, &maps.map_groups, "map_group", "map_groups"),
        };
        let me_inside = match last(matches, &[one_id, "map_root_user", "map_current_user"]) {
            Some("map_root_user") => Some(0),
            Some("map_current_user") => Some(me.id(ids)),
            _ => one
                .as_deref()
                .map(|text| registry::id_of(ids, text))
                .transpose()?,
        };
        let range = match (last(matches, &[range_id, "map_auto"]), range.as_deref()) {
            (Some("map_auto"), _) | (_, Some("auto")) => Some(registry::first_owned(ids, me)?),
            (_, text) => text.map(str::parse::<Range>).transpose()?,
        };
        Ok(IdMap {
            me: me_inside,
            range,
        })
    }
}

/// The one of these flags that stands last on the command line.
fn last<'a>(matches: &ArgMatches, flags: &[&'a str]) -> Option<&'a str> {
    let given = |flag: &&&str| matches.value_source(flag) == Some(ValueSource::CommandLine);
    let place = |flag: &&&str| matches.indices_of(flag).and_then(Iterator::last);
    flags.iter().filter(given).max_by_key(place).copied()
}
