//! Waits for nothing, as `hang`, for a test of its own.

fn main() {
    loop {
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
}
