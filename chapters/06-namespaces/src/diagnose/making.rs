//! Namespaces that could not be made, and who is who in them.

use std::path::Path;

use groundwork::error::Advice;
use groundwork::host::{self, Facts};
use groundwork::kernel::CallError;
use nix::errno::Errno;

use super::{Capability, has, mentions, read, without};
use crate::kinds::Kind;
use crate::maps::{Ids, Range};
use crate::registry;

pub(super) fn unshare(kinds: &[Kind], call: &CallError) -> Option<Advice> {
    for kind in kinds {
        if !Path::new("/proc/self/ns").join(kind.name()).exists()
            && Path::new("/proc/self").exists()
        {
            return Some(Advice::because(format!(
                "this kernel has no {kind} namespaces: /proc/self/ns/{kind} is missing"
            )));
        }
        let setting = format!("/proc/sys/user/max_{kind}_namespaces");
        if call.errno() == Errno::ENOSPC && read(&setting) == "0" {
            return Some(Advice::new(
                format!("{setting} is 0: this machine allows none"),
                format!("as root: sysctl user.max_{kind}_namespaces=10000"),
            ));
        }
    }
    if kinds.contains(&Kind::User) {
        return host::user_namespaces(&Facts::here()).advice();
    }
    without(Capability::SysAdmin)
}

/// AppArmor lets a program make a user namespace, then takes its powers away: nothing that
/// it does inside succeeds.
pub(super) fn map(call: &CallError) -> Option<Advice> {
    let setting = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    if read(setting) == "1" && !has(Capability::SysAdmin) {
        return Some(Advice::new(
            "AppArmor lets a program make a user namespace here, then takes its powers away",
            "era doctor --fix apparmor   (a profile for our programs; nothing else changes)",
        ));
    }
    let allowed = read("/proc/self/setgroups");
    if mentions(call, "allow") && allowed == "deny" {
        return Some(Advice::new(
            "setgroups is denied in this user namespace already, and that is for good",
            "leave out --setgroups=allow, or start from a namespace that has it",
        ));
    }
    if mentions(call, "gid_map") && allowed == "allow" {
        return Some(Advice::because(
            "a group may only be mapped without privilege after setgroups is denied",
        ));
    }
    None
}

pub(super) fn add_further_ids(user: &str) -> String {
    let range = |ids| {
        let first = registry::first_free(ids);
        format!("{first}-{}", u64::from(first) + 65_535)
    };
    let (users, groups) = (range(Ids::Users), range(Ids::Groups));
    format!("as root: usermod --add-subuids {users} --add-subgids {groups} {user}")
}

pub(super) fn further_ids(program: &str, me: (u32, u32), first: u32, count: u32) -> Option<Advice> {
    let ids = [Ids::Users, Ids::Groups]
        .into_iter()
        .find(|ids| ids.helper() == program)?;
    let (uid, gid) = me;
    let user = registry::name_of(uid).unwrap_or_else(|| uid.to_string());
    let file = ids.registry();
    let last = u64::from(first) + u64::from(count) - 1;
    let owned = registry::all_owned(ids, uid);
    let has_it = owned.iter().any(|range| {
        let end = u64::from(range.outer) + u64::from(range.count);
        range.outer <= first && last < end
    });
    if has_it {
        let primary = registry::primary_group(uid).filter(|primary| *primary != gid)?;
        return Some(Advice::new(
            format!(
                "{user} has group {gid} now and {primary} in passwd: {program} wants them equal"
            ),
            format!("newgrp - {primary}"),
        ));
    }
    let fix = match owned.first() {
        Some(Range { outer, count, .. }) => format!(
            "choose from {outer}-{}, which {file} gives to {user}",
            outer + (count - 1)
        ),
        None => add_further_ids(&user),
    };
    let why = format!("{file} does not give {first}-{last} to {user}");
    Some(Advice::new(why, fix))
}

pub(super) fn identity(call: &CallError) -> Option<Advice> {
    if call.errno() == Errno::EINVAL {
        let file = if call.call.name == "setuid" {
            "uid_map"
        } else {
            "gid_map"
        };
        return Some(Advice::new(
            format!("no line of /proc/self/{file} has this id: it is nobody's in this namespace"),
            "map it: --map-root-user, --map-auto, --map-users",
        ));
    }
    if call.call.name == "setgroups" && read("/proc/self/setgroups") == "deny" {
        return Some(Advice::new(
            "setgroups is denied in this user namespace",
            "era-unshare: map groups by --map-auto or --map-groups; era-nsenter: add \
             --preserve-credentials",
        ));
    }
    None
}

pub(super) fn clock(call: &CallError) -> Option<Advice> {
    (call.errno() == Errno::ERANGE).then(|| {
        let uptime = read("/proc/uptime");
        let seconds = uptime.split('.').next().unwrap_or_default().to_owned();
        Advice::because(format!(
            "a clock may not go below zero: this machine runs for {seconds} s"
        ))
    })
}
