//! LXC's profiles are read as they are meant, and what cannot be kept is refused by its line.

use groundwork::error::Diagnose;
use seccomp::profile::{Op, lxc};
use seccomp::{Action, Arch};

#[test]
fn lxcs_first_version_is_a_list_of_numbers() {
    let profile = lxc::load("1\nallowlist\n0\n1\n\n60\n", Arch::X86_64).unwrap();
    assert_eq!(profile.default, Action::KillThread);
    let names: Vec<_> = profile
        .rules
        .iter()
        .map(|rule| rule.calls[0].as_str())
        .collect();
    assert_eq!(names, ["read", "write", "exit"]);
    assert_eq!(profile.archs, [Arch::X86_64]);
}

#[test]
fn lxcs_second_version_has_sections_actions_and_conditions() {
    let text = "2\ndenylist allow # for all\n# nothing\nreject_force_umount\n[all]\nkexec_load errno 1\n\
                [x86_64]\nmknod errno ENOSYS [1,24576,SCMP_CMP_MASKED_EQ,61440][0,0x10,>=]\nptrace\n\
                [arm64]\nmount kill\n[ppc64]\nswapon trap\n";
    let profile = lxc::load(text, Arch::X86_64).unwrap();
    assert_eq!(profile.default, Action::Allow);
    assert_eq!(profile.archs, [Arch::X86_64, Arch::X86, Arch::X32]);
    let [force, kexec, mknod, ptrace, mount, swapon] = &profile.rules[..] else {
        panic!("{profile:#?}");
    };
    assert_eq!(
        (force.calls[0].as_str(), force.action),
        ("umount2", Action::Errno(13))
    );
    assert_eq!(
        (
            force.args[0].index,
            force.args[0].value,
            force.args[0].value_two
        ),
        (1, 1, 1)
    );
    assert_eq!((kexec.action, &kexec.archs), (Action::Errno(1), &None));
    assert_eq!((mknod.action, mknod.args.len()), (Action::Errno(38), 2));
    // LXC writes the value before the mask.
    assert_eq!(
        (mknod.args[0].value, mknod.args[0].value_two),
        (61440, 24576)
    );
    assert_eq!(
        (mknod.args[1].op, mknod.args[1].value),
        (Op::GreaterOrEqual, 16)
    );
    assert_eq!(
        (ptrace.action, ptrace.archs.clone()),
        (Action::KillThread, Some(vec![Arch::X86_64]))
    );
    assert!(!mount.is_for(Arch::X86_64) && !swapon.is_for(Arch::X86_64));
}

#[test]
fn what_cannot_be_kept_in_lxcs_text_is_refused_by_its_line() {
    for (text, wanted) in [
        ("", "line 1 of the profile: \"\" is no version"),
        (
            "3\nallowlist\n",
            "line 1 of the profile: \"3\" is no version",
        ),
        (
            "1\ndenylist\n",
            "line 2 of the profile: \"denylist\": version 1 knows",
        ),
        (
            "1\nallowlist\nread\n",
            "line 3 of the profile: \"read\" is no number",
        ),
        (
            "1\nallowlist\n9999\n",
            "line 3 of the profile: x86_64 has no call 9999",
        ),
        ("2\nalowlist\n", "is it allowlist?"),
        ("2\ndenylist alow\n", "is it allow?"),
        ("2\ndenylist allow maybe\n", "\"maybe\" after the action"),
        (
            "2\ndenylist\n[x86_65]\n",
            "line 3 of the profile: there is no architecture [x86_65]",
        ),
        ("2\ndenylist\n[x86_65]\n", "is it x86_64?"),
        ("2\ndenylist\n[x86_64\n", "there is no architecture"),
        ("2\ndenylist\nmount kil\n", "is it kill?"),
        ("2\ndenylist\nmount errno\n", "errno wants an error"),
        (
            "2\ndenylist\nmount errno EWHAT\n",
            "errno wants an error, not \"EWHAT\"",
        ),
        (
            "2\ndenylist\nmount kill [6,1,==]\n",
            "a call has arguments 0 to 5",
        ),
        ("2\ndenylist\nmount kill [0,x,==]\n", "\"x\" is no number"),
        (
            "2\ndenylist\nmount kill [0,1,=]\n",
            "there is no operator \"=\"",
        ),
        ("2\ndenylist\nmount kill [0,1]\n", "three or four fields"),
        ("2\ndenylist\nmount kill [0,1,==\n", "is no condition"),
        (
            "2\ndenylist\nmount kill [0,1,==][0,2,==]\n",
            "argument 0 is compared twice",
        ),
    ] {
        let error = lxc::load(text, Arch::X86_64).expect_err(text);
        let fix = error
            .diagnose()
            .and_then(|advice| advice.fix)
            .unwrap_or_default();
        let refused = format!("{error} / {fix}");
        assert!(refused.contains(wanted), "{text:?}: {refused}");
    }
}
