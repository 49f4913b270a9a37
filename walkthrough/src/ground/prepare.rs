//! What is in the folder of a ground: see the map in [`super`].

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown, symlink};
use std::path::Path;

use super::{Learner, enter};

/// A name that no other ground has.
pub(super) fn nonce() -> String {
    let mut bytes = [0_u8; 6];
    let read = fs::File::open("/dev/urandom")
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes));
    if read.is_err() {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        bytes.copy_from_slice(&now.as_nanos().to_le_bytes()[..6]);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fills the folder of a ground.
pub(super) fn prepare(folder: &Path, nonce: &str, learner: &Learner) -> std::io::Result<()> {
    let mut passable = fs::DirBuilder::new();
    passable.mode(0o711).recursive(true).create(folder)?;
    // mkdir is held back by the umask; chmod is not.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?;
    let mark = serde_json::json!({ "nonce": nonce, "pid": std::process::id(), "started": crate::proc::started("self"), "learner": learner.uid });
    fs::write(folder.join("ground.json"), format!("{mark}\n"))?;
    readable(&folder.join("bashrc"), &enter::bashrc(nonce))?;
    programs(&folder.join("bin"))?;
    let sandbox = folder.join("box");
    fs::create_dir(&sandbox)?;
    readable(&sandbox.join(".bashrc"), &enter::inner_bashrc(nonce))?;
    // Ubuntu's /etc/bash.bashrc prints a hint about sudo where this is missing.
    readable(&sandbox.join(".hushlogin"), "")?;
    fs::set_permissions(&sandbox, fs::Permissions::from_mode(0o711))?;
    if learner.other {
        for path in [".bashrc", ".hushlogin", ""] {
            chown(sandbox.join(path), Some(learner.uid), Some(learner.gid))?;
        }
    }
    Ok(())
}

fn readable(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// Our programs: one file, reachable by everybody, and its links. A hard link
/// where that is possible: a build that goes on beside us does not change it.
fn programs(bin: &Path) -> std::io::Result<()> {
    fs::create_dir(bin)?;
    fs::set_permissions(bin, fs::Permissions::from_mode(0o755))?;
    let era = bin.join("era");
    let this = std::env::current_exe()?;
    let linked = fs::metadata(&this)?.permissions().mode() & 0o005 == 0o005
        && fs::hard_link(&this, &era).is_ok();
    if !linked {
        fs::copy("/proc/self/exe", &era)?;
        fs::set_permissions(&era, fs::Permissions::from_mode(0o755))?;
    }
    for bins::Program { name, .. } in bins::PROGRAMS {
        symlink("era", bin.join(name))?;
    }
    Ok(())
}
