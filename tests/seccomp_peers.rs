//! Our compiler and libseccomp give the same verdicts for the same rules; and libseccomp's
//! own simulator reads our programs as we do.

mod support;

#[path = "bench/seccomp_cost.rs"]
mod cost;
#[path = "seccomp_peers/libseccomp.rs"]
mod libseccomp;
#[path = "../chapters/07-seccomp/tests/support/random.rs"]
mod random;
#[path = "seccomp_peers/simulator.rs"]
mod simulator;
#[path = "seccomp_peers/suite.rs"]
mod suite;

use std::process::Command;

use fastrand::Rng;
use libseccomp::{Libseccomp, Search};
use random::Rules;
use seccomp::arch::X32_BIT;
use seccomp::profile::find::DOCKER_CAPABILITIES;
use seccomp::profile::oci::{self, Context};
use seccomp::{Arch, Data, Profile, calls, compile, interpret};
use simulator::{simulate, word};
use support::needs;

/// Where Debian's package golang-github-docker-docker-dev has Docker's default profile, and
/// golang-github-containers-common has Podman's.
const DOCKER: &str = "/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json";
const PODMAN: &str = "/usr/share/containers/seccomp.json";

/// A profile in a file, for a machine and capabilities.
fn engine(file: &str, arch: Arch, capabilities: &[&str]) -> Profile {
    let context = Context {
        arch,
        capabilities: capabilities.iter().map(|name| name.to_string()).collect(),
        kernel: (6, 1),
    };
    let text = std::fs::read_to_string(file).unwrap();
    oci::load(&text, &context).unwrap()
}

/// A call, and the rules that are about it.
fn told(profile: &Profile, data: &Data) -> String {
    let arch = Arch::of_call(data.arch, data.nr);
    let name = arch
        .and_then(|arch| calls::name(arch, data.nr))
        .unwrap_or("?");
    let mut text = format!("{name} {:#x} of {arch:?} {:x?}:", data.nr, data.args);
    text += &format!("\n  {:?}, else {}", profile.archs, profile.default);
    for rule in &profile.rules {
        if rule
            .calls
            .iter()
            .any(|call| call == name || name.ends_with("call") || name == "ipc")
        {
            text += &format!("\n  {:?} {} if", rule.calls, rule.action);
            for arg in &rule.args {
                let (value, two) = (arg.value, arg.value_two);
                text += &format!(" [{}] {:?} {value:#x} {two:#x}", arg.index, arg.op);
            }
        }
    }
    text
}

/// How our verdicts and libseccomp's compare.
#[derive(Debug, Default)]
struct Compared {
    calls: usize,
    /// libseccomp's verdict is of no rule that holds: its tree has lost one, or compares a
    /// register that holds something else by then.
    lost: usize,
    /// Several rules hold, and another wins.
    other: usize,
    /// The first that differs.
    first: Option<String>,
}

fn compared(
    peer: &Libseccomp,
    profiles: &[Profile],
    search: Search,
    mut calls: impl FnMut(&Profile) -> Vec<Data>,
) -> Compared {
    let mut compared = Compared::default();
    // What libseccomp refuses (two rules of the same conditions that differ) has no verdict.
    let made = peer.compile(profiles, search).into_iter();
    for (profile, theirs) in profiles
        .iter()
        .zip(made)
        .filter(|(_, made)| made.error == 0)
    {
        let ours = compile(profile).unwrap();
        for data in calls(profile) {
            compared.calls += 1;
            let (our, their) = (interpret(&ours, &data), interpret(&theirs.filter, &data));
            if our.value != their.value {
                let said = random::said(profile, &data);
                assert!(said.contains(&our.action), "{}", told(profile, &data));
                match said.contains(&their.action) {
                    true => compared.other += 1,
                    false => compared.lost += 1,
                }
                let (our, their) = (our.action, their.action);
                let text = || format!("{our} instead of {their}: {}", told(profile, &data));
                compared.first.get_or_insert_with(text);
            }
        }
    }
    compared
}

/// Every number that means something, and those around; with arguments as the rules have them.
fn all_calls(rng: &mut Rng, profile: &Profile) -> Vec<Data> {
    let mut all = random::calls_for(rng, profile, 12);
    for arch in Arch::ALL {
        let bit = if arch == Arch::X32 { X32_BIT } else { 0 };
        for number in (0..620).chain([u32::MAX - bit, 0x3fff_ffff]) {
            all.push(Data::new(arch, number | bit, [0; 6]));
            all.push(Data::new(arch, number | bit, [u64::MAX; 6]));
        }
    }
    all
}

/// The numbers of calls in a header of this machine's kernel: `#define __NR_read 0`.
fn header(name: &str) -> Vec<(String, u32)> {
    let output = Command::new("cc")
        .args([
            "-E",
            "-dM",
            "-D__ILP32__",
            "-include",
            name,
            "-x",
            "c",
            "/dev/null",
        ])
        .output()
        .expect("cc starts");
    let text = String::from_utf8(output.stdout).unwrap();
    let define = |line: &str| {
        let (name, value) = line.strip_prefix("#define __NR_")?.split_once(' ')?;
        let x32 = value.strip_prefix("(__X32_SYSCALL_BIT + ");
        let number = x32.map_or(value, |value| value.trim_end_matches(')'));
        let number: u32 = number.parse().ok()?;
        Some((
            name.to_owned(),
            number | if x32.is_some() { X32_BIT } else { 0 },
        ))
    };
    text.lines().filter_map(define).collect()
}

#[test]
fn our_tables_have_every_call_of_the_kernels_headers() {
    if !needs("cc") {
        return;
    }
    let headers: &[_] = match Arch::native() {
        Arch::Aarch64 => &[(Arch::Aarch64, "asm/unistd.h")],
        _ => &[
            (Arch::X86_64, "asm/unistd_64.h"),
            (Arch::X86, "asm/unistd_32.h"),
            (Arch::X32, "asm/unistd_x32.h"),
        ],
    };
    for (arch, name) in headers {
        let calls = header(name);
        assert!(calls.len() > 280, "{name}: {}", calls.len());
        for (call, number) in calls {
            assert_eq!(calls::number(*arch, &call), Some(number), "{arch} {call}");
        }
    }
}

#[test]
fn verdicts_of_the_engines_profiles_are_libseccomps() {
    if !(needs("libseccomp") && needs("engine-profiles")) {
        return;
    }
    let peer = Libseccomp::build();
    let mut rng = Rng::with_seed(12);
    for file in [DOCKER, PODMAN] {
        for capabilities in [
            &DOCKER_CAPABILITIES[..],
            &[],
            &["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"],
        ] {
            for arch in [Arch::X86_64, Arch::Aarch64] {
                let whole = engine(file, arch, capabilities);
                let mut alone = whole.clone();
                alone.archs = vec![arch];
                for search in [Search::List, Search::Tree] {
                    let profiles = [whole.clone(), alone.clone()];
                    let calls = |profile: &Profile| all_calls(&mut rng, profile);
                    let compared = compared(&peer, &profiles, search, calls);
                    assert!(compared.calls > 8000, "{compared:?}");
                    assert_eq!(compared.first, None, "{file} {search:?}");
                }
            }
        }
    }
}

/// What libseccomp would make of our own profile, for whoever gives it to an engine.
#[test]
fn verdicts_of_our_default_profile_are_libseccomps() {
    if !needs("libseccomp") {
        return;
    }
    let peer = Libseccomp::build();
    let mut rng = Rng::with_seed(17);
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let ours = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../chapters/07-seccomp/src/profile/default.json"
        );
        let mut profile = engine(ours, arch, &[]);
        // Debian 12's libseccomp does not know the names of the youngest calls.
        let is_young = |call: &str| {
            let number = calls::number(arch, call);
            ["uprobe", "uretprobe"].contains(&call) || number.is_some_and(|it| it >= 449)
        };
        for rule in &mut profile.rules {
            rule.calls.retain(|call| !is_young(call));
        }
        for search in [Search::List, Search::Tree] {
            let calls = |profile: &Profile| all_calls(&mut rng, profile);
            let compared = compared(&peer, &[profile.clone()], search, calls);
            assert!(compared.calls > 4000, "{compared:?}");
            assert_eq!(compared.first, None, "{arch} {search:?}");
        }
    }
}

#[test]
fn verdicts_of_plain_rules_are_libseccomps() {
    if !needs("libseccomp") {
        return;
    }
    let mut rng = Rng::with_seed(13);
    let profiles: Vec<_> = (0..3000)
        .map(|_| random::profile(&mut rng, Rules::Plain))
        .collect();
    let calls = |profile: &Profile| random::calls_for(&mut rng, profile, 6);
    let compared = compared(&Libseccomp::build(), &profiles, Search::Tree, calls);
    assert!(compared.calls > 50_000, "{compared:?}");
    assert_eq!(compared.first, None);
}

/// Rules with several conditions, of which libseccomp's tree now and then loses one: its
/// verdict is then none that any rule gives.
#[test]
fn verdicts_of_any_rules_are_libseccomps_unless_it_loses_a_rule() {
    if !needs("libseccomp") {
        return;
    }
    let mut rng = Rng::with_seed(14);
    let peer = Libseccomp::build();
    for (rules, others) in [(Rules::Agree, 0), (Rules::Differ, 5_000)] {
        let profiles: Vec<_> = (0..600).map(|_| random::profile(&mut rng, rules)).collect();
        let calls = |profile: &Profile| random::calls_for(&mut rng, profile, 6);
        let compared = compared(&peer, &profiles, Search::Tree, calls);
        assert!(compared.calls > 80_000, "{compared:?}");
        // At most two in a thousand; and where several rules hold, one in five thousand.
        assert!(compared.lost <= compared.calls / 500, "{compared:?}");
        assert!(
            compared.other <= compared.calls.checked_div(others).unwrap_or(0),
            "{compared:?}"
        );
    }
}

#[test]
fn the_filter_of_dockers_profile_is_no_longer_than_libseccomps_tree() {
    if !(needs("libseccomp") && needs("engine-profiles")) {
        return;
    }
    let whole = engine(DOCKER, Arch::X86_64, &DOCKER_CAPABILITIES);
    assert_eq!(whole.archs, [Arch::X86_64, Arch::X86, Arch::X32]);
    let mut alone = whole.clone();
    alone.archs = vec![Arch::X86_64];
    let profiles = [alone, whole];
    let made = Libseccomp::build().compile(&profiles, Search::Tree);
    // What libseccomp 2.5.4 made of it, with CTL_OPTIMIZE=2.
    for ((profile, theirs), most) in profiles.iter().zip(made).zip([394, 1200]) {
        let ours = compile(profile).unwrap();
        let (our, their) = (
            ours.instructions().len(),
            theirs.filter.instructions().len(),
        );
        println!(
            "{:?}: {our} instructions, libseccomp {their}",
            profile.archs
        );
        assert!(our <= most && our <= their);
        // And it executes no more of them, for calls that the kernel does not remember.
        for (name, argument) in [
            ("personality", 0xffff_ffff),
            ("clone", 0x11),
            ("clone", 0x7e02_0000),
            ("mount", 0),
            ("clone3", 0),
        ] {
            let number = calls::number(Arch::X86_64, name).unwrap();
            let data = Data::new(Arch::X86_64, number, [argument, 0, 0, 0, 0, 0]);
            let steps = |filter| interpret(filter, &data).path.len();
            let (our, their) = (steps(&ours), steps(&theirs.filter));
            println!("  {name} {argument:#x}: {our} executed, libseccomp {their}");
            assert!(our <= their, "{name}");
        }
    }
}

#[test]
fn libseccomps_simulator_reads_our_programs_as_we_do() {
    if !needs("seccomp-sim") {
        return;
    }
    let mut rng = Rng::with_seed(15);
    let mut profiles: Vec<_> = (0..20)
        .map(|_| random::profile(&mut rng, Rules::Differ))
        .collect();
    if needs("engine-profiles") {
        profiles.push(engine(DOCKER, Arch::X86_64, &DOCKER_CAPABILITIES));
    }
    for profile in &profiles {
        let filter = compile(profile).unwrap();
        let mut calls = random::calls_for(&mut rng, profile, 1);
        calls.retain(|data| Arch::of_call(data.arch, data.nr).is_some());
        calls.truncate(150);
        for (data, theirs) in calls.iter().zip(simulate(&filter, &calls)) {
            let ours = interpret(&filter, data).action;
            assert_eq!(theirs, word(ours), "{}", told(profile, data));
        }
    }
}

#[test]
fn programs_of_libseccomps_own_tests_do_what_it_wants_of_them() {
    if !needs("seccomp-sim") {
        return;
    }
    let judged = suite::run();
    println!("{judged} calls");
    assert!(judged > 2000, "{judged}");
}

#[test]
fn the_kernel_takes_our_programs_and_answers_by_them() {
    if !(needs("cc") && needs("seccomp") && needs("engine-profiles")) {
        return;
    }
    let mut profile = engine(DOCKER, Arch::native(), &DOCKER_CAPABILITIES);
    let caller = cost::Caller::build();
    assert_eq!(caller.call(&compile(&profile).unwrap(), 1).len(), 4);
    profile.archs = vec![Arch::native()];
    assert_eq!(caller.call(&compile(&profile).unwrap(), 1).len(), 4);
}

/// tests/bench/run calls
#[test]
#[ignore = "a measurement, for a machine on which nothing else runs"]
fn a_call_costs_no_more_than_a_tenth_above_libseccomps_tree() {
    assert!(needs("libseccomp") && needs("engine-profiles") && needs("seccomp"));
    let whole = engine(DOCKER, Arch::X86_64, &DOCKER_CAPABILITIES);
    let mut alone = whole.clone();
    alone.archs = vec![Arch::X86_64];
    let theirs = Libseccomp::build().compile(&[alone.clone(), whole.clone()], Search::Tree);
    let mut worse = Vec::new();
    for (profile, theirs) in [alone, whole].iter().zip(theirs) {
        let ours = compile(profile).unwrap();
        println!(
            "{:?}: ns behind our filter, behind libseccomp's",
            profile.archs
        );
        for (call, [our, their]) in cost::by_turns(&ours, &theirs.filter) {
            println!("  {call:<12} {our:>7.1} {their:>7.1}   {:.2}", our / their);
            if our > 1.1 * their {
                worse.push(call);
            }
        }
    }
    assert_eq!(worse, [""; 0]);
}
