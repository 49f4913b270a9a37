//! answer ROOT COMMAND [ARGUMENT…]: the command, inside another root directory.

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, command, arguments @ ..] = words.as_slice() else {
        eprintln!("usage: answer ROOT COMMAND [ARGUMENT…]");
        std::process::exit(2);
    };
    enter(root);
    let _ = (command, arguments);
    todo!("become the command");
}

/// From here on `/` is `root`, and nothing of outside is held.
fn enter(root: &str) {
    let _ = root;
    todo!("enter the root directory");
}
