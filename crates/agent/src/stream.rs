//! A collection becomes a stream of chunks: the same for the spool and for `collect --dry-run`.

use yagura_model::{LocalText, Snapshot};
use yagura_wire::{
    Chunk, ChunkError, ChunkLimits, Chunker, Counts, Instruction, Line, MonitoringStart, MonitoringStop, Problem,
    collect, decode_chunk, snapshot_digest, visit_snapshot_lines,
};

use crate::agent::VERSION;
use crate::host::{CollectError, Collector, Depth};

/// What was collected for one instruction.
#[derive(Debug)]
pub(crate) struct Collected {
    start: MonitoringStart,
    content: Content,
    interfaces: Vec<Line>,
    problems: Vec<Problem>,
}

#[derive(Debug)]
enum Content {
    Snapshot(Box<Snapshot>),
    Unchanged(String),
    Nothing,
}

/// Follows an instruction's words. A host that cannot be read is no failure of the agent: the stream says so.
pub(crate) fn collect_for(collector: &dyn Collector, words: &[String], known_digest: Option<&str>) -> Collected {
    let mut problems = Vec::new();
    let mut collected = Vec::new();
    let mut depth = None;
    for word in words {
        match word.as_str() {
            collect::INVENTORY => depth = depth.or(Some(Depth::Inventory)),
            collect::SETTINGS => depth = Some(Depth::Settings),
            unknown => {
                problems.push(Problem::from(unknown_word(unknown)));
                continue;
            }
        }
        collected.push(word.clone());
    }
    let snapshot = depth.and_then(|depth| match collector.snapshot(depth) {
        Ok(snapshot) => Some(snapshot),
        Err(error) => {
            problems.push(Problem::from(unreadable(&error)));
            None
        }
    });
    let digest = snapshot.as_ref().map(snapshot_digest);
    let content = match (snapshot, &digest) {
        (Some(_), Some(digest)) if known_digest == Some(digest) => Content::Unchanged(digest.clone()),
        (Some(snapshot), _) => Content::Snapshot(Box::new(snapshot)),
        (None, _) => Content::Nothing,
    };
    // Interfaces are a courtesy to the list of agents: without them the snapshot is whole.
    let interfaces = if depth.is_some() { collector.interfaces().unwrap_or_default() } else { Vec::new() };
    Collected {
        start: MonitoringStart { agent_version: VERSION.to_owned(), digest, collected },
        content,
        interfaces: interfaces.iter().map(Line::interface).collect(),
        problems,
    }
}

impl Collected {
    /// Packs the stream; each chunk is given away as soon as it is full, so that memory holds one.
    pub(crate) fn pack<E: From<ChunkError>>(
        &self,
        bytes_max: usize,
        give: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut chunker = Chunker::new(bytes_max);
        let mut push = |line: &Line| -> Result<(), E> { chunker.push(line)?.into_iter().try_for_each(&mut *give) };
        push(&Line::start(&self.start))?;
        self.interfaces.iter().try_for_each(&mut push)?;
        match &self.content {
            Content::Snapshot(snapshot) => visit_snapshot_lines(snapshot, &mut |line| push(&line))?,
            Content::Unchanged(digest) => push(&Line::unchanged(digest))?,
            Content::Nothing => {}
        }
        let end = |chunks: u32, messages: &Counts| {
            let (messages, digest, problems) = (messages.clone(), self.start.digest.clone(), self.problems.clone());
            Line::stop(&MonitoringStop { chunks, messages, digest, problems })
        };
        chunker.finish(end)?.into_iter().try_for_each(give)
    }
}

fn unknown_word(word: &str) -> LocalText {
    let shown: String = word.chars().filter(|c| !c.is_control()).take(80).collect();
    LocalText::new(
        format!("this agent (version {VERSION}) does not know the collection `{shown}`; nothing was collected for it"),
        format!(
            "このエージェント (バージョン {VERSION}) は収集項目 `{shown}` に対応していません。この項目は収集されていません"
        ),
    )
}

fn unreadable(error: &CollectError) -> LocalText {
    let mut en = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        en = format!("{en}: {inner}");
        cause = inner.source();
    }
    let advice = error.advice();
    LocalText::new(format!("{en}; {}", advice.en), format!("ホストを読み取れませんでした ({en})。{}", advice.ja))
}

/// Gives exactly the lines that an agent on this host would send for a whole collection.
///
/// # Errors
/// What `give` answers, and when the stream does not fit into the protocol's bounds.
pub fn dry_run<E: From<ChunkError>>(
    collector: &dyn Collector,
    give: &mut dyn FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    let words = [collect::INVENTORY, collect::SETTINGS].map(str::to_owned);
    let collected = collect_for(collector, &words, None);
    collected.pack(yagura_wire::bounds::CHUNK_BYTES_DEFAULT, &mut |chunk: Chunk| {
        decode_chunk(&chunk.bytes, ChunkLimits::default())?.lines().try_for_each(&mut *give)
    })
}

/// Follows one instruction.
pub(crate) fn follow(collector: &dyn Collector, instruction: &Instruction) -> Collected {
    collect_for(collector, &instruction.collect, instruction.known_digest.as_deref())
}
