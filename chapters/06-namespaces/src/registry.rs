//! Names and further ids: passwd(5), group(5), subuid(5), subgid(5).

use crate::error::{Error, Result};
use crate::maps::{Ids, Me, Range};

/// The id of a user or group given by name or number.
pub fn id_of(ids: Ids, text: &str) -> Result<u32> {
    let by_name = match ids {
        Ids::Users => nix::unistd::User::from_name(text)
            .ok()
            .flatten()
            .map(|user| user.uid.as_raw()),
        Ids::Groups => nix::unistd::Group::from_name(text)
            .ok()
            .flatten()
            .map(|group| group.gid.as_raw()),
    };
    by_name.map_or_else(|| number(ids, text), Ok)
}

/// An id given by number.
pub fn number(ids: Ids, text: &str) -> Result<u32> {
    text.trim_start().parse().map_err(|_| Error::BadId {
        ids: ids.word().trim_end_matches('s').to_owned(),
        text: text.to_owned(),
    })
}

/// The name of a user, if it has one.
pub fn name_of(uid: u32) -> Option<String> {
    let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    user.map(|user| user.name)
}

/// The first range of further ids that I own, mapped from 0 on: `--map-auto`.
pub fn first_owned(ids: Ids, me: Me) -> Result<Range> {
    let uid = me.uid.as_raw();
    let user = name_of(uid).ok_or(Error::NoSuchUser { uid })?;
    let file = ids.registry();
    let text = std::fs::read_to_string(file).map_err(|error| Error::from_io(file, &error))?;
    let mut owned = owned(&text, &user, uid);
    let none = || Error::NoFurtherIds {
        user: user.clone(),
        file: file.to_owned(),
    };
    owned.next().ok_or_else(none)
}

/// The ranges of one user: lines `NAME:FIRST:COUNT`, where NAME may be a number.
fn owned(text: &str, user: &str, uid: u32) -> impl Iterator<Item = Range> {
    text.lines().filter_map(move |line| {
        let (owner, range) = line.split_once(':')?;
        let (first, count) = range.split_once(':')?;
        let mine = owner == user || owner.parse() == Ok(uid);
        let (outer, count) = (first.parse().ok()?, count.trim_end().parse().ok()?);
        mine.then_some(Range {
            outer,
            inner: 0,
            count,
        })
    })
}

/// All further ids of a user, for a diagnosis.
pub(crate) fn all_owned(ids: Ids, uid: u32) -> Vec<Range> {
    let text = std::fs::read_to_string(ids.registry()).unwrap_or_default();
    owned(&text, &name_of(uid).unwrap_or_default(), uid).collect()
}

/// The first id that nobody owns yet, for a remedy.
pub(crate) fn first_free(ids: Ids) -> u32 {
    let text = std::fs::read_to_string(ids.registry()).unwrap_or_default();
    let end = |line: &str| {
        let mut fields = line.trim_end().rsplit(':');
        let count: u32 = fields.next()?.parse().ok()?;
        fields.next()?.parse::<u32>().ok()?.checked_add(count)
    };
    let ends = text.lines().filter_map(end);
    ends.max().unwrap_or(0).max(100_000)
}

/// The group that passwd(5) gives a user.
pub(crate) fn primary_group(uid: u32) -> Option<u32> {
    let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    user.map(|user| user.gid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_by_name_or_number_and_never_by_chance() {
        let text = "learner:200000:65536\n1234:400000:10\nother:1:2\nbroken\n";
        let mine: Vec<_> = owned(text, "learner", 1234)
            .map(|range| range.outer)
            .collect();
        assert_eq!(mine, [200_000, 400_000]);
        // A name is not the number 0: root owns none of these.
        assert_eq!(owned(text, "root", 0).count(), 0);
    }
}
