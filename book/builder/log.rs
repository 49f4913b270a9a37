//! mdBook's warnings, printed and counted.
//!
//! mdBook reports a missing include through `tracing` and goes on; without a
//! listener nobody would hear it.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// How many warnings were heard so far.
pub struct Warnings(Arc<AtomicUsize>);

impl Warnings {
    /// The number of warnings and errors since [`listen`].
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Prints every warning of this process on stderr from now on, and counts it.
pub fn listen() -> Warnings {
    let count = Arc::new(AtomicUsize::new(0));
    let listener = Listener {
        count: count.clone(),
    };
    tracing::subscriber::set_global_default(listener).expect("we are the only listener");
    Warnings(count)
}

struct Listener {
    count: Arc<AtomicUsize>,
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.count.fetch_add(1, Ordering::Relaxed);
        eprintln!("warning: {}", message.0);
    }

    // mdBook's spans carry nothing that we print.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}
