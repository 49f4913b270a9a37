//! Programs that fail, hang, serve, fork or are killed, and what cannot be asked.

use super::*;

#[test]
fn a_program_that_always_fails_is_not_judged() {
    let output = sh("era-caps need -- sh -c 'echo its last words >&2; exit 7'");
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let expected = indoc! {"
        cannot be judged: it fails with every capability that it was given
          exit status 7
          | its last words

        It ran 4 times as uid 0, "};
    assert!(told.starts_with(expected), "{told}");
    let (status, told) = need("--expect 7 -- sh -c 'exit 7'");
    assert_eq!((status, &told["needs"]), (Some(0), &json!([])), "{told}");
}

#[test]
fn of_a_program_that_always_fails_the_call_that_is_refused_is_told() {
    let (_, told) = need("-- date -s 2001-01-01");
    assert_eq!(told["refused"]["call"], "clock_settime", "{told}");
    assert_eq!(told["refused"]["errno"], "EPERM");
    let (_, told) = need("-- false");
    assert_eq!(told["refused"], Value::Null, "{told}");
}

/// In place, so that it can remember how often it ran.
#[test]
fn a_program_that_fails_now_and_then_is_found_out() {
    let folder = folder();
    let count = folder.path().join("count");
    for turns in [2, 3] {
        let _ = std::fs::remove_file(&count);
        let script = format!(
            "echo >>{0}; [ $(($(wc -l <{0}) % {turns})) = 1 ]",
            count.display()
        );
        let line = format!("unshare -Ur era-caps need --in-place --json -- sh -c '{script}'");
        let output = sh(&line);
        let told = judged(&output);
        assert_eq!(told["verdict"], "random", "{told}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn its_time_is_limited_and_all_of_it_is_ended() {
    let folder = folder();
    let began = Instant::now();
    let line = format!(
        "export D={}; era-caps need --timeout 0.3 --json -- sh -c 'sleep 600 & exec sleep 600'",
        folder.path().display()
    );
    let output = sh(&line);
    let told = judged(&output);
    assert_eq!(told["verdict"], "fails with all", "{told}");
    let ended = "still ran at its time limit, and was ended";
    assert_eq!(told["outcome"]["ended"], ended);
    assert_eq!(left_running(folder.path()), Vec::<i32>::new());
    assert!(began.elapsed() < Duration::from_secs(10), "{told}");
}

#[test]
fn a_program_that_serves_succeeds_by_still_running() {
    let script = "mount -t tmpfs none /mnt || exit 1; echo ready; exec sleep 600";
    let (status, told) = need(&format!("--expect running --timeout 1 -- sh -c '{script}'"));
    assert_eq!(status, Some(0), "{told}");
    assert_eq!(told["needs"], json!(["cap_sys_admin"]), "{told}");
}

#[test]
fn one_that_says_more_than_it_may_is_not_in_its_own_way() {
    let (_, told) = need("-- sh -c 'yes | head -c 5000000; chroot / true'");
    assert_eq!(told["needs"], json!(["cap_sys_chroot"]), "{told}");
    let said = told["without"][0]["outcome"]["said"].as_str().unwrap();
    assert!(
        said.len() <= 4096 && said.ends_with("Operation not permitted\n"),
        "{said}"
    );
}

/// Process 1 of a PID namespace is spared the signals that it does not ask for.
#[test]
fn a_signal_ends_it_as_it_would_elsewhere() {
    for (signal, status) in [("TERM", 143), ("PIPE", 141), ("ABRT", 134)] {
        let (_, told) = need(&format!("-- sh -c 'kill -{signal} $$'"));
        assert_eq!(told["verdict"], "fails with all", "{told}");
        assert_eq!(told["outcome"]["status"], status, "{told}");
    }
}

#[test]
fn it_reads_nothing_and_has_no_terminal() {
    let (_, told) = need("-- sh -c '! read line && ! (: </dev/tty)'");
    assert_eq!(told["needs"], json!([]), "{told}");
}

#[test]
fn it_stands_where_we_stand_whatever_that_is_called() {
    let folder = folder();
    let script = indoc! {r#"
        cd "$D"; mkdir "a:b,c\\d e"; mount -t tmpfs none "a:b,c\\d e"; cd "a:b,c\\d e"
        echo kept >file
        era-caps need --json -- sh -c '
            [ "$(cat file)" = kept ] && [ "$PWD" = "$(pwd -P)" ] && echo changed >file &&
            [ "$(cat file)" = changed ]'
        cat file"#};
    std::fs::write(folder.path().join("script"), script).unwrap();
    let line = format!(
        "export D={0}; exec unshare -Urm sh {0}/script",
        folder.path().display()
    );
    let output = sh(&line);
    let told = text(&output.stdout);
    let (answer, file) = told.split_once('\n').expect("two answers");
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["needs"], json!([]), "{answer}");
    assert_eq!(file, "kept\n");
}

/// Through a layer a socket is another one, with nobody behind it. It is said, since a program
/// may fail of it.
#[test]
fn a_service_of_this_machine_is_out_of_reach() {
    let folder = folder();
    let at = folder.path().join("socket");
    let _service = std::os::unix::net::UnixListener::bind(&at).unwrap();
    let connect = format!(
        "python3 -c 'import socket as s; s.socket(s.AF_UNIX).connect(\"{}\")'",
        at.display()
    );
    assert!(sh(&connect).status.success());
    let told = text(&sh(&format!("era-caps need -- {connect}")).stdout);
    assert!(told.contains("ConnectionRefusedError"), "{told}");
    assert!(
        told.contains("Services of this machine do not answer"),
        "{told}"
    );
}

/// Beside a mount each folder has a layer of its own, and folders come and go meanwhile.
#[test]
fn folders_that_come_and_go_are_not_in_its_way() {
    let folder = folder();
    let script = indoc! {r#"
        mkdir "$D/mount"; mount -t tmpfs none "$D/mount"
        (while [ ! -e "$D/stop" ]; do
            mkdir "$D/1" "$D/2" "$D/3" "$D/4" "$D/5"; rmdir "$D/1" "$D/2" "$D/3" "$D/4" "$D/5"
        done) &
        for turn in 1 2 3 4 5 6 7 8; do era-caps need -- true >/dev/null || echo failed; done
        touch "$D/stop"; wait"#};
    std::fs::write(folder.path().join("script"), script).unwrap();
    let line = format!(
        "export D={0}; exec unshare -Urm sh {0}/script",
        folder.path().display()
    );
    let output = sh(&line);
    assert_eq!(text(&output.stdout), "", "{}", text(&output.stderr));
}

#[test]
fn in_place_what_it_changes_is_changed() {
    let folder = folder();
    let made = folder.path().join("made");
    let line = format!(
        "unshare -Ur era-caps need --in-place -- touch {}",
        made.display()
    );
    let output = sh(&line);
    let told = text(&output.stdout);
    assert!(
        told.contains("It ran in place: what it changed is changed."),
        "{told}"
    );
    assert!(made.exists());
    let in_place = sh("unshare -Urn era-caps need --in-place --json -- chroot / true");
    let in_place: Value = serde_json::from_slice(&in_place.stdout).unwrap();
    assert_eq!(in_place["needs"], json!(["cap_sys_chroot"]), "{in_place}");
    assert_eq!(in_place["sandbox"], Value::Null);
}

/// In place there is no PID namespace that would end with it.
#[test]
fn a_signal_to_it_ends_what_runs_in_place_first() {
    for (signal, number) in [("-TERM", 15), ("-INT", 2)] {
        let folder = folder();
        let line = "unshare -Ur era-caps need --in-place -- sh -c 'sleep 600 & exec sleep 600'";
        let mut era = Command::new("sh")
            // Whoever tests in the background is deaf to SIGINT, and all that it starts.
            .args(["-c", &format!("exec env --default-signal=INT {line}")])
            .env("D", folder.path())
            .env("PATH", format!("{}:/usr/bin:/bin", programs().display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        // It, the shell that became a sleep, and the other one.
        while left_running(folder.path()).len() < 3 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let pid = era.id().to_string();
        assert!(sh(&format!("kill {signal} {pid}")).status.success());
        let ended = era.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&ended),
            Some(number)
        );
        while !left_running(folder.path()).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(left_running(folder.path()), Vec::<i32>::new(), "{signal}");
    }
}

/// Kills it at every part of its life: a sample of moments, and hundreds with ERA_LONG=1.
#[test]
fn killed_at_any_moment_it_leaves_no_process_no_mount_and_no_folder() {
    let turns = if std::env::var_os("ERA_LONG").is_some() {
        200
    } else {
        12
    };
    let folder = folder();
    let before = surroundings();
    let places = || ["/tmp", "/var/tmp"].map(|place| era_entries(Path::new(place)));
    let before_in = places();
    let start = || {
        Command::new(program("era-caps"))
            .args([
                "need",
                "--",
                "sh",
                "-c",
                "sleep 600 & mount -t tmpfs none /mnt",
            ])
            .env("D", folder.path())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let began = Instant::now();
    assert!(start().wait().unwrap().success());
    let whole = began.elapsed();
    for turn in 0..turns {
        let mut era = start();
        std::thread::sleep(whole * turn / turns);
        let _ = era.kill();
        era.wait().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while !left_running(folder.path()).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            left_running(folder.path()),
            Vec::<i32>::new(),
            "turn {turn}"
        );
    }
    assert_eq!(surroundings(), before);
    assert_eq!(places(), before_in);
}

/// What bears our name there.
fn era_entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().contains("era-caps"));
    paths.sort_unstable();
    paths
}

/// Status and stderr.
fn refused(line: &str) -> (Option<i32>, String) {
    let output: Output = sh(line);
    assert_eq!(text(&output.stdout), "", "{line}");
    (output.status.code(), text(&output.stderr))
}

#[test]
fn what_cannot_be_asked_is_refused() {
    for line in [
        "",
        "--timeout 0 -- true",
        "--timeout -1 -- true",
        "--timeout nan -- true",
        "--timeout 1e9 -- true",
        "--expect 256 -- true",
        "--expect soon -- true",
        "--user nobody -- true",
        "--user 1:2:3 -- true",
        "--in-place --share-network -- true",
        "--allow sys_tiem -- true",
    ] {
        let (status, stderr) = refused(&format!("era-caps need {line}"));
        assert_eq!(status, Some(125), "{line}: {stderr}");
        assert!(stderr.starts_with("error: "), "{line}: {stderr}");
    }
    let (_, stderr) = refused("era-caps need --allow sys_tiem -- true");
    assert!(stderr.contains("cap_sys_time"), "{stderr}");
}

#[test]
fn a_program_that_nobody_could_run_is_said_at_once() {
    let (status, stderr) = refused("era-caps need -- no-such-program");
    assert_eq!(status, Some(127));
    let expected = indoc! {r#"
        error: cannot run "no-such-program", whatever it may do
          execve("no-such-program") failed: ENOENT (no such file or directory)
          why:  no folder of PATH has a program "no-such-program" in this root
    "#};
    assert_eq!(stderr, expected);
    let (status, stderr) = refused("era-caps need -- /etc/passwd");
    assert_eq!(status, Some(126), "{stderr}");
    assert!(stderr.contains("its mode has no x for us"), "{stderr}");
    assert_eq!(refused("era-caps need -- /tmp").0, Some(126));
}

#[test]
fn who_has_nothing_to_give_is_told_so() {
    let bare = "setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all";
    let (status, stderr) = refused(&format!("{bare} era-caps need --in-place -- true"));
    assert_eq!(status, Some(125));
    let expected = indoc! {"
        error: this process has no capability to give to the program
          why:  an ordinary user has none, and in place there is no user namespace to have them in
          fix:  leave out --in-place, or be root: sudo era-caps need
    "};
    assert_eq!(stderr, expected);
}

#[test]
fn a_user_whom_the_namespace_does_not_know_is_refused() {
    let (status, stderr) = refused("unshare -Ur era-caps need --user 4711 -- true");
    assert_eq!(status, Some(125), "{stderr}");
    assert!(
        stderr.starts_with("error: cannot become user 4711:4711\n"),
        "{stderr}"
    );
    assert!(
        stderr.contains("EINVAL") && stderr.contains("why:"),
        "{stderr}"
    );
}

#[test]
fn a_covered_proc_is_said_to_be_in_the_way() {
    // Any other one that is in full sight would do for the kernel.
    let script = indoc! {r#"
        mount -t tmpfs none /proc/sys
        awk '$5 != "/proc" && / - proc / { print $5 }' /proc/self/mountinfo |
            while read -r other; do mount -t tmpfs none "$other"; done
        exec unshare -Urm era-caps need -- true"#};
    let folder = folder();
    std::fs::write(folder.path().join("script"), script).unwrap();
    let line = format!("exec unshare -Urm sh {}/script", folder.path().display());
    let (status, stderr) = refused(&line);
    assert_eq!(status, Some(125), "{stderr}");
    assert!(stderr.contains("parts of /proc are covered"), "{stderr}");
    assert!(stderr.contains("fix:  --in-place"), "{stderr}");
}
