//! A profile of our own: what a container is not to call, by group, with the reason.
//!
//! The text is the profile, in Docker's form, so that an engine can use it as it is. The
//! reasons stand in it as comments, `GROUP: REASON`.

use serde::Deserialize;

/// The profile as an engine reads it.
pub const TEXT: &str = include_str!("default.json");

/// Calls that are refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// In one word.
    pub name: String,
    /// Why.
    pub reason: String,
    /// The error that they get.
    pub errno: u16,
    /// Which they are. A call with a condition is refused only where it holds.
    pub calls: Vec<Refused>,
}

/// A call that is refused, perhaps on a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub call: String,
    /// Which kind of it, where it is not refused altogether: `CLONE_NEWNS`, `AF_VSOCK`.
    pub only: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    syscalls: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    comment: String,
    names: Vec<String>,
    #[serde(default)]
    args: Vec<serde_json::Value>,
    errno_ret: Option<u16>,
}

/// What the default profile refuses, in groups.
pub fn groups() -> Vec<Group> {
    let text: Text = serde_json::from_str(TEXT).expect("a test has read it");
    let mut groups: Vec<Group> = Vec::new();
    for entry in text.syscalls {
        let (Some(errno), Some((name, rest))) = (entry.errno_ret, entry.comment.split_once(": "))
        else {
            continue;
        };
        let conditional = !entry.args.is_empty();
        let refused = entry.names.into_iter().map(|call| Refused {
            call,
            only: conditional.then(|| rest.to_owned()),
        });
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.calls.extend(refused),
            None => groups.push(Group {
                name: name.to_owned(),
                reason: rest.to_owned(),
                errno,
                calls: refused.collect(),
            }),
        }
    }
    groups
}
