//! Who is who: the maps of a user namespace, user_namespaces(7).
//!
//! A line of a map says `INNER OUTER COUNT`: the COUNT ids from INNER on, inside, are the
//! ids from OUTER on, outside. A process may write one line about itself. Further ids belong
//! to somebody else, so a setuid program checks /etc/subuid and writes them: newuidmap(1).

use std::str::FromStr;

use groundwork::kernel::{self, Gid, Pid, Uid};
use groundwork::process::{Program, Spawn, Waiting};
use groundwork::step;

use crate::error::{Error, Result};

const MAN: &str = "user_namespaces(7)";

/// Ids in a row, inside and outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first one as seen from the parent namespace.
    pub outer: u32,
    /// The first one as seen from inside.
    pub inner: u32,
    /// How many.
    pub count: u32,
}

impl FromStr for Range {
    type Err = Error;

    /// `OUTER,INNER,COUNT` as in util-linux 2.38, or `INNER:OUTER:COUNT` as 2.39 and the map
    /// files have it.
    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::BadRange {
            text: text.to_owned(),
            why: why.to_owned(),
        };
        let colons = text.contains(':');
        let parts: Vec<_> = text.split(if colons { ':' } else { ',' }).collect();
        let &[first, second, count] = parts.as_slice() else {
            return Err(bad("it wants three numbers"));
        };
        let number = |part: &str| {
            let number = part.trim_start().parse::<u32>();
            number.map_err(|_| bad(&format!("{part:?} is no id")))
        };
        let (first, second, count) = (number(first)?, number(second)?, number(count)?);
        if count == 0 {
            return Err(bad("a count of zero maps nobody"));
        }
        let (outer, inner) = if colons {
            (second, first)
        } else {
            (first, second)
        };
        Ok(Range {
            outer,
            inner,
            count,
        })
    }
}

/// The two maps of a user namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// /proc/PID/uid_map
    Users,
    /// /proc/PID/gid_map
    Groups,
}

impl Ids {
    /// Its file in /proc/PID.
    pub fn file(self) -> &'static str {
        match self {
            Ids::Users => "uid_map",
            Ids::Groups => "gid_map",
        }
    }

    /// The setuid program that writes it for others.
    pub fn helper(self) -> &'static str {
        match self {
            Ids::Users => "newuidmap",
            Ids::Groups => "newgidmap",
        }
    }

    /// Where the administrator says who owns which further ids: subuid(5), subgid(5).
    pub fn registry(self) -> &'static str {
        match self {
            Ids::Users => "/etc/subuid",
            Ids::Groups => "/etc/subgid",
        }
    }

    /// What it maps, in a word.
    pub fn word(self) -> &'static str {
        match self {
            Ids::Users => "users",
            Ids::Groups => "groups",
        }
    }
}

/// One map, as asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdMap {
    /// Who I am inside.
    pub me: Option<u32>,
    /// Further ids.
    pub range: Option<Range>,
}

/// Who this process is before it enters the namespace: inside, and without a map yet,
/// everybody is nobody.
#[derive(Debug, Clone, Copy)]
pub struct Me {
    /// Effective user.
    pub uid: Uid,
    /// Effective group.
    pub gid: Gid,
}

impl Me {
    /// This process, now.
    pub fn now() -> Self {
        Me {
            uid: Uid::effective(),
            gid: Gid::effective(),
        }
    }

    /// The one of the two ids that a map is about.
    pub fn id(self, ids: Ids) -> u32 {
        match ids {
            Ids::Users => self.uid.as_raw(),
            Ids::Groups => self.gid.as_raw(),
        }
    }
}

// ANCHOR: maps
/// Maps one user and one group, as this very process: all that needs no privilege.
pub fn map_myself(me: Me, user: Option<u32>, group: Option<u32>) -> Result<()> {
    if let Some(inner) = user {
        step("Say who I am: INNER OUTER COUNT");
        write_line(Ids::Users, inner, me.uid.as_raw())?;
    }
    if let Some(inner) = group {
        step("Give up setgroups: to drop a group could open what that group forbids");
        set_setgroups(Setgroups::Deny)?;
        write_line(Ids::Groups, inner, me.gid.as_raw())?;
    }
    Ok(())
}

fn write_line(ids: Ids, inner: u32, outer: u32) -> Result<()> {
    let file = format!("/proc/self/{}", ids.file());
    kernel::write_file(file, &format!("{inner} {outer} 1"), MAN).map_err(|call| Error::WriteMap {
        ids: ids.word().to_owned(),
        call,
    })
}
// ANCHOR_END: maps

/// Whether setgroups(2) may be called inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setgroups {
    /// It may, by who has CAP_SETGID inside.
    Allow,
    /// Nobody may, and never again.
    Deny,
}

/// Writes /proc/self/setgroups.
pub fn set_setgroups(setgroups: Setgroups) -> Result<()> {
    let word = match setgroups {
        Setgroups::Allow => "allow",
        Setgroups::Deny => "deny",
    };
    kernel::write_file("/proc/self/setgroups", word, MAN).map_err(Error::Setgroups)
}

/// A child that will write a map by newuidmap(1) or newgidmap(1).
///
/// It is made before the namespace is: inside, the setuid program would be nobody.
pub fn helper(ids: Ids, map: IdMap, me: Me, env: &Program) -> Result<Option<Waiting<Error>>> {
    let Some(range) = map.range else {
        return Ok(None);
    };
    let lines = match map.me {
        Some(inner) => around(me.id(ids), inner, range),
        None => vec![range],
    };
    let mut argv = vec![ids.helper().to_owned(), Pid::this().to_string()];
    for Range {
        outer,
        inner,
        count,
    } in lines
    {
        argv.extend([inner, outer, count].map(|number| number.to_string()));
    }
    let program = Program {
        argv: argv.into_iter().map(Into::into).collect(),
        ..env.clone()
    };
    step("Leave a helper behind: inside, its setuid program would be nobody");
    let waiting = Spawn::new().holding(&[]).role("mapper").hold(|| {
        step("Further ids are not mine to give: a setuid program checks who owns them");
        program.exec().map_err(|call| Error::Exec {
            program: program.name(),
            call,
        })
    });
    waiting.map(Some).map_err(Error::from_start)
}

/// Lets the helper write its map, and waits for it.
pub fn write_by_helper(ids: Ids, map: IdMap, me: Me, helper: Waiting<Error>) -> Result<()> {
    let ended = helper.finish();
    ended.map_err(|error| match Error::from_start(error) {
        Error::Ended { exit } => Error::Helper {
            program: ids.helper().to_owned(),
            uid: me.uid.as_raw(),
            gid: me.gid.as_raw(),
            first: map.range.map_or(0, |range| range.outer),
            count: map.range.map_or(0, |range| range.count),
            exit,
        },
        other => other,
    })
}

/// The lines for me and a range that may overlap: the range opens around me, and its
/// topmost id gives way. (So does unshare(1), which counts the id after the range as part of
/// it: the maps are the same.)
fn around(outer: u32, inner: u32, range: Range) -> Vec<Range> {
    let touches = |id: u32, first: u32| id >= first && id - first <= range.count;
    let gives_way = touches(outer, range.outer) || touches(inner, range.inner);
    let count = range.count - u32::from(gives_way);
    let outer_at = outer.saturating_sub(range.outer).min(count);
    let inner_at = inner.saturating_sub(range.inner).min(count);
    let (low, high) = (outer_at.min(inner_at), outer_at.max(inner_at));

    let mut lines = vec![Range {
        outer,
        inner,
        count: 1,
    }];
    let mut next = range;
    for length in [low, high - low, count - high] {
        next.outer += u32::from(next.outer == outer);
        next.inner += u32::from(next.inner == inner);
        if length > 0 {
            lines.push(Range {
                count: length,
                ..next
            });
        }
        next.outer += length;
        next.inner += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(outer: u32, inner: u32, count: u32) -> Range {
        Range {
            outer,
            inner,
            count,
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let both = ["200000,0,65536", "0:200000:65536"];
        for text in both {
            assert_eq!(text.parse::<Range>().unwrap(), range(200_000, 0, 65_536));
        }
    }

    #[test]
    fn a_text_that_is_no_range_is_refused() {
        for text in [
            "", "1", "1,2", "1,2,3,4", "a,0,1", "0,0,0", "-1,0,1", "0:1,2",
        ] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_opens_around_me() {
        // --map-auto -r, --map-auto -c, and a range that I am no part of.
        let auto = range(200_000, 0, 65_536);
        assert_eq!(
            around(1234, 0, auto),
            [range(1234, 0, 1), range(200_000, 1, 65_535)]
        );
        assert_eq!(
            around(1234, 1234, auto),
            [
                range(1234, 1234, 1),
                range(200_000, 0, 1234),
                range(201_234, 1235, 64_301)
            ]
        );
        assert_eq!(
            around(1234, 90_000, auto),
            [range(1234, 90_000, 1), range(200_000, 0, 65_536)]
        );
    }
}
