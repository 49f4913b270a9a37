//! A program for the kernel's filter machine: what [`compile`](crate::compile()) makes.

use groundwork::kernel::Instruction;

use crate::error::{Error, Result};

/// The most instructions that the kernel takes: BPF_MAXINSNS.
pub const MAX_INSTRUCTIONS: usize = 4096;

/// struct seccomp_data: what a filter can look at, in bytes.
pub const DATA_SIZE: u32 = 64;

/// What an instruction does: the codes of linux/bpf_common.h that seccomp allows.
pub mod code {
    use nix::libc;

    /// A = the word at offset k of struct seccomp_data.
    pub const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    /// A = A & k.
    pub const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
    /// Go on k instructions further.
    pub const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
    /// Is A equal to k?
    pub const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    /// Is A greater than k?
    pub const IF_GREATER: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
    /// Is A greater than k, or equal?
    pub const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    /// Answer k.
    pub const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
}

/// A filter that the kernel would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    instructions: Vec<Instruction>,
}

impl Filter {
    /// A filter of these instructions, if the kernel would take them.
    pub fn new(instructions: Vec<Instruction>) -> Result<Filter> {
        check(&instructions)?;
        Ok(Filter { instructions })
    }

    /// The program, for [`seccomp_set_mode_filter`](groundwork::kernel::seccomp_set_mode_filter).
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// As struct sock_filter has it in memory: eight bytes for each instruction, in this
    /// machine's order. This is what scmp_bpf_sim and scmp_bpf_disasm read.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = |step: &Instruction| {
            let [code_a, code_b] = step.code.to_ne_bytes();
            let [k_a, k_b, k_c, k_d] = step.k.to_ne_bytes();
            [code_a, code_b, step.jt, step.jf, k_a, k_b, k_c, k_d]
        };
        self.instructions.iter().flat_map(bytes).collect()
    }

    /// The filter in these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Filter> {
        if bytes.len() % 8 != 0 {
            let why = format!("{} bytes are no whole number of instructions", bytes.len());
            return Err(Error::NoFilter(why));
        }
        let step = |bytes: &[u8]| Instruction {
            code: u16::from_ne_bytes([bytes[0], bytes[1]]),
            jt: bytes[2],
            jf: bytes[3],
            k: u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        };
        Filter::new(bytes.chunks_exact(8).map(step).collect())
    }
}

/// What the kernel checks before it takes a filter: bpf_check_classic() of net/core/filter.c
/// and seccomp_check_filter() of kernel/seccomp.c.
fn check(program: &[Instruction]) -> Result<()> {
    let wrong = |why: String| Err(Error::NoFilter(why));
    match program.len() {
        0 => return wrong("it has no instructions".to_owned()),
        length if length > MAX_INSTRUCTIONS => return Err(Error::TooLong { length }),
        _ => {}
    }
    for (at, step) in program.iter().enumerate() {
        if let Some(why) = mistake(step, program.len() - at - 1) {
            return wrong(format!("instruction {at}: {why}"));
        }
    }
    match program.last() {
        Some(last) if u32::from(last.code) & 7 == nix::libc::BPF_RET => Ok(()),
        _ => wrong("its last instruction is not a return".to_owned()),
    }
}

/// What is wrong with an instruction that `after` others follow.
fn mistake(step: &Instruction, after: usize) -> Option<&'static str> {
    use nix::libc::*;
    let code = u32::from(step.code);
    let beyond = |steps: u32| steps as usize >= after;
    match (code & 7, code & 0xf8) {
        (BPF_LD, op) if op == BPF_W | BPF_ABS => {
            (step.k >= DATA_SIZE || step.k % 4 != 0).then_some("it loads no word of seccomp_data")
        }
        (BPF_LD | BPF_LDX, op) if op == BPF_W | BPF_LEN || op == BPF_IMM => None,
        (BPF_LD | BPF_LDX, BPF_MEM) | (BPF_ST | BPF_STX, 0) => {
            (step.k >= 16).then_some("there are 16 cells of memory")
        }
        (BPF_ALU, op) => match (op & 0xf0, op & 8, step.k) {
            (BPF_DIV, BPF_K, 0) => Some("it divides by zero"),
            (BPF_LSH | BPF_RSH, BPF_K, 32..) => Some("it shifts all bits away"),
            (BPF_ADD | BPF_SUB | BPF_MUL | BPF_DIV | BPF_AND | BPF_OR, ..) => None,
            (BPF_XOR | BPF_LSH | BPF_RSH, ..) | (BPF_NEG, BPF_K, _) => None,
            _ => Some("seccomp knows no such code"),
        },
        (BPF_JMP, BPF_JA) => beyond(step.k).then_some("it jumps beyond the end"),
        (BPF_JMP, op) if matches!(op & 0xf0, BPF_JEQ | BPF_JGT | BPF_JGE | BPF_JSET) => {
            beyond(step.jt.max(step.jf).into()).then_some("it jumps beyond the end")
        }
        (BPF_RET, BPF_K | BPF_A) | (BPF_MISC, BPF_TAX | BPF_TXA) => None,
        _ => Some("seccomp knows no such code"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(code: u16, jt: u8, jf: u8, k: u32) -> Instruction {
        Instruction { code, jt, jf, k }
    }

    #[test]
    fn what_the_kernel_would_refuse_is_refused() {
        let allow = step(code::RETURN, 0, 0, 0x7fff_0000);
        let bad = [
            vec![],
            vec![step(code::LOAD, 0, 0, 0)],
            vec![step(code::LOAD, 0, 0, 64), allow],
            vec![step(code::LOAD, 0, 0, 2), allow],
            vec![step(code::IF_EQUAL, 1, 0, 2), allow],
            vec![step(code::JUMP, 0, 0, u32::MAX), allow],
            vec![step(0xffff, 0, 0, 0), allow],
            vec![step(0x34, 0, 0, 0), allow],
        ];
        for program in bad {
            assert!(Filter::new(program.clone()).is_err(), "{program:?}");
        }
        assert!(Filter::new(vec![allow; MAX_INSTRUCTIONS]).is_ok());
        let long = Filter::new(vec![allow; MAX_INSTRUCTIONS + 1]);
        assert_eq!(
            long,
            Err(Error::TooLong {
                length: MAX_INSTRUCTIONS + 1
            })
        );
    }

    #[test]
    fn a_filter_comes_back_from_its_bytes() {
        let program = vec![step(code::LOAD, 0, 0, 4), step(code::RETURN, 0, 0, 7)];
        let filter = Filter::new(program).unwrap();
        assert_eq!(Filter::from_bytes(&filter.to_bytes()), Ok(filter));
        assert!(Filter::from_bytes(&[0; 9]).is_err());
    }
}
