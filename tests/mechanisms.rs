//! A claim is shown only if it goes wrong when its mechanism is taken out: here it is taken
//! out, once per claim, while every word about it stays.
//!
//! The page is played as it is, but for one line before its first command: either
//! ERA_FAULT, which makes our programs leave out a call or a flag (see
//! `groundwork::inject`), or a PATH on which a tool of the system does the same.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One claim, on one page, and what is done to the machine.
struct Case {
    page: &'static str,
    claim: &'static str,
    fault: Fault,
}

#[derive(Clone, Copy)]
enum Fault {
    /// `chroot` only runs the command, and so does ours.
    NoChroot,
    /// `unshare` leaves this flag out, and so does ours.
    NoFlag(&'static str),
    /// Our programs leave this call out.
    Omitted(&'static str),
    /// `unshare` makes its user root of the new namespace, with every capability.
    StaysRoot,
    /// The learner's shell does not stand in the initial namespaces.
    AwayFromHome,
    /// `group` leads to plain folders: as on a hybrid machine, every line that is written by
    /// hand goes well and limits nobody. And our program leaves this file out, v2's or v1's.
    PlainGroup(&'static str, &'static str),
}

const fn case(page: &'static str, claim: &'static str, fault: Fault) -> Case {
    Case { page, claim, fault }
}

const CPU: Fault = Fault::PlainGroup("cpu.max", "cpu.cfs_quota_us");
const MEMORY: Fault = Fault::PlainGroup("memory.max", "memory.limit_in_bytes");
const PROCESSES: Fault = Fault::PlainGroup("cgroup.procs", "cgroup.procs");

const CASES: &[Case] = &[
    case("04-chroot", "4.1", Fault::NoChroot),
    case("04-chroot", "4.2", Fault::NoChroot),
    case("04-chroot", "4.3", Fault::NoChroot),
    case("04-chroot", "4.4", Fault::NoChroot),
    case("05-capabilities", "4.4", Fault::Omitted("prctl")),
    case("05-capabilities", "4.5", Fault::StaysRoot),
    case("05-capabilities", "4.6", Fault::Omitted("lsetxattr")),
    case("05-capabilities", "4.7", Fault::Omitted("capset")),
    case("05-capabilities", "4.7", Fault::StaysRoot),
    case("06-namespaces", "4.8", Fault::AwayFromHome),
    case("06-namespaces", "4.9", Fault::NoFlag("CLONE_NEWPID")),
    case("06-namespaces", "4.10", Fault::NoFlag("CLONE_NEWNET")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWNS")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWUTS")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWIPC")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWPID")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWNET")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWCGROUP")),
    case("06-namespaces", "4.11", Fault::NoFlag("CLONE_NEWTIME")),
    case("07-seccomp", "4.12", Fault::Omitted("prctl")),
    case("07-seccomp", "4.12", Fault::Omitted("seccomp")),
    case("07-seccomp", "4.13", Fault::Omitted("seccomp")),
    case("07-seccomp", "5.6", Fault::Omitted("seccomp")),
    case("08-cgroups", "4.14", CPU),
    case("08-cgroups", "4.15", MEMORY),
    case("08-cgroups", "4.16", PROCESSES),
];

/// The line that goes before the page's first command.
fn breaking(fault: Fault, tools: &Path) -> String {
    let tools = tools.display();
    match fault {
        Fault::NoChroot => {
            format!("host# export ERA_FAULT=chroot=omitted PATH={tools}/chroot:$PATH")
        }
        Fault::NoFlag(flag) => {
            format!("host# export ERA_FAULT={flag}=omitted PATH={tools}/unshare:$PATH")
        }
        Fault::Omitted(call) => {
            format!("host# export ERA_FAULT={call}=omitted\nhost$ export ERA_FAULT={call}=omitted")
        }
        Fault::StaysRoot => format!("host# export PATH={tools}/rooted:$PATH"),
        Fault::PlainGroup(v2, v1) => {
            let is_v2 = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
            let file = if is_v2 { v2 } else { v1 };
            let plain = "mv group gone; mkdir -p group group/{cpu,memory,pids}";
            format!("host$ export ERA_FAULT={file}=omitted; {plain}")
        }
        Fault::AwayFromHome => {
            let bash = "bash --noprofile --noediting --rcfile ../bashrc -i";
            format!("host$ exec unshare --user --map-root-user --uts {bash}")
        }
    }
}

/// Stand-ins for tools of the system: `chroot` that stays where it is, `unshare` that is
/// our own, so that ERA_FAULT reaches it, and one whose user is root whatever was asked for.
fn stand_ins(folder: &Path) {
    let tool = |place: &str, name: &str, text: &str| {
        let file = folder.join(place).join(name);
        std::fs::create_dir(folder.join(place)).unwrap();
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    tool("chroot", "chroot", "#!/bin/sh\nshift\nexec \"$@\"\n");
    tool("unshare", "unshare", "#!/bin/sh\nexec era-unshare \"$@\"\n");
    let rooted = "#!/bin/sh\nshift 2\nexec /usr/bin/unshare --user --map-root-user \"$@\"\n";
    tool("rooted", "unshare", rooted);
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The page with a line before its first command, up to the last block of the claim.
fn broken_page(page: &str, claim: &str, line: &str) -> String {
    let named = |block: &str| {
        let info = block.lines().next().unwrap_or_default();
        let claims = info
            .split_whitespace()
            .find_map(|word| word.strip_prefix("claim="));
        claims.is_some_and(|claims| claims.split(',').any(|one| one == claim))
    };
    let blocks: Vec<&str> = page.split("```console").collect();
    let last = blocks.iter().rposition(|block| named(block));
    let last = last.unwrap_or_else(|| panic!("no block says claim={claim}"));
    let kept = blocks[1..=last].join("```console");
    format!("{}```console\n{line}\n```\n\n```console{kept}", blocks[0])
}

/// Plays a page and says which blocks of the claim held, in order. Of twins, the one that is
/// for another machine says nothing here.
fn blocks_that_hold(text: &str, claim: &str, work: &Path) -> Vec<bool> {
    let page = work.join("page.md");
    std::fs::write(&page, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_era"))
        .args(["tour", "--auto", "--exact", "--json"])
        .arg(&page)
        .env("ERA_STATE", work.join("state"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let blocks = report["pages"][0]["blocks"].as_array().unwrap();
    let of_claim = blocks.iter().filter(|block| {
        let claims = block["claims"].as_array().unwrap();
        claims.iter().any(|one| one == claim)
    });
    let is_here = |block: &&Value| {
        let skipped = block["skipped"].as_str().unwrap_or_default();
        !skipped.starts_with("not for this machine")
    };
    let held: Vec<bool> = of_claim.filter(is_here).map(holds).collect();
    assert!(
        !held.is_empty(),
        "claim {claim} has no block for this machine"
    );
    held
}

fn holds(block: &Value) -> bool {
    let lines = block["lines"].as_array().unwrap();
    let facts = block["facts"].as_array().unwrap();
    block["stopped"].is_null()
        && block["skipped"].is_null()
        && lines.iter().all(|line| line["matched"] == true)
        && facts.iter().all(|fact| fact["instead"].is_null())
}

fn work_folder() -> tempfile::TempDir {
    let work = tempfile::tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(work.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(work.path().join("tools")).unwrap();
    stand_ins(&work.path().join("tools"));
    work
}

fn book_page(stem: &str) -> String {
    let file = format!("{}/../book/src/{stem}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).unwrap()
}

/// Plays the page of a case, broken; says so if nobody noticed.
fn unnoticed(Case { page, claim, fault }: &Case) -> Option<String> {
    let work = work_folder();
    let line = breaking(*fault, &work.path().join("tools"));
    let text = broken_page(&book_page(page), claim, &line);
    let held = blocks_that_hold(&text, claim, work.path());
    println!("{page} {claim} {line}: {held:?}");
    let all = held.iter().all(|held| *held);
    all.then(|| format!("{page} claim {claim}: holds even after\n  {line}"))
}

/// All cases of a page at once: a broken page waits most of the time, for what never comes.
fn claims_of(page: &'static str) {
    let unnoticed: Vec<_> = std::thread::scope(|scope| {
        let cases = CASES.iter().filter(|case| case.page == page);
        let playing: Vec<_> = cases.map(|case| scope.spawn(|| unnoticed(case))).collect();
        let played = playing.into_iter().map(|thread| thread.join().unwrap());
        played.flatten().collect()
    });
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

#[test]
fn without_its_mechanism_no_claim_of_chroot_is_shown() {
    claims_of("04-chroot");
}

#[test]
fn without_its_mechanism_no_claim_of_capabilities_is_shown() {
    claims_of("05-capabilities");
}

#[test]
fn without_its_mechanism_no_claim_of_namespaces_is_shown() {
    claims_of("06-namespaces");
}

#[test]
fn without_its_mechanism_no_claim_of_seccomp_is_shown() {
    claims_of("07-seccomp");
}

#[test]
fn without_its_mechanism_no_claim_of_cgroups_is_shown() {
    if support::needs("cgroup-delegated") {
        claims_of("08-cgroups");
    }
}

/// The other half of the proof: without a fault, neither the added line nor our unshare in
/// place of the system's breaks anything.
#[test]
fn a_line_that_breaks_nothing_leaves_every_claim_shown() {
    let work = work_folder();
    let ours = format!("PATH={}/unshare:$PATH", work.path().join("tools").display());
    let mut pages = vec![
        ("04-chroot", "4.4"),
        ("05-capabilities", "4.7"),
        ("06-namespaces", "4.11"),
        ("07-seccomp", "5.6"),
    ];
    if support::needs("cgroup-delegated") {
        pages.push(("08-cgroups", "4.16"));
    }
    for (page, claim) in pages {
        let line = format!("host# export ERA_NOTHING=1 {ours}");
        let text = broken_page(&book_page(page), claim, &line);
        let held = blocks_that_hold(&text, claim, work.path());
        assert!(held.iter().all(|held| *held), "{page} {claim}: {held:?}");
    }
}
