//! Namespaces and processes in an order that shows who is below whom.

use std::collections::BTreeMap;

use crate::list::{Listing, Namespace};

/// Which relation puts one line below another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// None: a list.
    Flat,
    /// A process is the child of another.
    Process,
    /// A namespace is owned by a user namespace.
    Owner,
    /// A PID or user namespace was made inside of another.
    Parent,
}

/// A line: a namespace, and the process that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its inode.
    pub namespace: u64,
    /// The number of the process: the lowest, if it stands for all of them.
    pub pid: Option<i32>,
    /// The line that this one is below of.
    pub parent: Option<usize>,
}

/// The lines so far, and which of them a process or a namespace has.
struct Rows<'a> {
    listing: &'a Listing,
    relation: Relation,
    rows: Vec<Row>,
    of_process: BTreeMap<i32, usize>,
    of_namespace: BTreeMap<u64, usize>,
}

/// A line for each namespace; with `pid`, for those that this process is in.
pub fn namespaces(listing: &Listing, relation: Relation, pid: Option<i32>) -> Vec<Row> {
    let mut rows = Rows::new(listing, relation);
    let is_wanted = |namespace: &&Namespace| pid.is_none_or(|pid| namespace.members.contains(&pid));
    for namespace in listing.namespaces.values().filter(is_wanted) {
        rows.add_namespace(namespace);
    }
    rows.rows
}

/// A line for each process in a namespace.
pub fn processes(listing: &Listing, namespace: &Namespace, relation: Relation) -> Vec<Row> {
    let mut rows = Rows::new(listing, relation);
    for pid in &namespace.members {
        rows.add_process(namespace, *pid);
    }
    rows.rows
}

impl<'a> Rows<'a> {
    fn new(listing: &'a Listing, relation: Relation) -> Self {
        Rows {
            listing,
            relation,
            rows: Vec::new(),
            of_process: BTreeMap::new(),
            of_namespace: BTreeMap::new(),
        }
    }

    /// Adds those above it first, so that they have a line to be below of.
    fn add_namespace(&mut self, namespace: &Namespace) {
        if self.relation != Relation::Process && self.of_namespace.contains_key(&namespace.id) {
            return;
        }
        let above = self
            .above(namespace)
            .and_then(|id| self.listing.namespaces.get(&id));
        // Without a parent, the owner comes first all the same, only not as a parent.
        let first = match self.relation {
            Relation::Parent if above.is_none() => namespace.owner,
            _ => above.map(|above| above.id),
        };
        if let Some(first) = first.and_then(|id| self.listing.namespaces.get(&id)) {
            if first.id != namespace.id {
                self.add_namespace(first);
            }
        }
        let pid = namespace.members.first().copied();
        let parent = match self.relation {
            Relation::Flat => None,
            Relation::Process => pid.and_then(|pid| self.parent_row(pid)),
            Relation::Owner | Relation::Parent => {
                above.and_then(|above| self.of_namespace.get(&above.id).copied())
            }
        };
        self.push(Row {
            namespace: namespace.id,
            pid,
            parent,
        });
    }

    fn above(&self, namespace: &Namespace) -> Option<u64> {
        match self.relation {
            Relation::Owner => namespace.owner,
            Relation::Parent => namespace.parent,
            Relation::Flat | Relation::Process => None,
        }
    }

    fn add_process(&mut self, namespace: &Namespace, pid: i32) {
        if self.of_process.contains_key(&pid) {
            return;
        }
        let is_tree = self.relation == Relation::Process;
        let above = self.listing.processes.get(&pid).map(|process| process.ppid);
        let above = above.filter(|above| is_tree && namespace.members.contains(above));
        if let Some(above) = above {
            self.add_process(namespace, above);
        }
        let parent = is_tree.then(|| self.parent_row(pid)).flatten();
        self.push(Row {
            namespace: namespace.id,
            pid: Some(pid),
            parent,
        });
    }

    fn parent_row(&self, pid: i32) -> Option<usize> {
        let process = self.listing.processes.get(&pid)?;
        self.of_process.get(&process.ppid).copied()
    }

    fn push(&mut self, row: Row) {
        let at = self.rows.len();
        self.of_namespace.insert(row.namespace, at);
        if let Some(pid) = row.pid {
            self.of_process.insert(pid, at);
        }
        self.rows.push(row);
    }
}
