//! What tests are held against, and no learner needs.

use std::path::Path;

use super::child::{self, Stopped};
use super::tools::{PATIENCE, find, install};
use super::{Facts, Seen, State};

/// Where Debian's packages have the profiles of the engines.
const PROFILES: [(&str, &str); 2] = [
    (
        "/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json",
        "golang-github-docker-docker-dev",
    ),
    (
        "/usr/share/containers/seccomp.json",
        "golang-github-containers-common",
    ),
];

/// Whether a C program can use libseccomp: a compiler is asked to read its header.
pub(super) fn libseccomp(facts: &Facts) -> Seen {
    let args = [
        "-fsyntax-only",
        "-include",
        "seccomp.h",
        "-x",
        "c",
        "/dev/null",
    ];
    let tried = facts.look("libseccomp", || {
        let cc = find(facts, "cc").ok_or_else(|| Stopped::Untried("no cc in PATH".to_owned()))?;
        match child::output(PATIENCE, &cc, &args, facts.environment())?.status {
            0 => Ok("cc reads seccomp.h".to_owned()),
            _ => Err(Stopped::Untried("cc finds no seccomp.h".to_owned())),
        }
    });
    let packages =
        ["libseccomp-dev", "libseccomp-devel", "libseccomp"].map(|it| format!("gcc {it}"));
    let [debian, fedora, arch] = &packages;
    seen(tried, || install(facts, debian, fedora, arch))
}

/// libseccomp's simulator, which no distribution has as a package.
pub(super) fn simulator(facts: &Facts) -> Seen {
    let tried = facts.look("seccomp-sim", || {
        let unset = || Stopped::Untried("ERA_LIBSECCOMP names no built source of it".to_owned());
        let source = facts.variable("ERA_LIBSECCOMP").ok_or_else(unset)?;
        let program = Path::new(source).join("tools/scmp_bpf_sim");
        // Its usage ends with EINVAL.
        match child::output(PATIENCE, &program, &["-h"], facts.environment())?.status {
            22 => Ok(format!("{} runs", program.display())),
            status => Err(Stopped::Failed(format!(
                "{} -h ends with status {status}",
                program.display()
            ))),
        }
    });
    seen(tried, || {
        "ERA_LIBSECCOMP=FOLDER .ci/run libseccomp builds it there".to_owned()
    })
}

/// The profiles that Docker and Podman give a container.
pub(super) fn profiles(facts: &Facts) -> Seen {
    match PROFILES.iter().find(|(file, _)| !facts.exists(file)) {
        Some((file, package)) => {
            Seen::absent(format!("no {file}")).fix(format!("sudo apt install {package}"))
        }
        None => Seen::works("those of Docker and Podman are here"),
    }
}

fn seen(tried: Result<String, Stopped>, fix: impl FnOnce() -> String) -> Seen {
    match tried {
        Ok(what) => Seen::works(what),
        Err(Stopped::Untried(why)) => Seen::absent(why).fix(fix()),
        Err(stopped) => Seen::new(State::Refused, stopped.to_string()).fix(fix()),
    }
}
