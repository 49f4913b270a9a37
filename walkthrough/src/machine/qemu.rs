//! The emulator: its command line, and its life, which ends with ours.

use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use groundwork::host::{EMULATOR, GuestKernel};
use groundwork::kernel::{self, Signal};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use super::error::Error;

/// The variable that an emulator carries: the process that it belongs to. One that has lost
/// it is found by `era clean`.
pub const MARK: &str = "ERA_MACHINE";

/// What the machine is made of.
#[derive(Debug, Clone)]
pub struct Hardware {
    /// Memory in MiB.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// By KVM instead of software.
    pub kvm: bool,
    /// Further words for the kernel.
    pub append: String,
    /// Its messages are wanted.
    pub verbose: bool,
}

/// Starts it. Its console comes out of its stdout; `line` is the other end of its port.
///
/// # Errors
/// qemu is not there.
pub fn start(
    kernel: &GuestKernel,
    image: &Path,
    hardware: &Hardware,
    line: &UnixStream,
) -> Result<Child, Error> {
    let emulator = find().ok_or_else(|| Error::Emulator(std::io::ErrorKind::NotFound.into()))?;
    // It is handed over to qemu, which knows it by its number.
    fcntl(line.as_fd(), FcntlArg::F_SETFD(FdFlag::empty()))
        .map_err(|errno| Error::Emulator(errno.into()))?;
    // Through ourselves: somebody has to ask the kernel to end it with us.
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("era-machine")
        .arg("__emulator")
        .arg(std::process::id().to_string())
        .arg(emulator)
        .args(words(hardware))
        .arg("-kernel")
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(image)
        .args(["-append", &kernel_words(hardware)])
        .args([
            "-chardev",
            &format!("socket,id=era,fd={}", line.as_raw_fd()),
        ])
        .args(["-device", "virtio-serial-pci"])
        .args(["-device", "virtserialport,chardev=era,name=era"])
        .env(MARK, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C is for the guest, or for us, who end it then.
        .process_group(0);
    command.spawn().map_err(Error::Emulator)
}

fn find() -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(EMULATOR));
    files.find(|file| file.is_file())
}

fn words(hardware: &Hardware) -> Vec<String> {
    let (accelerator, processor) = match hardware.kvm {
        true => ("kvm", "host"),
        false => ("tcg,thread=multi", "max"),
    };
    let board = if cfg!(target_arch = "aarch64") {
        "virt"
    } else {
        "pc"
    };
    let memory = format!("{}M", hardware.memory);
    let cpus = hardware.cpus.to_string();
    let words = [
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-M",
        board,
        "-accel",
        accelerator,
        "-cpu",
        processor,
        "-m",
        &memory,
        "-smp",
        &cpus,
        "-serial",
        "stdio",
    ];
    words.map(str::to_owned).to_vec()
}

/// For the kernel: kernel-parameters.txt. What costs a start time and helps nobody here is
/// left out; a panic ends the machine.
fn kernel_words(hardware: &Hardware) -> String {
    let console = if cfg!(target_arch = "aarch64") {
        "ttyAMA0"
    } else {
        "ttyS0"
    };
    let level = if hardware.verbose {
        "loglevel=7"
    } else {
        "quiet loglevel=1"
    };
    format!(
        "console={console} {level} panic=-1 rdinit=/init tsc=reliable no_timer_check \
         mitigations=off random.trust_cpu=on {}",
        hardware.append
    )
}

/// `__emulator PARENT PROGRAM ARGS…`: asks the kernel to end this process with its parent,
/// prctl(2), and becomes the emulator.
///
/// # Errors
/// The parent is gone already, or the program does not start.
pub fn main(parent: u32, program: &[String]) -> Result<Infallible, Box<dyn std::error::Error>> {
    kernel::prctl_set_pdeathsig(Signal::SIGKILL)?;
    if nix::unistd::getppid().as_raw() as u32 != parent {
        return Err("whoever wanted the machine is gone".into());
    }
    let (program, args) = program.split_first().ok_or("no program")?;
    let refused = Command::new(program).args(args).exec();
    Err(format!("{program}: {refused}").into())
}
