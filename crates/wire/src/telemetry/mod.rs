//! Telemetry: a snapshot as lines of JSON, packed into chunks.
//!
//! A *message* is one JSON object with `type` and `body`; a *line* is what travels. A message that is longer than a
//! line may be travels as `InspectorSplitMsgBegin`, parts, and `InspectorSplitMsgEnd`; [`Chunker`] splits and
//! [`Assembler`] joins, and nobody else knows.
//!
//! # Order of a stream
//!
//! `InspectorMonitoringStart`, the snapshot's messages in the order of [`visit_snapshot_lines`] (or one
//! `InspectorUnchanged`), `InspectorMonitoringStop`. `InspectorNetworkInterface` may stand anywhere between: it is no
//! part of the snapshot and of its digest, because addresses come and go without the host being another.

mod assemble;
mod chunk;
mod count;
mod encode;
mod envelope;
mod snapshot;
mod stream;

pub use assemble::{AssembleError, Assembler, Content, Telemetry};
pub use chunk::{Chunk, ChunkError, ChunkLimits, Chunker, DecodedChunk, decode_chunk};
pub use count::{Counts, TypeCount};
pub use encode::{snapshot_digest, snapshot_lines, visit_snapshot_lines};
pub use envelope::{Line, MessageType};
pub use stream::{MonitoringStart, MonitoringStop, NetworkInterface, Problem};

pub(crate) use snapshot::SnapshotAssembler;
