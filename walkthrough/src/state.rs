//! Where things are kept: `--state`, else `ERA_STATE`, else `/var/lib/era` for
//! root and the XDG folders for others.

use std::path::PathBuf;

/// The environment, as far as this project looks at it: read once, at the door.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The state folder.
    pub state: PathBuf,
    /// For sockets: lives as long as the login.
    pub runtime: PathBuf,
    /// The user behind sudo.
    pub sudo_uid: Option<String>,
    /// Nobody wants colour.
    pub no_color: bool,
}

impl Surroundings {
    /// Reads the environment; `state` comes from the command line.
    pub fn read(state: Option<PathBuf>) -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = nix::unistd::geteuid().is_root();
        let home = variable("HOME").map(PathBuf::from);
        let home = home.or_else(home_of_user).unwrap_or_else(|| "/tmp".into());
        let default_state = || {
            let xdg = || {
                variable("XDG_STATE_HOME").map_or_else(|| home.join(".local/state"), PathBuf::from)
            };
            if root {
                PathBuf::from("/var/lib/era")
            } else {
                xdg().join("era")
            }
        };
        let asked_for = state.or_else(|| variable("ERA_STATE").map(PathBuf::from));
        let everything_there = asked_for.is_some();
        let state = asked_for.unwrap_or_else(default_state);
        let runtime = match variable("XDG_RUNTIME_DIR") {
            _ if everything_there => state.join("run"),
            _ if root => PathBuf::from("/run/era"),
            Some(folder) => PathBuf::from(folder).join("era"),
            None => state.join("run"),
        };
        Self {
            state: std::path::absolute(&state).unwrap_or(state),
            runtime,
            sudo_uid: variable("SUDO_UID").and_then(|uid| uid.into_string().ok()),
            no_color: variable("NO_COLOR").is_some(),
        }
    }
}

/// What the list of users says, where the environment says nothing.
fn home_of_user() -> Option<PathBuf> {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok()??;
    user.dir.is_dir().then_some(user.dir)
}
