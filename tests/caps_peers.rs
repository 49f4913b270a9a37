//! `era-caps` beside libcap's capsh, setcap, getcap and getpcaps and libcap-ng's pscap: of
//! the same text, file or process, they say the same.

mod support;

use std::path::Path;

use capabilities::{Cap, CapSet, FileCaps, Triple};
use groundwork::kernel::{self, FILE_CAPABILITIES};
use serde_json::Value;
use support::programs::{sh, text};

/// Texts of cap_from_text(3), good and bad: every form of its grammar.
const TEXTS: &[&str] = &[
    "",
    " ",
    "=",
    "all=",
    "=p",
    "=ep",
    "=eip",
    "all=ep",
    "ALL=p",
    "cap_chown=p",
    "CAP_CHOWN=p",
    "Cap_Chown+ep",
    "0=p",
    "0x5=p",
    "010=p",
    "12,cap_kill=ep",
    "cap_chown,cap_kill,cap_bpf=ep",
    "cap_chown=+ep",
    "cap_chown=-ep",
    "cap_chown=ep-e",
    "cap_chown=p+e",
    "cap_chown=p+e-e+i",
    "cap_chown+p cap_kill+ep",
    "=ep cap_sys_chroot-e",
    "=ep cap_sys_chroot-ep",
    "=p cap_chown+e",
    "=ep cap_chown=",
    "=i cap_chown=ep",
    "=ip cap_chown,cap_kill-i cap_fowner+e",
    "cap_chown=p\tcap_kill=p\ncap_fowner=p",
    "  cap_chown=p  ",
    "cap_chown=ppp",
    "cap_chown=pie",
    "cap_chown=i cap_kill=p cap_fowner=ip cap_fsetid=ep cap_setuid=eip",
    "all+p cap_chown-p",
    "all,cap_chown=p",
    "cap_chown",
    "cap_chown=x",
    "cap_chown+",
    "cap_chown=+",
    "cap_chown=e-",
    "cap_chown==p",
    "cap_chown=p=e",
    "cap_chown,=p",
    ",cap_chown=p",
    "cap_chown,,cap_kill=p",
    "cap_chown, cap_kill=p",
    "cap_chown = p",
    "+p",
    "-p",
    "=+p",
    "=e+p",
    "==",
    "=P",
    "cap_nothing=p",
    "cap_chownx=p",
    "cap_chow=p",
    "cap_chown1=p",
    "64=p",
    "099=p",
    "0x=p",
    "all_=p",
    "allx=p",
    "cap_chown:p",
];

/// What capsh makes of a text, as root of a user namespace: its own three sets, by its
/// --current; None if it cannot read it.
fn by_capsh(text: &str, folder: &Path) -> Option<String> {
    std::fs::write(folder.join("text"), text).unwrap();
    let output = sh(&format!(
        r#"TEXT="$(cat {}/text; echo .)"; unshare -Ur capsh --caps="${{TEXT%.}}" --current"#,
        folder.display()
    ));
    let said = self::text(&output.stderr);
    if said.contains("unable to interpret") {
        return None;
    }
    assert!(output.status.success(), "{text:?}: {said}");
    let said = self::text(&output.stdout);
    let first = said.lines().next().unwrap_or_default();
    Some(first.strip_prefix("Current: ").unwrap().to_owned())
}

/// What the kernel lets nobody be: effective and not permitted.
fn is_possible(triple: &Triple) -> bool {
    triple.effective.is_within(triple.permitted)
}

#[test]
fn a_text_is_read_and_written_as_libcap_has_it() {
    if !support::needs("setcap") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    let mut differing = Vec::new();
    for text in TEXTS {
        let ours = text.parse::<Triple>().ok();
        if ours.as_ref().is_some_and(|triple| !is_possible(triple)) {
            continue;
        }
        let ours = ours.map(|triple| triple.to_string());
        let theirs = by_capsh(text, folder.path());
        compared += 1;
        if ours != theirs {
            differing.push((text, ours, theirs));
        }
    }
    assert!(differing.is_empty(), "{differing:#?}");
    assert!(compared > 50, "only {compared} texts were compared");
}

/// Texts of random clauses, the same ones in every run. One part of six is any word at all.
fn random_texts() -> impl Iterator<Item = String> {
    const PARTS: [&[&str]; 4] = [
        &[
            "",
            "cap_chown",
            "cap_kill,cap_bpf",
            "CAP_SETUID",
            "all",
            "7",
            "cap_chown,all",
        ],
        &["=", "+", "-", "=+", "=-"],
        &["", "e", "i", "p", "ep", "ip", "p+e", "eip-i"],
        &["", " "],
    ];
    const ANY: &[&str] = &["", ",", "=", "+", "-", "e", "x", " ", "cap_", "=p", "9"];
    let mut state = 0x5eed_u64;
    std::iter::repeat_with(move || {
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % end as u64) as usize
        };
        let mut text = String::new();
        for part in PARTS.iter().cycle().take(4 + 4 * below(3)) {
            let words = if below(6) == 0 { ANY } else { part };
            text += words[below(words.len())];
        }
        text
    })
}

#[test]
fn random_texts_are_read_as_libcap_has_it() {
    if !support::needs("setcap") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let times = match std::env::var("ERA_LONG").as_deref() {
        Ok("1") => 5_000,
        _ => 300,
    };
    let mut read = 0;
    for text in random_texts().take(times) {
        let ours = text.parse::<Triple>().ok();
        if ours.as_ref().is_some_and(|triple| !is_possible(triple)) {
            continue;
        }
        read += usize::from(ours.is_some());
        let ours = ours.map(|triple| triple.to_string());
        assert_eq!(ours, by_capsh(&text, folder.path()), "{text:?}");
    }
    assert!(read > times / 20, "only {read} could be read at all");
}

/// A folder with two programs, on a file system that stores attributes.
fn two_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    for name in ["ours", "theirs"] {
        std::fs::copy("/bin/true", folder.path().join(name)).unwrap();
    }
    folder
}

/// A script as root of a user namespace of its own.
fn as_root(folder: &Path, script: &str) -> (String, String) {
    let script = script.replace('\'', r"'\''");
    let output = sh(&format!(
        "cd {} && unshare -Ur sh -c '{script}'",
        folder.display()
    ));
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_file_has_the_same_bytes_after_setcap_and_after_ours() {
    if !support::needs("setcap") {
        return;
    }
    let folder = two_files();
    let bytes = |name: &str| kernel::lgetxattr(folder.path().join(name), FILE_CAPABILITIES).ok();
    let mut compared = 0;
    for text in TEXTS {
        let triple = text.parse::<Triple>().ok();
        let fits = triple.and_then(|triple| FileCaps::from_triple(triple, None).ok());
        if fits.is_none() {
            continue;
        }
        let text = text.replace('\n', " ");
        let (said, failed) = as_root(
            folder.path(),
            &format!(
                "setcap '{text}' theirs; era-caps file set '{text}' ours; \
                 era-caps file get ours theirs; getcap ours theirs"
            ),
        );
        assert_eq!(failed, "", "{text:?}");
        assert_eq!(bytes("ours"), bytes("theirs"), "{text:?}");
        assert!(bytes("ours").is_some());
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines[..2], lines[2..], "{text:?}");
        compared += 1;
    }
    assert!(compared > 20, "only {compared} texts were compared");
    let (_, failed) = as_root(folder.path(), "setcap -r theirs; era-caps file clear ours");
    assert_eq!(
        (failed.as_str(), bytes("ours"), bytes("theirs")),
        ("", None, None)
    );
}

#[test]
fn files_are_found_below_a_folder_as_getcap_finds_them() {
    if !support::needs("setcap") {
        return;
    }
    let folder = two_files();
    let (ours, theirs) = as_root(
        folder.path(),
        "mkdir -p a/b; cp ours a/b/one; cp ours a/two; ln -s b a/link; mkfifo a/pipe
         setcap cap_chown=ep a/b/one; setcap =p a/two; setcap cap_kill=i ours
         getcap -r . | sort >&2; era-caps file get -r . | sort",
    );
    assert_eq!(ours, theirs);
    assert_eq!(ours.lines().count(), 3, "{ours}");
}

#[test]
fn a_root_of_a_namespace_is_seen_as_getcap_sees_it() {
    let is_root = nix::unistd::Uid::effective().is_root();
    if !support::needs("setcap") || !support::programs::probed("root", is_root, "not root") {
        return;
    }
    let folder = two_files();
    let output = sh(&format!(
        "cd {}; setcap -n 1000 =ep theirs; era-caps file set --root-id 1000 =ep ours
         getcap -n ours theirs >&2; era-caps file get ours theirs",
        folder.path().display()
    ));
    assert_eq!(text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout).matches("[rootid=1000]").count(), 2);
    let bytes = |name: &str| kernel::lgetxattr(folder.path().join(name), FILE_CAPABILITIES).ok();
    assert_eq!(bytes("ours"), bytes("theirs"));
    assert_eq!(bytes("ours").unwrap().len(), 24);
}

/// A set of a process, as our --json names it.
fn set(process: &Value, name: &str) -> CapSet {
    let names = process[name].as_array().unwrap().iter();
    let caps = names.map(|name| name.as_str().unwrap().parse::<Cap>().unwrap());
    caps.collect()
}

#[test]
fn a_process_is_shown_as_getpcaps_and_pscap_show_it() {
    if !support::needs("setcap") {
        return;
    }
    let lines = [
        "sleep 9",
        "era-caps run --drop chown,kill -- sleep 9",
        "era-caps run --keep net_raw --inheritable net_raw --ambient net_raw -- sleep 9",
        "era-caps run --drop all -- sleep 9",
    ];
    for line in lines {
        let (said, failed) = as_root(
            Path::new("/"),
            &format!(
                "{line} & P=$!
                 until grep -q sleep /proc/$P/comm; do :; done
                 era-caps show --json $P; echo ---; getpcaps $P; echo ---
                 pscap -a | grep \" $P \" ; kill $P"
            ),
        );
        let parts: Vec<_> = said.split("---\n").collect();
        let process: Value = serde_json::from_str(parts[0]).unwrap_or_else(|_| panic!("{failed}"));
        let triple = Triple {
            effective: set(&process, "effective"),
            inheritable: set(&process, "inheritable"),
            permitted: set(&process, "permitted"),
        };
        let theirs = parts[1].trim_end().split_once(": ").unwrap().1;
        assert_eq!(triple.to_string(), theirs, "{line}");
        let row: Vec<_> = parts[2].split_whitespace().collect();
        let held = set(&process, "permitted");
        assert_eq!(row.is_empty(), held.is_empty(), "{line}: {row:?}");
        if held.len() < 10 && !held.is_empty() {
            assert!(row.contains(&"net_raw"), "{row:?}");
        }
    }
}
