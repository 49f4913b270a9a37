//! scmp_bpf_sim, libseccomp's own interpreter of filters.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use seccomp::{Action, Arch, Data, Filter};

/// Where libseccomp's source was built.
pub fn source() -> PathBuf {
    std::env::var_os("ERA_LIBSECCOMP")
        .expect("the probe saw it")
        .into()
}

/// What the simulator says of a call.
pub fn simulate(filter: &Filter, calls: &[Data]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&filter.to_bytes()).unwrap();
    let say = |data: &Data| {
        let mut command = Command::new(source().join("tools/scmp_bpf_sim"));
        command.arg("-f").arg(file.path());
        command.args(["-a", name(data), "-s", &(data.nr as i32).to_string()]);
        for (index, arg) in data.args.iter().enumerate() {
            command.args([&format!("-{index}"), &format!("{arg:#x}")]);
        }
        let output = command.output().expect("the simulator starts");
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8(said).unwrap().trim().to_owned()
    };
    calls.iter().map(say).collect()
}

fn name(data: &Data) -> &'static str {
    Arch::of_call(data.arch, data.nr)
        .expect("an architecture that it knows")
        .name()
}

/// An action as the simulator calls it.
pub fn word(action: Action) -> String {
    match action {
        Action::KillProcess => "KILL_PROCESS".to_owned(),
        Action::KillThread => "KILL".to_owned(),
        Action::Trap => "TRAP".to_owned(),
        Action::Errno(number) => format!("ERRNO({number})"),
        Action::Trace(number) => format!("TRACE({number})"),
        Action::Log => "LOG".to_owned(),
        Action::Allow => "ALLOW".to_owned(),
        Action::Notify => "NOTIFY".to_owned(),
    }
}
