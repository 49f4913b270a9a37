//! `era-caps serve`: a low port is refused to an ordinary user, one capability is enough for
//! it, permitted alone is not, and it is on for one call only.
//!
//! All of it in a network of its own, where low ports are low, by a user that is not root in
//! it: so it is the same for root and for an ordinary user of this machine.

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use indoc::indoc;
use support::programs::{program, sh, text};

/// `copy FLAGS` makes `$D/copy`, one of our program, with cap_net_bind_service in its file:
/// capabilities(7), version 2 of the attribute, which the kernel turns into 3 in here.
/// `user SCRIPT` runs it as user 1000, in a network where that user has no powers but those
/// of a file.
const SETTING: &str = indoc! {r#"
    copy() {
        cp "$(command -v era-caps)" "$D/era-caps"
        python3 -c '
    import os, struct, sys
    flags = 0x02000000 | (1 if "e" in sys.argv[2] else 0)
    value = struct.pack("<IIIII", flags, 1 << 10, 0, 0, 0)
    os.setxattr(sys.argv[1], "security.capability", value)' "$D/era-caps" "$1"
    }
    user() {
        unshare -U --map-user=1000 --map-group=1000 --net --keep-caps sh -c '
            ip link set lo up
            exec setpriv --ambient-caps -all --inh-caps -all sh -c "$1"' sh "$1"
    }
"#};

/// Runs a script with the setting, in a user namespace of its own.
fn set(script: &str) -> Output {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    sh(&format!(
        "export D={}; exec unshare -Ur sh -c \"$(cat <<'END'\n{SETTING}{script}\nEND\n)\"",
        folder.path().display()
    ))
}

/// Status, stdout, stderr.
fn said(output: &Output) -> (Option<i32>, String, String) {
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_low_port_is_refused_to_an_ordinary_user() {
    let (status, stdout, stderr) = said(&set("user 'era-caps serve 80 --check'"));
    assert_eq!((status, stdout.as_str()), (Some(125), ""), "{stderr}");
    let expected = indoc! {"
        error: cannot serve a page on 127.0.0.1:80
          bind(4, 127.0.0.1:80) failed: EACCES (permission denied)
          why:  ports below 1024 want CAP_NET_BIND_SERVICE, and it is not held here
          fix:  era-caps file set cap_net_bind_service=+ep COPY   (a copy of ours)
    "};
    assert_eq!(stderr, expected);
    let free = said(&set("user 'era-caps serve 1024 --check'"));
    assert_eq!(free.0, Some(0), "{}", free.2);
}

#[test]
fn the_first_free_port_is_what_this_network_says() {
    let lower = "sysctl -qw net.ipv4.ip_unprivileged_port_start=80; era-caps serve";
    let script = |port| format!("unshare --net sh -c '{lower} {port} --check'");
    let bare = "setpriv --bounding-set -all --inh-caps -all --ambient-caps -all";
    let as_nobody = |port: u16| {
        let script = script(port).replace("era-caps", &format!("exec {bare} era-caps"));
        said(&set(&script))
    };
    assert_eq!(as_nobody(80).0, Some(0));
    let (status, _, stderr) = as_nobody(79);
    assert_eq!(status, Some(125));
    assert!(stderr.contains("ports below 80 want"), "{stderr}");
}

#[test]
fn permitted_is_not_effective() {
    let refused = said(&set("copy p; user '$D/era-caps serve 80 --check'"));
    assert_eq!(refused.0, Some(125));
    let why = "permitted, and not effective";
    assert!(refused.2.contains(why), "{}", refused.2);
    let fix = "fix:  --raise";
    assert!(refused.2.contains(fix), "{}", refused.2);
}

#[test]
fn what_is_permitted_can_be_raised_and_lowered_again() {
    let (status, stdout, stderr) =
        said(&set("copy p; user '$D/era-caps serve 80 --raise --check'"));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let expected = indoc! {"
        uid 1000
                 permitted             effective
        before   cap_net_bind_service  none
        at bind  cap_net_bind_service  cap_net_bind_service
        after    cap_net_bind_service  none
        http://127.0.0.1:80/
    "};
    assert_eq!(stdout, expected);
}

#[test]
fn an_effective_one_needs_no_raising() {
    let (status, stdout, stderr) =
        said(&set("copy ep; user '$D/era-caps serve 80 --json --check'"));
    assert_eq!(status, Some(0), "{stderr}");
    let told: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    for when in ["before", "at_bind", "after"] {
        assert_eq!(told[when]["effective"], "cap_net_bind_service", "{told}");
    }
    assert_eq!(told["address"], "127.0.0.1:80");
}

/// Seen from outside: what the kernel says of the process while it serves.
#[test]
fn while_it_serves_nothing_is_effective_and_the_port_is_its_own() {
    let script = indoc! {r#"
        copy p
        user '
            mkfifo $D/told
            $D/era-caps serve 80 --raise --json >$D/told &
            read line <$D/told
            grep -E "^(Uid|CapEff|CapPrm)" /proc/$!/status
            grep -c "0100007F:0050 00000000:0000 0A" /proc/net/tcp
            kill $!
            wait $!; echo status $?'"#};
    let (_, stdout, stderr) = said(&set(script));
    let seen: Vec<_> = stdout.lines().map(|line| line.replace('\t', " ")).collect();
    let expected = [
        "Uid: 1000 1000 1000 1000",
        "CapPrm: 0000000000000400",
        "CapEff: 0000000000000000",
        "1",
        "status 0",
    ];
    assert_eq!(seen, expected, "{stderr}");
    assert_eq!(stderr, "ended by SIGTERM\n");
}

#[test]
fn what_is_not_permitted_cannot_be_raised() {
    let (status, _, stderr) = said(&set("user 'era-caps serve 8080 --raise --check'"));
    assert_eq!(status, Some(125));
    let expected = indoc! {"
        error: cannot switch cap_net_bind_service on
          capset(eff=CAP_NET_BIND_SERVICE, prm=0, inh=0) failed: EPERM (operation not permitted)
          why:  CAP_NET_BIND_SERVICE is not permitted to this process, and what is not permitted cannot be switched on
          fix:  era-caps file set cap_net_bind_service=+p COPY   (a copy of ours)
    "};
    assert_eq!(stderr, expected);
}

#[test]
fn a_capability_over_another_user_namespace_does_not_count() {
    let (status, _, stderr) = said(&set("unshare --net unshare -Ur era-caps serve 80 --check"));
    assert_eq!(status, Some(125));
    let why = "it is effective in our user namespace, and this network belongs to another";
    assert!(stderr.contains(why), "{stderr}");
}

#[test]
fn a_network_that_is_down_is_told() {
    let (status, _, stderr) = said(&set(
        "unshare --net era-caps serve 8080 --check --address ::1",
    ));
    assert_eq!(status, Some(125));
    assert!(
        stderr.contains("the loopback interface is down"),
        "{stderr}"
    );
    let (_, _, stderr) = said(&set("unshare --net era-caps serve 8080 --check"));
    assert!(stderr.contains("ip link set lo up"), "{stderr}");
}

/// A server of ours on a free port of this machine.
struct Serving {
    /// Taken out when its end is waited for.
    child: Option<Child>,
    address: SocketAddr,
}

impl Serving {
    fn start(flags: &[&str]) -> Serving {
        let mut child = Command::new(program("era-caps"))
            .args(["serve", "0", "--json"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = told["address"].as_str().unwrap().parse().unwrap();
        Serving {
            child: Some(child),
            address,
        }
    }

    fn ask(&self, request: &str) -> String {
        let mut caller = TcpStream::connect(self.address).unwrap();
        caller.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        caller.read_to_string(&mut answer).unwrap();
        answer
    }

    fn kill(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Its status, and what it said on stderr.
    fn end(mut self) -> (Option<i32>, String) {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        (output.status.code(), text(&output.stderr))
    }
}

impl Drop for Serving {
    /// A test that fails leaves no server.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn one_request_is_answered_and_no_more_if_it_is_told_so() {
    let serving = Serving::start(&["--once"]);
    // Who only looks whether somebody is there has asked for nothing.
    drop(TcpStream::connect(serving.address).unwrap());
    let answer = serving.ask("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = format!("Content-Length: {}", body.len());
    assert!(head.contains(&length), "{head}");
    let uid = nix::unistd::Uid::effective();
    let port = serving.address.port();
    assert!(
        body.contains(&format!("Port {port}, and uid {uid}")),
        "{body}"
    );
    assert_eq!(serving.end(), (Some(0), "GET /: 200\n".to_owned()));
}

#[test]
fn bash_alone_can_fetch_the_page() {
    let serving = Serving::start(&["--once"]);
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{}; echo -e 'GET / HTTP/1.0\\r\\n\\r' >&3; cat <&3",
        serving.address.port()
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(text(&output.stdout).contains("<h1>Port "), "{output:?}");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn each_request_gets_the_status_that_it_deserves() {
    let serving = Serving::start(&[]);
    for (request, status) in [
        ("GET / HTTP/1.0\r\n\r\n", "200 OK"),
        ("HEAD / HTTP/1.1\r\n\r\n", "200 OK"),
        ("GET /etc/passwd HTTP/1.1\r\n\r\n", "404 Not Found"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "405 Method Not Allowed",
        ),
        ("nonsense\r\n\r\n", "400 Bad Request"),
    ] {
        let answer = serving.ask(request);
        let line = format!("HTTP/1.1 {status}\r\n");
        assert!(answer.starts_with(&line), "{request:?}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(body.is_empty(), request.starts_with("HEAD"), "{request:?}");
    }
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(8192));
    let answer = serving.ask(&endless);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    serving.kill("-TERM");
    assert_eq!(serving.end().0, Some(0));
}

#[test]
fn a_signal_ends_it_at_once_even_while_a_caller_says_nothing() {
    for signal in ["-TERM", "-INT"] {
        let serving = Serving::start(&[]);
        let silent = TcpStream::connect(serving.address).unwrap();
        let started = Instant::now();
        serving.kill(signal);
        let name = signal.replace('-', "SIG");
        assert_eq!(serving.end(), (Some(0), format!("ended by {name}\n")));
        assert!(started.elapsed() < Duration::from_secs(1), "{signal}");
        drop(silent);
    }
}

#[test]
fn a_caller_that_says_nothing_is_left_and_the_next_one_is_served() {
    let serving = Serving::start(&["--once"]);
    let silent = TcpStream::connect(serving.address).unwrap();
    let answer = serving.ask("GET / HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(serving.end().0, Some(0));
    drop(silent);
}

#[test]
fn a_port_that_is_taken_says_for_whom() {
    let serving = Serving::start(&[]);
    let port = serving.address.port();
    let (status, _, stderr) = said(&sh(&format!("era-caps serve {port} --check")));
    assert_eq!(status, Some(125));
    let uid = nix::unistd::Uid::effective();
    let why = format!("somebody listens on port {port} already, for uid {uid}");
    assert!(stderr.contains(&why), "{stderr}");
    serving.kill("-TERM");
    serving.end();
}

#[test]
fn what_is_no_port_is_refused() {
    for line in [
        "65536",
        "-1",
        "http",
        "80 --address here",
        "80 --once --check",
        "",
    ] {
        let (status, stdout, stderr) = said(&sh(&format!("era-caps serve {line}")));
        assert_eq!((status, stdout.as_str()), (Some(125), ""), "{line}");
        assert!(stderr.starts_with("error: "), "{line}: {stderr}");
    }
    let (_, _, stderr) = said(&sh("era-caps serve 0 --check --address 192.0.2.1"));
    let why = "no interface of this network namespace has the address 192.0.2.1";
    assert!(stderr.contains(why), "{stderr}");
}
