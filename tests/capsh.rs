//! The command lines with which libcap tests its own capsh (progs/quicktest.sh of libcap
//! 2.66), given to a front of the same shape on our calls, and to capsh itself: each ends as
//! expected, and both print the same sets.
//!
//! This program is its own front: started by a copy or a link whose name is not that of the
//! test, it takes the arguments of capsh. So it has a `main` of its own, and says what it
//! ran as other tests do.

mod support;

#[path = "capsh/front.rs"]
mod front;

use std::path::Path;

use support::programs::{sh, text};

/// How a line is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Well,
    Badly,
}
use Ends::{Badly, Well};

/// What is done to the files before a line, by our own program or by libcap's, the line
/// itself, and its end. `$N` is nobody's uid.
type Line = (&'static str, &'static str, Ends);

const LINES: &[Line] = &[
    ("", "--print", Well),
    ("", "--current", Well),
    ("", "== == == --modes", Well),
    // What libcap calls modes.
    (
        "$SET cap_setuid,cap_setgid=ep privileged",
        "--inh=cap_chown --mode=PURE1E --print --inmode=PURE1E",
        Well,
    ),
    ("", "--mode=NOPRIV --print --inmode=NOPRIV", Well),
    (
        "",
        "--mode=PURE1E --print --mode=NOPRIV --inmode=NOPRIV",
        Well,
    ),
    ("", "--mode=NOPRIV --print --mode=PURE1E", Badly),
    (
        "",
        "--user=nobody --mode=NOPRIV --print -- ./privileged",
        Badly,
    ),
    ("", "--mode=PURE1E --iab='!%cap_chown,cap_setuid'", Well),
    // Capabilities over a change of user.
    ("", "--keep=0 --keep=1 --keep=0 --keep=1 --print", Well),
    (
        "",
        r#"--uid=1 -- -c './tcapsh --keep=1 --caps="cap_net_raw,cap_net_bind_service=ip" --print --uid=1 --print --caps="cap_net_raw,cap_net_bind_service=pie" --print'"#,
        Well,
    ),
    (
        "",
        r#"--uid=1 -- -c './tcapsh --caps="cap_net_raw,cap_net_bind_service=ip cap_setuid=p" --print --cap-uid=2 --print --caps="cap_net_raw,cap_net_bind_service=pie" --print'"#,
        Well,
    ),
    (
        "",
        r#"--uid=1 -- -c './tcapsh --keep=1 --caps="cap_net_raw,cap_net_bind_service=ip" --uid=1 --forkfor=10 --caps= --print --killit=9 --print'"#,
        Well,
    ),
    // Securebits.
    ("", "--secbits=42 --print", Well),
    ("", "--secbits=32 --keep=1 --keep=0 --print", Badly),
    ("", "--secbits=10 --keep=0 --keep=1 --print", Well),
    ("", "--secbits=47 -- -c './tcapsh --uid=$N'", Badly),
    ("", "--secbits=47 --print -- -c './capsh --uid=$N'", Badly),
    (
        "",
        "--secbits=0x2f --print -- -c './privileged --uid=$N'",
        Well,
    ),
    // The bounding set, and who may take from it.
    (
        "",
        "--drop=cap_setuid --secbits=0x2f --print -- -c './privileged --uid=$N'",
        Badly,
    ),
    (
        "",
        "--caps='=ep cap_setpcap-ep' --drop=cap_setuid --current",
        Badly,
    ),
    (
        "",
        "--strict --caps='cap_setpcap=ep' --drop=cap_setuid --current",
        Well,
    ),
    (
        "",
        "--strict --caps='cap_setpcap=p' --drop=cap_setuid --current",
        Badly,
    ),
    (
        "",
        "--strict --caps='=ep cap_setpcap-e' --drop=cap_setuid --current",
        Badly,
    ),
    (
        "",
        "--strict --caps='cap_setpcap=p' --inh=cap_chown --current",
        Badly,
    ),
    ("", "--caps='cap_setpcap=p' --inh=cap_chown --current", Well),
    (
        "",
        "--strict --caps='cap_chown=p' --inh=cap_chown --current",
        Well,
    ),
    (
        "$SET cap_setuid,cap_setgid=ei privileged",
        "--secbits=47 --inh=cap_setuid,cap_setgid --drop=cap_setuid --uid=1 --print -- -c './privileged --uid=$N'",
        Well,
    ),
    // A script gets nothing by being set-user-ID.
    ("", "--uid=1 --inh=none --print -- ./setuid-script", Well),
    (
        "",
        "--keep=1 --uid=$N --caps=cap_setpcap=ep --drop=all --secbits=0xef --noamb --caps= --print",
        Well,
    ),
    // chroot.
    ("", "--chroot=$PWD", Well),
    ("", "-- -c './capsh --chroot=$PWD =='", Well),
    ("", "--chroot=$PWD -- -c 'echo oops'", Badly),
    // Ambient.
    ("", "--noamb", Well),
    (
        "",
        "--keep=1 --uid=$N --inh=cap_setuid --addamb=cap_setuid -- ./ambient-script",
        Well,
    ),
    (
        "$SET = privileged",
        "--keep=1 --uid=$N --inh=cap_setuid --addamb=cap_setuid -- -c './privileged --print --uid=1'",
        Badly,
    ),
    (
        "",
        "--keep=1 --uid=$N --strict --caps='cap_setuid=p cap_setpcap=ep' --inh=cap_setuid --addamb=cap_setuid --current",
        Well,
    ),
    (
        "",
        "--keep=1 --uid=$N --strict --caps='cap_setuid=p' --inh=cap_setuid --addamb=cap_setuid --current",
        Well,
    ),
    (
        "",
        "--keep=1 --uid=$N --strict --iab='!^cap_setuid' --caps='cap_setuid=pi' --current --delamb=cap_setuid --current",
        Well,
    ),
    (
        "$CLEAR privileged",
        "--keep=1 --uid=$N --inh=cap_setuid --addamb=cap_setuid -- -c './privileged --print --uid=1'",
        Well,
    ),
    ("", "--iab='!%cap_chown,^cap_setpcap,cap_setuid'", Well),
    ("", "--mode=PURE1E --iab='!%cap_chown,^cap_setuid'", Badly),
    // Capabilities that count in other namespaces only.
    (
        "$SET_FOR_1 all=ep privileged",
        "--secbits=0xef --noamb --print -- -c './privileged --uid=$N'",
        Badly,
    ),
];

/// capsh, and what is made of it, with all that it needs in a root of its own.
fn prepare(folder: &Path, capsh: &Path) {
    let output = sh(&format!(
        r#"set -e; umask 022; cd {folder}
        cp {capsh} capsh; cp capsh privileged; cp capsh tcapsh; chmod u+s tcapsh
        cp --parents $(ldd capsh | grep -o '/[^ ]*') .
        printf '#!/bin/bash\ngrep CapPrm /proc/$$/status\n[ "$(grep -c "CapPrm:.0000000000000000" /proc/$$/status)" = 1 ]\n' >setuid-script
        printf '#!/bin/bash\n[ "$(grep -c "CapPrm:.0000000000000080" /proc/$$/status)" = 1 ]\n' >ambient-script
        chmod 6755 setuid-script; chmod 755 ambient-script"#,
        folder = folder.display(),
        capsh = capsh.display(),
    ));
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// How a line ended, and what was printed of sets: line by line, or capsh keeps it to itself
/// and loses it in execve.
fn run(folder: &Path, (before, line, _): &Line, tools: &str) -> (Ends, Vec<String>, String) {
    let output = sh(&format!(
        "cd {}; N=65534; {tools}; {before}\nexec stdbuf -oL ./capsh {}",
        folder.display(),
        line.replace("$N", "65534")
            .replace("$PWD", &folder.display().to_string()),
    ));
    let ended = if output.status.success() { Well } else { Badly };
    let said = text(&output.stdout);
    let sets = ["Current: ", "Bounding set ", "Ambient set ", "Securebits: "];
    let lines = said
        .lines()
        .filter(|line| sets.iter().any(|set| line.starts_with(set)));
    let lines = lines.map(str::to_owned).collect();
    (ended, lines, text(&output.stderr))
}

const OURS: &str = "SET='era-caps file set'; CLEAR='era-caps file clear'; \
                    SET_FOR_1='era-caps file set --root-id 1'";
const THEIRS: &str = "SET=setcap; CLEAR='setcap -r'; SET_FOR_1='setcap -n 1'";

fn the_lines_of_libcaps_quicktest_end_as_expected_with_ours_and_with_capsh() {
    let folder = || {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), all).unwrap();
        folder
    };
    let (ours, theirs) = (folder(), folder());
    prepare(ours.path(), &std::env::current_exe().unwrap());
    let capsh = text(&sh("command -v capsh").stdout);
    prepare(theirs.path(), Path::new(capsh.trim_end()));
    let mut differing = 0;
    for line in LINES {
        let (we, our_sets, said) = run(ours.path(), line, OURS);
        let (they, their_sets, they_said) = run(theirs.path(), line, THEIRS);
        if we != line.2 || they != line.2 || our_sets != their_sets {
            eprintln!("--- {line:?}\nours: {we:?} {our_sets:#?}\n{said}");
            eprintln!("capsh: {they:?} {their_sets:#?}\n{they_said}");
            differing += 1;
        }
    }
    assert_eq!(differing, 0, "of {} lines", LINES.len());
}

fn main() {
    let mut args = std::env::args_os();
    let myself = args.next().unwrap_or_default();
    let name = Path::new(&myself).file_name().unwrap_or_default();
    if ["capsh", "privileged", "tcapsh"]
        .iter()
        .any(|front| name == *front)
    {
        let args = args.map(|arg| arg.into_string().expect("a test's own words"));
        std::process::exit(front::main(myself.clone(), args.collect()));
    }
    if args.any(|arg| arg == "--list") {
        return;
    }
    let is_root = nix::unistd::Uid::effective().is_root();
    let why = "set-user-ID files and a second user are root's to make";
    if support::needs("setcap") && support::programs::probed("root", is_root, why) {
        the_lines_of_libcaps_quicktest_end_as_expected_with_ours_and_with_capsh();
        println!(
            "{} lines ended as expected with ours and with capsh",
            LINES.len()
        );
    }
}
