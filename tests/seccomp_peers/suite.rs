//! Programs of libseccomp's own tests, their rules said in LXC's words; what becomes of which
//! call is read from its source at test time.

use seccomp::profile::{Rule, lxc};
use seccomp::{Action, Arch, Data, Profile, calls, compile, interpret, multiplex};

use crate::simulator::{simulate, source, word};

/// For which architectures a program of the suite filters.
enum For {
    /// For the one that it runs on, whichever it is.
    Native,
    /// For these.
    These(&'static [Arch]),
}

use For::{Native, These};

const ALL_X86: For = These(&[Arch::X86, Arch::X86_64, Arch::X32]);

/// Each by the name of its file: 15 of 40 that are for the simulator.
const PROGRAMS: [(&str, For, &str); 14] = [
    (
        "02-sim-basic",
        Native,
        "allowlist\nread\nwrite\nclose\nrt_sigreturn",
    ),
    (
        "03-sim-basic_chains",
        Native,
        "allowlist\nread [0,0,==]\nwrite [0,1,==]\nwrite [0,2,==]\nclose\nrt_sigreturn",
    ),
    (
        "04-sim-multilevel_chains",
        Native,
        "allowlist\nopenat\nclose\nread [0,0,==][1,0,!=][2,MOST,<]
        write [0,1,==][1,0,!=][2,MOST,<]\nwrite [0,2,==][1,0,!=][2,MOST,<]\nrt_sigreturn",
    ),
    (
        "08-sim-subtree_checks",
        Native,
        "allowlist\n1000 [0,0,==][1,1,==]\n1000 [1,1,==]\n1001 [1,1,==]\n1001 [0,0,==][1,1,==]
        1002 [0,0,==][1,1,==][2,2,==][3,3,==]\n1002 [1,1,==][2,2,==]
        1003 [1,1,==][2,2,==]\n1003 [0,0,==][1,1,==][2,2,==][3,3,==]
        1004 [0,0,==][1,1,==][2,2,==][3,3,==]\n1004 [0,0,==][1,11,==]
        1004 [0,0,==][1,1,==][2,2,==][3,33,==]\n1004 [1,1,==][2,2,==]
        1005 [1,1,==][2,2,==]\n1005 [0,0,==][1,1,==][2,2,==][3,3,==]
        1005 [0,0,==][1,11,==]\n1005 [0,0,==][1,1,==][2,2,==][3,33,==]
        1006 [1,1,!=][2,0,==]\n1006 [1,1,==][2,2,==]\n1006 [1,1,!=]
        1007 trap [2,2,==][3,3,==]\n1007 [2,2,==][3,3,!=]\n1007 [3,3,!=]",
    ),
    (
        "12-sim-basic_masked_ops",
        Native,
        "allowlist\n1000 [0,0,==][1,1,==][2,2,==]\n1000 [0,0,==][1,1,&=,0x00ff][2,2,==]
        1000 [0,0,==][1,11,&=,0xffff][2,2,==]\n1000 [0,0,==][1,111,&=,0xffff][2,2,==]
        1000 [0,0,==][1,1000,&=,0xff00][2,2,==]",
    ),
    (
        "25-sim-multilevel_chains_adv",
        Native,
        "allowlist\n10 [0,11,==][1,12,!=]\n20 [0,21,==][1,22,!=][2,23,==]",
    ),
    (
        "28-sim-arch_x86",
        These(&[Arch::X86_64, Arch::X86]),
        "denylist allow\nclose errno 1",
    ),
    (
        "30-sim-socket_syscalls",
        ALL_X86,
        "allowlist\nsocket\nbind\nconnect\nlisten\naccept\ngetsockname\ngetpeername\nsocketpair
        send\nrecv\nsendto\nrecvfrom\nshutdown\nsetsockopt\ngetsockopt\nsendmsg\nrecvmsg\naccept4
        sendmmsg\nrecvmmsg",
    ),
    (
        "34-sim-basic_denylist",
        Native,
        "denylist allow\nread kill [0,0,==]\nwrite kill [0,1,==]\nwrite kill [0,2,==]
        close kill\nrt_sigreturn kill",
    ),
    (
        "36-sim-ipc_syscalls",
        ALL_X86,
        "allowlist\nsemop\nsemtimedop\nsemget\nsemctl\nmsgsnd\nmsgrcv\nmsgget\nmsgctl\nshmat
        shmdt\nshmget\nshmctl",
    ),
    (
        "42-sim-adv_chains",
        Native,
        "allowlist\n1001 [0,1,==][1,2,==]\n1001\n1002 [0,1,==]\n1003 [0,1,!=]\n1003 trap [0,1,==]
        1004 [0,1,==]\n1004 trap [0,1,!=]\n1005 [0,1,==]\n1005 [0,1,!=]\n1006 [0,1,==][1,2,==]
        1006 [0,1,==]\n1007 [0,1,==]\n1007 [0,1,==][1,2,==]\n1008 [0,1,!=][1,2,!=]
        1008 [0,1,!=][1,2,!=][2,3,!=]\n1009 [0,1,==][1,2,!=]\n1009 [0,1,!=]
        1010 [0,1,!=][1,2,==]\n1010 [0,1,==]\n1011 [0,1,==]\n1011 [0,1,!=][2,1,==]
        1012 [0,1,&=,0]\n1013 [0,1,!=][1,2,!=]\n1013 [0,1,<][1,2,!=]\n1014 [3,1,>=][4,2,>=]
        1014 [0,1,!=][1,2,!=]\n1015 [0,4,==][1,1,==]\n1015 [0,4,==][1,1,!=]",
    ),
    (
        "43-sim-a2_order",
        Native,
        "allowlist\nread [2,64,<=]\nread errno 5 [2,128,>]\nread errno 6 [2,256,>]
        read errno 7 [2,512,>]\nread errno 8 [2,1024,>]\nread errno 9 [2,2048,>]
        read errno 10 [2,4096,>]\nread errno 11 [2,8192,>]\nread errno 12 [2,16384,>]
        write [2,32768,>=]\nwrite errno 5 [2,128,<]\nwrite errno 6 [2,256,<]
        write errno 7 [2,512,<]\nwrite errno 8 [2,1024,<]\nwrite errno 9 [2,2048,<]
        write errno 10 [2,4096,<]\nwrite errno 11 [2,8192,<]\nwrite errno 12 [2,16384,<]",
    ),
    (
        "48-sim-32b_args",
        Native,
        "allowlist\n1000 [0,0xffffffffffffffff,==]\n1064 [0,0xffffffffffffffff,==]
        1032 [0,0xffffffff,==]\n2000 [0,0xffffffffffffffff,==]\n2064 [0,0xffffffffffffffff,==]
        2032 [0,0xffffffff,==]",
    ),
    (
        "49-sim-64b_comparisons",
        Native,
        "allowlist\n1000 [0,0x123456789abc,<]",
    ),
];

/// Runs all of them; gives how many calls were judged.
pub fn run() -> usize {
    let programs = PROGRAMS
        .iter()
        .map(|(name, archs, rules)| judge(name, archs, rules));
    programs.sum::<usize>() + actions()
}

/// 06-sim-actions: LXC has no words for all actions.
fn actions() -> usize {
    let rule = |call: &str, action| Rule {
        calls: vec![call.to_owned()],
        action,
        args: Vec::new(),
        archs: None,
    };
    let mut profile = Profile::new(Action::KillThread);
    profile.rules = vec![
        rule("read", Action::Allow),
        rule("rt_sigreturn", Action::Log),
        rule("write", Action::Errno(1)),
        rule("close", Action::Trap),
        rule("openat", Action::Trace(1234)),
        rule("fstat", Action::KillProcess),
    ];
    let archs = [Arch::X86_64, Arch::X86];
    archs
        .map(|arch| one("06-sim-actions", &Native, &profile, arch))
        .iter()
        .sum()
}

fn judge(name: &str, archs: &For, rules: &str) -> usize {
    let natives: &[Arch] = match archs {
        Native => &[Arch::X86_64, Arch::X86, Arch::Aarch64],
        These(_) => &[Arch::X86_64],
    };
    let on = |native: &Arch| {
        // SSIZE_MAX, in an argument that has the width of a pointer.
        let most = if native.word_bits() == 64 {
            i64::MAX as u64
        } else {
            i32::MAX as u64
        };
        let text = format!("2\n{}\n", rules.replace("MOST", &most.to_string()));
        let profile = lxc::load(&text, *native).unwrap();
        one(name, archs, &profile, *native)
    };
    let judged = natives.iter().map(on).sum();
    assert!(judged > 0, "{name}");
    judged
}

/// The lines of a program that are about this machine.
fn one(name: &str, archs: &For, profile: &Profile, native: Arch) -> usize {
    let mut profile = profile.clone();
    // Where libseccomp is told nothing else.
    profile.foreign = Action::KillThread;
    profile.archs = match archs {
        Native => vec![native],
        These(archs) => archs.to_vec(),
    };
    let filter = compile(&profile).unwrap();
    let text = std::fs::read_to_string(source().join(format!("tests/{name}.tests"))).unwrap();
    let lines = text.lines().skip_while(|line| !line.ends_with("bpf-sim"));
    let lines = lines
        .skip(1)
        .take_while(|line| !line.starts_with("test type"));
    let mut count = 0;
    for line in lines.filter(|line| line.starts_with(name)) {
        let meant = meant(line, archs, native);
        for (at, (data, wanted)) in meant.iter().enumerate() {
            let ours = word(interpret(&filter, data).action);
            assert_eq!(ours, *wanted, "{native}: {line}");
            // Of a range, its ends: to start the simulator takes longer than all else.
            if at == 0 || at + 1 == meant.len() {
                let theirs = simulate(&filter, &[*data]);
                assert_eq!(theirs, [wanted.as_str()], "{native}: {line}");
            }
            count += 1;
        }
    }
    count
}

/// The calls that a line means, and what is to become of them.
fn meant(line: &str, archs: &For, native: Arch) -> Vec<(Data, String)> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [_, wanted_archs, call, args @ .., result] = &fields[..] else {
        panic!("{line}");
    };
    let known = match archs {
        Native => vec![native],
        These(archs) => archs.to_vec(),
    };
    let mut meant = Vec::new();
    for arch in known.into_iter().filter(|arch| is_for(wanted_archs, *arch)) {
        for number in range(call, arch) {
            // The first argument that is a range is tried with each of its values.
            let args: Vec<_> = args.iter().map(|arg| range(arg, arch)).collect();
            let longest = args.iter().map(Vec::len).max().unwrap_or(1);
            for at in 0..longest {
                let value = |index: usize| args[index][at.min(args[index].len() - 1)];
                let data = Data::new(arch, number as u32, std::array::from_fn(value));
                meant.push((data, result.to_string()));
            }
        }
    }
    meant
}

/// `all`, `all_64`, `all,-x32`, `x86`, `+x86,+ppc64le`.
fn is_for(archs: &str, arch: Arch) -> bool {
    let named = |word: &str| word.trim_start_matches('+') == arch.name();
    let all = |word: &str| word == "all" || word == "all_64" && arch.word_bits() == 64;
    let not = format!("-{}", arch.name());
    let mut words = archs.split(',');
    words.clone().any(|word| named(word) || all(word)) && words.all(|word| word != not)
}

/// `N`, `7`, `0x7`, `1-10`, `read`.
fn range(word: &str, arch: Arch) -> Vec<u64> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse::<i64>().ok().map(|number| number as u64),
    };
    if word == "N" {
        return vec![0];
    }
    if let Some(number) = number(word) {
        return vec![number];
    }
    match word
        .split_once('-')
        .and_then(|(from, to)| Some(number(from)?..=number(to)?))
    {
        Some(range) => range.collect(),
        None => by_name(word, arch),
    }
}

/// The number that the suite means by a name: of the call through which it can be made,
/// where there is one; of none, where this architecture has no such call.
fn by_name(word: &str, arch: Arch) -> Vec<u64> {
    let through = multiplex::of(arch, word).map(|way| way.through);
    let number = calls::number(arch, through.unwrap_or(word));
    number.map(u64::from).into_iter().collect()
}
