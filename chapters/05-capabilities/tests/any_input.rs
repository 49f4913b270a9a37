//! Whatever stands in a text or an attribute: an answer or an error, never a panic. Random,
//! but the same in every run; ERA_LONG=1 tries twenty times as many.

use capabilities::{CapSet, FileCaps, Triple};

/// xorshift: small, and good enough to try inputs.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

fn times() -> usize {
    match std::env::var("ERA_LONG").as_deref() {
        Ok("1") => 400_000,
        _ => 20_000,
    }
}

/// Words of the grammar, and what does not belong there.
const WORDS: &[&str] = &[
    "cap_chown",
    "CAP_KILL",
    "net_raw",
    "cap_bpf",
    "all",
    "ALL",
    "0",
    "13",
    "0x10",
    "040",
    "63",
    "64",
    "99999999999999999999",
    "none",
    "cap_",
    "_",
    ",",
    ",,",
    "=",
    "+",
    "-",
    "=+",
    "=-",
    "e",
    "i",
    "p",
    "ep",
    "eip",
    " ",
    "\t",
    "\n",
    "",
    "é",
    "\0",
    "x",
    "\u{a0}",
    "🦀",
    "-e",
    "+p",
    "=i",
];

fn text(random: &mut Random) -> String {
    let words = (0..random.below(12)).map(|_| random.of(WORDS));
    words.collect()
}

#[test]
fn any_text_is_read_or_refused_and_what_is_shown_is_read_back() {
    let mut random = Random(0x00C0_FFEE);
    let mut read = 0;
    for _ in 0..times() {
        let text = text(&mut random);
        let Ok(triple) = text.parse::<Triple>() else {
            continue;
        };
        read += 1;
        let shown = triple.to_string();
        assert_eq!(
            shown.parse::<Triple>().ok(),
            Some(triple),
            "{text:?} {shown:?}"
        );
    }
    assert!(read > times() / 50, "only {read} were read");
}

#[test]
fn every_triple_that_the_kernel_can_have_is_shown_and_read_back() {
    let mut random = Random(0xCAB1_E5ED);
    for _ in 0..times() / 10 {
        let mut set = || {
            let bits = random.next() & random.next();
            CapSet::from_bits(bits).intersection(CapSet::all())
        };
        let triple = Triple {
            effective: set(),
            inheritable: set(),
            permitted: set(),
        };
        assert_eq!(triple.to_string().parse::<Triple>().unwrap(), triple);
    }
}

#[test]
fn any_list_is_read_or_refused() {
    let mut random = Random(0x1157);
    for _ in 0..times() {
        let text = text(&mut random);
        if let Ok(set) = text.parse::<CapSet>() {
            assert!(set.is_within(CapSet::all()), "{text:?}");
        }
    }
}

#[test]
fn any_attribute_is_read_or_refused_and_what_is_written_is_read_back() {
    let mut random = Random(0xA77B);
    let mut read = 0;
    for _ in 0..times() {
        let size = random.of(&[0, 3, 4, 8, 12, 16, 19, 20, 21, 24, 28, 64]);
        let mut bytes: Vec<u8> = (0..size).map(|_| random.next() as u8).collect();
        if let Some(revision) = bytes.get_mut(3) {
            *revision = random.of(&[0, 1, 2, 3, 4, 255]);
        }
        let Ok(caps) = FileCaps::decode(&bytes) else {
            continue;
        };
        read += 1;
        let _ = caps.triple().to_string();
        assert_eq!(FileCaps::decode(&caps.encode()).unwrap(), caps);
        if bytes.len() > 12 {
            // All but the unused bits of the first word.
            assert_eq!(caps.encode()[4..], bytes[4..]);
        }
    }
    assert!(read > times() / 50, "only {read} were read");
}

#[test]
fn the_three_revisions_are_read() {
    let words =
        |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    let shown = |bytes: &[u8]| FileCaps::decode(bytes).map(|caps| caps.triple().to_string());
    let first = words(&[0x0100_0001, 0x400, 0]);
    assert_eq!(shown(&first).unwrap(), "cap_net_bind_service=ep");
    let second = words(&[0x0200_0000, 0, 1, 0x80, 0]);
    assert_eq!(shown(&second).unwrap(), "cap_chown=i cap_bpf+p");
    let third = words(&[0x0300_0000, 1, 0, 0, 0, 4711]);
    assert_eq!(FileCaps::decode(&third).unwrap().root, Some(4711));
    for wrong in [&second[..19], &second[..12], &third[..20], &first[..8], &[]] {
        let error = FileCaps::decode(wrong).unwrap_err().to_string();
        assert!(error.contains(&format!("{} bytes", wrong.len())), "{error}");
    }
}
