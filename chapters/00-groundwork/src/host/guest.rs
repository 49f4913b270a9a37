//! Whether KVM really runs a guest: the device may be there and hang, or be closed to us.

use nix::errno::Errno;

use super::child::{At, Stopped};
use super::{Facts, Seen, State, reasons};
use crate::kernel::{self, GUEST_PAGE, KVM_EXIT_HLT, OFlag};

/// An x86 processor starts at 0xFFFFFFF0, in real mode. One page of memory ends there, and
/// at that address it holds `hlt`.
const PAGE_ADDRESS: u64 = 0xFFFF_F000;
const START: usize = 0xFF0;
const HLT: u8 = 0xF4;

/// One instruction of a guest.
pub(super) fn kvm(facts: &Facts) -> Seen {
    if !cfg!(target_arch = "x86_64") && !facts.is_recorded() {
        return Seen::new(State::Unknown, "not probed on this architecture");
    }
    let tried = facts.attempt("kvm", || {
        let kvm = kernel::open("/dev/kvm", OFlag::O_RDWR).at("open")?;
        let machine = kernel::kvm_create_vm(&kvm).at("machine")?;
        let mut code = [0; GUEST_PAGE];
        code[START] = HLT;
        let _memory = kernel::kvm_set_memory(&machine, PAGE_ADDRESS, &code).at("memory")?;
        let processor = kernel::kvm_create_vcpu(&machine).at("processor")?;
        match kernel::kvm_run(&kvm, &processor).at("run")? {
            KVM_EXIT_HLT => Ok("a guest ran one instruction and halted".to_owned()),
            reason => Err(Stopped::Failed(format!(
                "a guest was to halt and stopped with exit reason {reason}"
            ))),
        }
    });
    let stopped = match tried {
        Ok(what) => return Seen::works(what),
        Err(stopped) => stopped,
    };
    match (stopped.step(), stopped.call().map(kernel::CallError::errno)) {
        ("open", Some(Errno::ENOENT)) => {
            Seen::absent("no /dev/kvm: the processor, the firmware or a hypervisor withholds it")
        }
        ("open", Some(Errno::EACCES | Errno::EPERM)) => closed(facts, &stopped),
        _ if matches!(stopped, Stopped::Untried(_)) => reasons::unexplained(facts, &stopped),
        _ => Seen::new(State::Refused, format!("/dev/kvm is there, and {stopped}")),
    }
}

/// The device is there and closed to us: whose is it?
fn closed(facts: &Facts, stopped: &Stopped) -> Seen {
    use std::os::unix::fs::MetadataExt;
    let group = std::fs::metadata(facts.path("/dev/kvm")).map_or(0, |meta| meta.gid());
    let groups = facts.read("/etc/group").unwrap_or_default();
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == group.to_string()).then_some(name)
    });
    match name.filter(|_| group != 0) {
        Some(name) => Seen::new(
            State::Refused,
            format!("{stopped}: it belongs to group {name}"),
        )
        .fix(format!(
            "sudo usermod --append --groups {name} \"$USER\", then log in again"
        )),
        None => Seen::new(
            State::Refused,
            format!("{stopped}: it belongs to root alone"),
        )
        .fix("sudo era, for the pages that need it"),
    }
}
