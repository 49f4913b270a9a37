//! A process in namespaces of its own, to be looked at from outside.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::support::programs::program;

/// It waits inside until it is dropped.
pub struct Inside {
    /// Its number outside.
    pub pid: String,
    /// What its script printed.
    pub said: Vec<String>,
    stdin: Option<ChildStdin>,
    child: Child,
}

impl Inside {
    /// Runs a script by `era-unshare FLAGS`, and comes back when it is through.
    pub fn of(flags: &[&str], script: &str) -> Inside {
        let script = format!("{script}\necho that is all\nread line");
        let mut command = Command::new(program("era-unshare"));
        command.args(flags);
        if !flags.contains(&"-c") {
            command.args(["sh", "-c"]);
        }
        let mut child = command
            .arg(script)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("era-unshare runs");
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = Vec::new();
        let mut is_through = false;
        for line in stdout.lines() {
            let line = line.unwrap();
            is_through = line == "that is all";
            if is_through {
                break;
            }
            said.push(line);
        }
        assert!(is_through, "it ended too early: {said:?}");
        let outer = child.id().to_string();
        let forks = flags
            .iter()
            .any(|flag| flag.starts_with('-') && flag.ends_with('f'));
        let pid = if forks { only_child_of(&outer) } else { outer };
        Inside {
            pid,
            said,
            stdin: child.stdin.take(),
            child,
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

fn only_child_of(pid: &str) -> String {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.expect("the kernel tells children");
    children.trim().to_owned()
}

/// A line for nsenter or era-nsenter (`$N`), with a process inside (`$P`) to enter: made by
/// `inside FLAGS`, it ends when the line does.
pub fn script(program: &Path, folder: &Path, line: &str) -> String {
    let (program, folder) = (program.display(), folder.display());
    format!(
        r#"N={program} D={folder}
        R="sh $D/report"
        cat >$D/report <<'END'
for kind in mnt uts ipc pid net user cgroup time; do
    link=$(readlink /proc/self/ns/$kind)
    case " $OUTER " in
        *" $link "*) echo $kind same ;;
        *) echo $kind new ;;
    esac
done
id -u; id -g; pwd
END
        export OUTER="$(echo $(readlink /proc/self/ns/*))"
        inside() {{
            mkfifo $D/fifo $D/ready
            unshare --kill-child "$@" \
                sh -c 'echo here >'$D'/ready; read line <'$D/fifo <&- 2>&- >&- &
            U=$!
            read line <$D/ready
            P=$(cat /proc/$U/task/$U/children); P=${{P% }}
        }}
        cd /
        {line}
        status=$?
        [ -z "$P" ] || {{ echo >$D/fifo; wait $U; }}
        exit $status"#
    )
}
