//! What a filter answers, found out by going through it: no process is needed.

use groundwork::kernel::Instruction;
use nix::libc::*;

use crate::action::Action;
use crate::arch::Arch;
use crate::filter::{DATA_SIZE, Filter};

/// struct seccomp_data: a system call, as a filter sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data {
    /// The number of the call, x32's bit included.
    pub nr: u32,
    /// [`Arch::token`] of the way it was made.
    pub arch: u32,
    /// The address that it was made from.
    pub instruction_pointer: u64,
    /// Its arguments, whether it has so many or not.
    pub args: [u64; 6],
}

impl Data {
    /// A call by its number.
    pub fn new(arch: Arch, nr: u32, args: [u64; 6]) -> Data {
        Data {
            nr,
            arch: arch.token(),
            instruction_pointer: 0,
            args,
        }
    }

    /// The word at an offset. Within each 64 bits, the first word is the lower half on every
    /// machine that we know.
    fn word(&self, offset: u32) -> u32 {
        let half = |value: u64| (value >> (offset % 8 * 8)) as u32;
        match offset {
            0 => self.nr,
            4 => self.arch,
            8 | 12 => half(self.instruction_pointer),
            _ => half(self.args[(offset as usize - 16) / 8]),
        }
    }
}

/// A filter's answer, and how it came to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What becomes of the call.
    pub action: Action,
    /// The number that the program returned.
    pub value: u32,
    /// The instructions that were executed, in this order.
    pub path: Vec<usize>,
}

/// The machine: an accumulator, an index register, sixteen cells of memory.
#[derive(Default)]
struct Machine {
    a: u32,
    x: u32,
    memory: [u32; 16],
}

/// Runs the filter on a call, as the kernel would.
pub fn interpret(filter: &Filter, data: &Data) -> Verdict {
    let mut machine = Machine::default();
    let mut path = Vec::new();
    let mut at = 0;
    loop {
        // A filter was checked: each jump stays inside, and the last instruction returns.
        let step = &filter.instructions()[at];
        path.push(at);
        match machine.execute(step, data) {
            Next::Skip(steps) => at += 1 + steps as usize,
            Next::Return(value) => {
                let action = Action::of_value(value);
                return Verdict {
                    action,
                    value,
                    path,
                };
            }
        }
    }
}

enum Next {
    Skip(u32),
    Return(u32),
}

impl Machine {
    fn execute(&mut self, step: &Instruction, data: &Data) -> Next {
        let code = u32::from(step.code);
        match code & 7 {
            BPF_LD => self.a = self.value(step, data),
            BPF_LDX => self.x = self.value(step, data),
            BPF_ST => self.memory[step.k as usize] = self.a,
            BPF_STX => self.memory[step.k as usize] = self.x,
            BPF_ALU => match self.compute(step) {
                Some(result) => self.a = result,
                // The kernel ends a filter that divides by zero with 0.
                None => return Next::Return(0),
            },
            BPF_JMP => return Next::Skip(self.jump(step)),
            BPF_RET if code & 0x18 == BPF_A => return Next::Return(self.a),
            BPF_RET => return Next::Return(step.k),
            _ if code & 0xf8 == BPF_TAX => self.x = self.a,
            _ => self.a = self.x,
        }
        Next::Skip(0)
    }

    fn value(&self, step: &Instruction, data: &Data) -> u32 {
        match u32::from(step.code) & 0xe0 {
            BPF_ABS => data.word(step.k),
            BPF_MEM => self.memory[step.k as usize],
            BPF_LEN => DATA_SIZE,
            _ => step.k,
        }
    }

    fn compute(&self, step: &Instruction) -> Option<u32> {
        let operand = self.operand(step);
        Some(match u32::from(step.code) & 0xf0 {
            BPF_ADD => self.a.wrapping_add(operand),
            BPF_SUB => self.a.wrapping_sub(operand),
            BPF_MUL => self.a.wrapping_mul(operand),
            BPF_DIV => self.a.checked_div(operand)?,
            BPF_AND => self.a & operand,
            BPF_OR => self.a | operand,
            BPF_XOR => self.a ^ operand,
            BPF_LSH => self.a.wrapping_shl(operand),
            BPF_RSH => self.a.wrapping_shr(operand),
            _ => self.a.wrapping_neg(),
        })
    }

    /// How many instructions a jump leaves out.
    fn jump(&self, step: &Instruction) -> u32 {
        let operand = self.operand(step);
        let holds = match u32::from(step.code) & 0xf0 {
            BPF_JA => return step.k,
            BPF_JEQ => self.a == operand,
            BPF_JGT => self.a > operand,
            BPF_JGE => self.a >= operand,
            _ => self.a & operand != 0,
        };
        u32::from(if holds { step.jt } else { step.jf })
    }

    fn operand(&self, step: &Instruction) -> u32 {
        if u32::from(step.code) & 8 == BPF_X {
            self.x
        } else {
            step.k
        }
    }
}
