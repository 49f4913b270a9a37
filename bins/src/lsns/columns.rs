//! The columns of `era-lsns`, as lsns(8) has them.

use groundwork::mountinfo::{self, MountPoint};
use namespaces::list::{Listing, Namespace, Process};
use namespaces::registry;
use namespaces::tree::Row;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Ns,
    Type,
    Path,
    Nprocs,
    Pid,
    Ppid,
    Command,
    Uid,
    User,
    Netnsid,
    Nsfs,
    Pns,
    Ons,
}

/// What stands in a column of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Nothing,
    Number(u64),
    Text(String),
    /// Each on a line of its own.
    Lines(Vec<String>),
}

impl Column {
    pub(super) const ALL: [Column; 13] = [
        Column::Ns,
        Column::Type,
        Column::Path,
        Column::Nprocs,
        Column::Pid,
        Column::Ppid,
        Column::Command,
        Column::Uid,
        Column::User,
        Column::Netnsid,
        Column::Nsfs,
        Column::Pns,
        Column::Ons,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Column::Ns => "NS",
            Column::Type => "TYPE",
            Column::Path => "PATH",
            Column::Nprocs => "NPROCS",
            Column::Pid => "PID",
            Column::Ppid => "PPID",
            Column::Command => "COMMAND",
            Column::Uid => "UID",
            Column::User => "USER",
            Column::Netnsid => "NETNSID",
            Column::Nsfs => "NSFS",
            Column::Pns => "PNS",
            Column::Ons => "ONS",
        }
    }

    pub(super) fn by_name(name: &str) -> Option<Column> {
        Column::ALL
            .into_iter()
            .find(|column| column.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn is_right_aligned(self) -> bool {
        !matches!(
            self,
            Column::Type | Column::Path | Column::Command | Column::User | Column::Nsfs
        )
    }
}

/// Where the cells come from.
pub(super) struct Source<'a> {
    listing: &'a Listing,
    /// Namespaces that are kept by a mount, if anybody asks.
    kept: Vec<MountPoint>,
}

impl<'a> Source<'a> {
    pub(super) fn new(listing: &'a Listing, columns: &[Column]) -> Self {
        let mut kept = Vec::new();
        if columns.contains(&Column::Nsfs) {
            kept = mountinfo::all();
            kept.retain(|mount| mount.fs_type == "nsfs");
        }
        Source { listing, kept }
    }

    pub(super) fn cell(&self, column: Column, row: &Row) -> Cell {
        let namespace = &self.listing.namespaces[&row.namespace];
        let process = row.pid.and_then(|pid| self.listing.processes.get(&pid));
        let of_process = |read: &dyn Fn(&Process) -> Cell| process.map_or(Cell::Nothing, read);
        let uid = process.map_or(namespace.maker, |process| process.uid);
        match column {
            Column::Ns => Cell::Number(namespace.id),
            Column::Type => Cell::Text(namespace.kind.to_string()),
            Column::Path => of_process(&|process| {
                Cell::Text(format!("/proc/{}/ns/{}", process.pid, namespace.kind))
            }),
            Column::Nprocs => Cell::Number(namespace.members.len() as u64),
            Column::Pid => of_process(&|process| Cell::Number(process.pid as u64)),
            Column::Ppid => of_process(&|process| Cell::Number(process.ppid as u64)),
            Column::Command => of_process(&|process| Cell::Text(process.command())),
            Column::Uid => Cell::Number(uid.into()),
            Column::User => Cell::Text(registry::name_of(uid).unwrap_or_else(|| uid.to_string())),
            Column::Netnsid => namespace.network_id().map_or(Cell::Nothing, Cell::Text),
            Column::Nsfs => self.mounts_of(namespace),
            Column::Pns => Cell::Number(namespace.parent.unwrap_or(0)),
            Column::Ons => Cell::Number(namespace.owner.unwrap_or(0)),
        }
    }

    /// Where a namespace is kept: mountinfo shows its link as the root of the mount.
    fn mounts_of(&self, namespace: &Namespace) -> Cell {
        let link = format!("{}:[{}]", namespace.kind, namespace.id);
        let mut places: Vec<String> = Vec::new();
        for mount in self
            .kept
            .iter()
            .filter(|mount| mount.root.as_os_str() == link.as_str())
        {
            let place = mount.at.display().to_string();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        match places.is_empty() {
            true => Cell::Nothing,
            false => Cell::Lines(places),
        }
    }
}

impl Cell {
    /// As one word or line.
    pub(super) fn joined(&self) -> String {
        match self {
            Cell::Nothing => String::new(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
            Cell::Lines(lines) => lines.join(","),
        }
    }
}
