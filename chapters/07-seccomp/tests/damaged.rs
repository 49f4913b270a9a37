//! Whatever a profile holds, it is read or refused.

use std::collections::BTreeSet;

use fastrand::Rng;
use seccomp::profile::lxc;
use seccomp::profile::oci::{self, Context};
use seccomp::{Arch, compile};

/// Texts that are a profile but for some bytes; whatever comes is read or refused.
#[test]
fn damaged_profiles_never_make_a_reader_panic() {
    let json = r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"],
        "action": "SCMP_ACT_ALLOW", "errno": "", "includes": {"minKernel": "4.8", "arches": []},
        "args": [{"index": 0, "value": 1, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]}]}"#;
    let context = Context {
        arch: Arch::X86_64,
        capabilities: BTreeSet::new(),
        kernel: (6, 1),
    };
    let text = "2\ndenylist errno 5 # x\n[all]\nmount errno ENOSYS [1,0x10,&=,077][0,0x10,>=]\n";
    let mut rng = Rng::with_seed(21);
    let rounds = if std::env::var_os("ERA_LONG").is_some() {
        1_000_000
    } else {
        10_000
    };
    let mut read_well = 0;
    for round in 0..rounds {
        let whole = if round % 2 == 0 { json } else { text };
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..rng.usize(0..4) {
            let at = rng.usize(..bytes.len());
            match rng.u8(..4) {
                0 => bytes[at] = rng.u8(..),
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, *rng.choice(b"{}[],:\"0x #\n-e9").unwrap()),
            }
            if bytes.is_empty() {
                bytes.push(b'2');
            }
        }
        let damaged = String::from_utf8_lossy(&bytes);
        for result in [
            oci::load(&damaged, &context),
            lxc::load(&damaged, Arch::X86_64),
        ] {
            match result {
                Ok(profile) => {
                    read_well += 1;
                    profile.remarks();
                    let _ = compile(&profile);
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    assert!(read_well > rounds / 10, "{read_well}");
}
