//! What of an exercise's starter is to be written: the items that hold `todo!`, or, where
//! something has to be mended, those that the solution has otherwise. No marks are needed in
//! it, so the student's copy has none.

/// The items of a starter in which work is due, with what is written above each.
pub fn to_write(starter: &str, solution: &str) -> String {
    let items = items(starter);
    let due = |is_due: &dyn Fn(&str) -> bool| {
        let due: Vec<_> = items.iter().filter(|item| is_due(item)).cloned().collect();
        due.join("\n\n")
    };
    match due(&|item| item.contains("todo!")) {
        nothing if nothing.is_empty() => due(&|item| {
            let is_function = item.lines().any(|line| line.contains("fn "));
            is_function && !solution.contains(item)
        }),
        due => due,
    }
}

/// The file is as rustfmt leaves it: an item ends with the first line that begins with `}`,
/// or is a single line.
fn items(starter: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in starter.lines() {
        let is_code = !line.is_empty() && !line.starts_with("//") && !line.starts_with("#[");
        if !inside && (line.is_empty() || line.starts_with("//!") || line.starts_with("#![")) {
            item.clear();
            continue;
        }
        item.push(line);
        let ends = match inside {
            true => line.starts_with('}') || (line.starts_with([')', ']']) && line.ends_with(';')),
            false => is_code && line.ends_with([';', '}']),
        };
        inside = !ends && (inside || is_code);
        if ends {
            items.push(item.join("\n"));
            item.clear();
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_items_with_work_in_them_are_shown_each_whole() {
        let starter = "//! answer\n\nuse std::fs;\n\nconst N: [u8; 2] = [\n    1,\n    2,\n];\n\n\
            fn main() {\n    one();\n\n    two();\n}\n\n/// What it does.\n#[inline]\nfn one() {\n\
            \x20   let x = 1;\n\n    todo!(\"this\")\n}\n\nfn two(\n    long: &str,\n) -> i32 {\n    todo!()\n}\n";
        let shown = "/// What it does.\n#[inline]\nfn one() {\n    let x = 1;\n\n    todo!(\"this\")\n}\n\n\
            fn two(\n    long: &str,\n) -> i32 {\n    todo!()\n}";
        assert_eq!(to_write(starter, ""), shown);
        let (broken, mended) = ("fn main() {}\n\nfn one() {\n    1\n}\n", "fn main() {}\n");
        assert_eq!(to_write(broken, mended), "fn one() {\n    1\n}");
    }
}
