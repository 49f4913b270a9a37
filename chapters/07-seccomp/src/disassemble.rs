//! How a filter reads: the language of bpf_asm, in the kernel's tools/bpf.
//!
//! An instruction that others jump to has a label with its place in the program. What the
//! numbers mean is behind them: to know that 59 is execve(2), it is followed through the
//! program what the accumulator holds, and which architecture was asked for before.

use std::collections::BTreeSet;
use std::fmt::Write;

use groundwork::kernel::Instruction;
use nix::libc::*;

use crate::action::Action;
use crate::arch::{Arch, X32_BIT};
use crate::calls;
use crate::filter::Filter;

/// The text of a program.
pub fn disassemble(filter: &Filter) -> String {
    let program = filter.instructions();
    let known = follow(program);
    let labels: BTreeSet<usize> = (program.iter().enumerate())
        .flat_map(|(at, step)| named_targets(at, step))
        .collect();
    let mut text = String::new();
    for (at, step) in program.iter().enumerate() {
        let label = match labels.contains(&at) {
            true => format!("{}:", label(at)),
            false => String::new(),
        };
        let (code, comment) = (instruction(at, step, &known[at]), comment(step, &known[at]));
        let line = match comment.as_str() {
            "" => format!("{label:<7}{code}"),
            comment => format!("{label:<7}{code:<34} ; {comment}"),
        };
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// What is known before an instruction, on whichever way it was come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Known {
    /// Which word of struct seccomp_data the accumulator holds, by its offset.
    held: Option<u32>,
    /// The token that `arch` was found to be equal to.
    arch: Option<u32>,
}

/// What is known before each instruction. Jumps go forward: one pass is enough.
fn follow(program: &[Instruction]) -> Vec<Known> {
    let mut known: Vec<Option<Known>> = vec![None; program.len()];
    if let Some(first) = known.first_mut() {
        *first = Some(Known::default());
    }
    for (at, step) in program.iter().enumerate() {
        let before = known[at].clone().unwrap_or_default();
        let code = u32::from(step.code);
        for target in targets(at, step) {
            let mut after = before.clone();
            match code & 7 {
                BPF_LD => after.held = (code & 0xe0 == BPF_ABS).then_some(step.k),
                BPF_ALU | BPF_MISC => after.held = None,
                BPF_JMP if is_arch(step, &before) && target == yes(at, step) => {
                    after.arch = Some(step.k);
                }
                _ => {}
            }
            match &mut known[target] {
                Some(other) => {
                    other.held = other.held.filter(|held| Some(*held) == after.held);
                    other.arch = other.arch.filter(|arch| Some(*arch) == after.arch);
                }
                empty => *empty = Some(after),
            }
        }
    }
    known.into_iter().map(Option::unwrap_or_default).collect()
}

/// Whether this asks for the architecture.
fn is_arch(step: &Instruction, known: &Known) -> bool {
    u32::from(step.code) == BPF_JMP | BPF_JEQ && known.held == Some(4)
}

fn yes(at: usize, step: &Instruction) -> usize {
    at + 1 + usize::from(step.jt)
}

fn no(at: usize, step: &Instruction) -> usize {
    at + 1 + usize::from(step.jf)
}

/// Where it can go on after an instruction.
fn targets(at: usize, step: &Instruction) -> Vec<usize> {
    let code = u32::from(step.code);
    match code & 7 {
        BPF_RET => Vec::new(),
        BPF_JMP if code & 0xf0 == BPF_JA => vec![at + 1 + step.k as usize],
        BPF_JMP => vec![yes(at, step), no(at, step)],
        _ => vec![at + 1],
    }
}

/// The targets that an instruction's text names: the next one goes without saying, unless
/// there is no opposite of the comparison.
fn named_targets(at: usize, step: &Instruction) -> Vec<usize> {
    let both = u32::from(step.code) & 0xf7 == BPF_JMP | BPF_JSET && step.jt == 0;
    let is_jump = u32::from(step.code) & 7 == BPF_JMP;
    let targets = targets(at, step).into_iter();
    targets
        .filter(|target| is_jump && (both || *target != at + 1))
        .collect()
}

fn label(at: usize) -> String {
    format!("L{at:04}")
}

/// An instruction, as bpf_asm reads it.
fn instruction(at: usize, step: &Instruction, known: &Known) -> String {
    let code = u32::from(step.code);
    let k = step.k;
    let operand = match code & 8 {
        BPF_X => "x".to_owned(),
        // Numbers of calls are read in decimal, all others by their bits.
        _ if known.held == Some(0) && k < X32_BIT => format!("#{k}"),
        _ => format!("#{k:#x}"),
    };
    match code & 7 {
        BPF_JMP => jump(at, step, &operand),
        BPF_RET if code & 0x18 == BPF_A => "ret a".to_owned(),
        BPF_RET => format!("ret #{k:#x}"),
        BPF_LD | BPF_LDX => {
            let name = if code & 7 == BPF_LD { "ld" } else { "ldx" };
            match code & 0xe0 {
                BPF_ABS => format!("{name} [{k}]"),
                BPF_MEM => format!("{name} M[{k}]"),
                BPF_LEN => format!("{name} len"),
                _ => format!("{name} #{k:#x}"),
            }
        }
        BPF_ST => format!("st M[{k}]"),
        BPF_STX => format!("stx M[{k}]"),
        BPF_ALU => match arithmetic(code) {
            "neg" => "neg".to_owned(),
            name => format!("{name} {operand}"),
        },
        _ if code & 0xf8 == BPF_TAX => "tax".to_owned(),
        _ => "txa".to_owned(),
    }
}

/// Where the answer "yes" goes straight on, the opposite question is asked, if there is one.
fn jump(at: usize, step: &Instruction, operand: &str) -> String {
    let (name, opposite) = match u32::from(step.code) & 0xf0 {
        BPF_JA => return format!("jmp {}", label(at + 1 + step.k as usize)),
        BPF_JEQ => ("jeq", Some("jne")),
        BPF_JGT => ("jgt", Some("jle")),
        BPF_JGE => ("jge", Some("jlt")),
        _ => ("jset", None),
    };
    let (yes, no) = (label(yes(at, step)), label(no(at, step)));
    match (step.jt, step.jf, opposite) {
        (_, 0, _) => format!("{name} {operand}, {yes}"),
        (0, _, Some(opposite)) => format!("{opposite} {operand}, {no}"),
        _ => format!("{name} {operand}, {yes}, {no}"),
    }
}

fn arithmetic(code: u32) -> &'static str {
    match code & 0xf0 {
        BPF_ADD => "add",
        BPF_SUB => "sub",
        BPF_MUL => "mul",
        BPF_DIV => "div",
        BPF_AND => "and",
        BPF_OR => "or",
        BPF_XOR => "xor",
        BPF_LSH => "lsh",
        BPF_RSH => "rsh",
        _ => "neg",
    }
}

/// What an instruction's number means.
fn comment(step: &Instruction, known: &Known) -> String {
    let code = u32::from(step.code);
    match code & 7 {
        BPF_RET if code & 0x18 == BPF_K => Action::of_value(step.k).to_string(),
        BPF_LD if code & 0xe0 == BPF_ABS => word(step.k),
        BPF_JMP if is_arch(step, known) => match Arch::of_call(step.k, 0) {
            Some(arch) => arch.to_string(),
            None => String::new(),
        },
        BPF_JMP if known.held == Some(0) && code & 0xf0 != BPF_JA => call(step, known),
        _ => String::new(),
    }
}

fn word(offset: u32) -> String {
    let half = if offset % 8 == 0 { "low" } else { "high" };
    match offset {
        0 => "nr".to_owned(),
        4 => "arch".to_owned(),
        8 | 12 => format!("instruction_pointer, {half}"),
        _ => format!("args[{}], {half}", (offset - 16) / 8),
    }
}

/// The call whose number is compared with.
fn call(step: &Instruction, known: &Known) -> String {
    let Some(arch) = known.arch.and_then(|token| Arch::of_call(token, step.k)) else {
        return String::new();
    };
    let name = match (step.k, calls::name(arch, step.k)) {
        (X32_BIT, _) => return "x32 from here".to_owned(),
        (_, Some(name)) => name,
        (_, None) => return String::new(),
    };
    match u32::from(step.code) & 0xf0 {
        BPF_JEQ => name.to_owned(),
        BPF_JGE => format!("{name} and on"),
        _ => format!("after {name}"),
    }
}
