//! A virtual machine through /dev/kvm, as far as it takes to see one instruction run: the
//! KVM API of the kernel's Documentation/virt/kvm/api.rst.

#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;

use super::{Result, call};

const MAN: &str = "ioctl(2)";

/// linux/kvm.h: `_IO(0xAE, N)`, and one `_IOW` of 32 bytes.
const KVM_CREATE_VM: u64 = 0xAE01;
const KVM_GET_VCPU_MMAP_SIZE: u64 = 0xAE04;
const KVM_CREATE_VCPU: u64 = 0xAE41;
const KVM_SET_USER_MEMORY_REGION: u64 = 0x4020_AE46;
const KVM_RUN: u64 = 0xAE80;

/// The guest executed `hlt`: exit_reason of `struct kvm_run`.
pub const KVM_EXIT_HLT: u32 = 5;

/// A page of ours, which a guest sees as its memory.
pub const GUEST_PAGE: usize = 4096;

/// Memory from mmap(2), given back when dropped.
pub struct Mapping {
    start: *mut libc::c_void,
    length: usize,
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly what mmap gave, and nobody has borrowed from it.
        unsafe { libc::munmap(self.start, self.length) };
    }
}

/// `length` bytes of a descriptor, or of nothing: mmap(2).
fn map(length: usize, fd: Option<i32>) -> nix::Result<Mapping> {
    let kind = match fd {
        Some(_) => libc::MAP_SHARED,
        None => libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    };
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let null = std::ptr::null_mut();
    // SAFETY: a new mapping at an address that the kernel chooses.
    let start = unsafe { libc::mmap(null, length, access, kind, fd.unwrap_or(-1), 0) };
    if start == libc::MAP_FAILED {
        return Err(Errno::last());
    }
    Ok(Mapping { start, length })
}

/// Makes a machine without a processor or memory: KVM_CREATE_VM.
#[track_caller]
pub fn kvm_create_vm(kvm: impl AsFd) -> Result<OwnedFd> {
    request(kvm, KVM_CREATE_VM, "KVM_CREATE_VM")
}

/// Gives it its first processor: KVM_CREATE_VCPU.
#[track_caller]
pub fn kvm_create_vcpu(vm: impl AsFd) -> Result<OwnedFd> {
    request(vm, KVM_CREATE_VCPU, "KVM_CREATE_VCPU")
}

#[track_caller]
fn request(on: impl AsFd, request: u64, name: &'static str) -> Result<OwnedFd> {
    let fd = on.as_fd().as_raw_fd();
    let args = || vec![fd.to_string(), name.to_owned(), "0".to_owned()];
    call("ioctl", MAN, args, || {
        // SAFETY: these take the number 0, and the descriptor they return is new and ours.
        unsafe {
            Errno::result(libc::ioctl(fd, request as libc::Ioctl, 0))
                .map(|fd| OwnedFd::from_raw_fd(fd))
        }
    })
}

/// Gives a machine one page of memory that holds `code`, at an address of its own:
/// KVM_SET_USER_MEMORY_REGION. The page must outlive the machine's runs.
#[track_caller]
pub fn kvm_set_memory(vm: impl AsFd, address: u64, code: &[u8; GUEST_PAGE]) -> Result<Mapping> {
    #[repr(C)]
    struct Region {
        slot: u32,
        flags: u32,
        guest_phys_addr: u64,
        memory_size: u64,
        userspace_addr: u64,
    }
    let fd = vm.as_fd().as_raw_fd();
    let args = || {
        let region = format!("{{guest_phys_addr={address:#x}, memory_size={GUEST_PAGE}}}");
        vec![
            fd.to_string(),
            "KVM_SET_USER_MEMORY_REGION".to_owned(),
            region,
        ]
    };
    let mut page = None;
    call("ioctl", MAN, args, || {
        let mapped = map(GUEST_PAGE, None)?;
        // SAFETY: the mapping is one page long, like `code`, and new.
        unsafe { std::ptr::copy_nonoverlapping(code.as_ptr(), mapped.start.cast(), GUEST_PAGE) };
        let region = Region {
            slot: 0,
            flags: 0,
            guest_phys_addr: address,
            memory_size: GUEST_PAGE as u64,
            userspace_addr: mapped.start as u64,
        };
        // SAFETY: the kernel reads one region, which lives here.
        let result = unsafe { libc::ioctl(fd, KVM_SET_USER_MEMORY_REGION as libc::Ioctl, &region) };
        page = Some(mapped);
        Errno::result(result).map(drop)
    })?;
    Ok(page.expect("mapped before the call"))
}

/// Runs a processor until its guest does what the kernel cannot do for it: KVM_RUN. Gives
/// the exit reason, such as [`KVM_EXIT_HLT`].
#[track_caller]
pub fn kvm_run(kvm: impl AsFd, vcpu: impl AsFd) -> Result<u32> {
    /// exit_reason stands there in `struct kvm_run`.
    const EXIT_REASON: usize = 8;
    let (kvm, fd) = (kvm.as_fd().as_raw_fd(), vcpu.as_fd().as_raw_fd());
    let args = || vec![fd.to_string(), "KVM_RUN".to_owned(), "0".to_owned()];
    let mut reason = 0;
    call("ioctl", MAN, args, || {
        // SAFETY: takes the number 0 and returns a size.
        let size = unsafe { libc::ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE as libc::Ioctl, 0) };
        let shared = map(Errno::result(size)? as usize, Some(fd))?;
        // SAFETY: takes the number 0; the guest writes to its own memory only.
        let result = unsafe { libc::ioctl(fd, KVM_RUN as libc::Ioctl, 0) };
        // SAFETY: the mapping is a `struct kvm_run`, far longer than this field.
        reason = unsafe {
            shared
                .start
                .byte_add(EXIT_REASON)
                .cast::<u32>()
                .read_volatile()
        };
        Errno::result(result).map(drop)
    })?;
    Ok(reason)
}
