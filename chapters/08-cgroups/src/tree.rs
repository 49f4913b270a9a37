//! Every group of ours.

use std::collections::BTreeSet;
use std::path::Path;

use crate::group::{self, children};
use crate::home::Home;
use crate::name::Name;

impl Home {
    /// The names of our groups. What begins with a dot is a mark, see [`left`](crate::left).
    pub fn names(&self) -> Vec<String> {
        let folders = self.places.iter().flat_map(|place| children(&place.folder));
        let name = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
        let names: BTreeSet<_> = folders.filter_map(|folder| name(&folder)).collect();
        let is_group = |name: &String| name.parse::<Name>().is_ok();
        names.into_iter().filter(is_group).collect()
    }

    /// Whether there is a group of this name, in whichever tree.
    pub(crate) fn has(&self, name: &Name) -> bool {
        let mut folders = self
            .places
            .iter()
            .map(|place| place.folder.join(name.as_str()));
        folders.any(|folder| folder.is_dir())
    }

    /// Removes our own folder where nothing is left in it.
    pub(crate) fn leave(&self) {
        for place in &self.places {
            if place.folder.is_dir() && children(&place.folder).is_empty() {
                // Somebody else's group may have come meanwhile: then it stays.
                let _ = group::remove(&place.folder);
            }
        }
    }
}
