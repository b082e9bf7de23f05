//! Collects on a host and sends to a Yagura server.
//!
//! [`enroll`] gives a host an identity, [`Agent::open`] takes it up again, and [`Agent::run`] lives with it: a
//! heartbeat that waits for work, a collection through `yagura-probe`, chunks on the disk, chunks sent and
//! acknowledged. The program `yagura-agent` is these three and a command line; a server runs the same on a thread.
//!
//! # Parts
//!
//! - `driver`: the loop. It knows the protocol and neither sockets nor clocks: those are a [`Transport`] and a
//!   [`Clock`], which tests write as scripts.
//! - `http`: the transport over TLS, which trusts one CA and nothing else.
//! - `host`: what is read of the host; `stream`: how it becomes chunks.
//! - `spool`: chunks on the disk until they are acknowledged; `state`: the identity and what else survives a restart.
//!
//! # Invariants
//!
//! - The agent opens connections and listens on none. It changes nothing on the host but its state directory.
//! - An instruction chooses among predefined words. An unknown word is reported, never executed.
//! - A chunk leaves the disk only after its acknowledgement, and its number and content never change: what a
//!   `kill -9` interrupts goes on where it was, without loss and without a double.
//! - The private key is made here and stays here, in a file that only its owner reads.
//! - A clone stops: two machines never go on under one identity.

mod agent;
mod certificate;
mod clock;
mod driver;
mod enroll;
mod files;
mod host;
mod http;
mod lock;
mod spool;
mod state;
mod status;
mod stop;
mod stream;
mod transport;

pub use agent::{Agent, OpenError, RunError, RunOptions, VERSION, unenroll};
pub use certificate::CertificateError;
pub use clock::{Clock, SystemClock};
pub use driver::Ended;
pub use enroll::{EnrollError, Enrolled, Enrolment, enroll};
pub use files::StateError;
pub use host::{CollectError, Collector, Depth, HostCollector};
pub use http::{Proxy, ServerUrl, UrlError};
pub use spool::SPOOL_BYTES_MAX;
pub use state::Identity;
pub use status::{Condition, Status, status};
pub use stop::Stop;
pub use stream::dry_run;
pub use transport::{CallError, Transport};
