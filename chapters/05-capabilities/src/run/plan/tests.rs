use super::*;

fn list(text: &str) -> CapSet {
    text.parse().unwrap()
}

/// What root begins with.
fn root() -> Sets {
    Sets {
        permitted: CapSet::all(),
        effective: CapSet::all(),
        bounding: CapSet::all(),
        ..Sets::default()
    }
}

fn planned(request: &Request) -> Result<Plan> {
    Plan::from(request, root(), true, Securebits::default())
}

/// The sets of a program without capabilities of its own.
fn after(request: &Request) -> Sets {
    let plan = planned(request).unwrap();
    let uid = request.user.map_or(0, |(uid, _)| uid);
    let bits = Securebits::default();
    plan.target.after_execve(uid, bits, plan.no_new_privs)
}

#[test]
fn what_is_dropped_does_not_come_back_to_uid_0() {
    let mut request = Request {
        drop: list("sys_chroot"),
        ..Request::default()
    };
    assert!(
        !after(&request)
            .permitted
            .contains("sys_chroot".parse().unwrap())
    );
    assert_eq!(planned(&request).unwrap().notes(), []);

    request.bounding = Some(list("all"));
    assert!(
        after(&request)
            .permitted
            .contains("sys_chroot".parse().unwrap())
    );
    let notes = planned(&request).unwrap().notes();
    assert_eq!(notes, [Note::ComesBack(list("sys_chroot"))]);

    request.no_new_privs = true;
    assert!(
        !after(&request)
            .permitted
            .contains("sys_chroot".parse().unwrap())
    );
    assert_eq!(planned(&request).unwrap().notes(), []);
}

#[test]
fn what_is_kept_is_all_that_is_left() {
    let request = Request {
        keep: Some(list("chown,kill")),
        ..Request::default()
    };
    let sets = after(&request);
    assert_eq!(sets.permitted, list("chown,kill"));
    assert_eq!(sets.bounding, list("chown,kill"));
}

#[test]
fn another_user_keeps_what_is_ambient_and_is_told_what_not() {
    let mut request = Request {
        keep: Some(list("chown")),
        user: Some((1000, 1000)),
        ..Request::default()
    };
    let notes = planned(&request).unwrap().notes();
    assert_eq!(notes, [Note::IsLost(list("chown"))]);
    request.inheritable = Some(list("chown"));
    request.ambient = Some(list("chown"));
    assert_eq!(after(&request).effective, list("chown"));
    assert_eq!(planned(&request).unwrap().notes(), []);
    assert!(planned(&request).unwrap().keeps_over_setuid());
}

#[test]
fn who_only_becomes_another_user_loses_all_in_peace() {
    let request = Request {
        user: Some((1000, 1000)),
        ..Request::default()
    };
    let plan = planned(&request).unwrap();
    assert_eq!(plan.notes(), []);
    assert!(!plan.keeps_over_setuid() && !plan.wants_last());
}

#[test]
fn what_is_permitted_and_off_is_switched_on_for_the_way() {
    let now = Sets {
        effective: CapSet::EMPTY,
        ..root()
    };
    let request = Request {
        drop: list("kill"),
        ..Request::default()
    };
    let plan = Plan::from(&request, now, true, Securebits::default()).unwrap();
    assert_eq!(CapSet::from_bits(plan.first.effective), list("setpcap"));
    assert!(plan.wants_last() && plan.target.effective.is_empty());
}

#[test]
fn the_ambient_set_does_not_grow_where_a_securebit_forbids_it() {
    let request = Request {
        inheritable: Some(list("chown")),
        ambient: Some(list("chown")),
        ..Request::default()
    };
    let plan = Plan::from(&request, root(), true, Securebits::NO_CAP_AMBIENT_RAISE);
    assert!(matches!(plan, Err(Error::NoAmbientRaise)));
}
