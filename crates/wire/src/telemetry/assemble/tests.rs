use proptest::prelude::*;

use super::*;
use crate::bounds::{KERNELS_MAX, PACKAGES_MAX, PROBLEMS_MAX};
use crate::telemetry::{Line, snapshot_digest, snapshot_lines};
use crate::testing::{any_snapshot, sample};
use crate::{ChunkLimits, Chunker, decode_chunk, decode_snapshot, encode_snapshot};
use yagura_model::settings::Fact;

fn start(digest: Option<String>) -> MonitoringStart {
    MonitoringStart { agent_version: "0.1.0".into(), digest, collected: vec!["inventory".into()] }
}

/// The lines of a whole stream, as an agent sends them.
fn stream(messages: &[Line], digest: Option<&str>) -> Vec<String> {
    let mut chunker = Chunker::new(0);
    let mut chunks = chunker.push(&Line::start(&start(digest.map(str::to_owned)))).unwrap();
    for message in messages {
        chunks.extend(chunker.push(message).unwrap());
    }
    let end = |chunks, messages: &Counts| {
        let (messages, digest) = (messages.clone(), digest.map(str::to_owned));
        Line::stop(&MonitoringStop { chunks, messages, digest, problems: Vec::new() })
    };
    chunks.extend(chunker.finish(end).unwrap());
    let mut lines = Vec::new();
    for (chunk, number) in chunks.iter().zip(0..) {
        assert_eq!(chunk.number, number);
        let decoded = decode_chunk(&chunk.bytes, ChunkLimits::default()).unwrap();
        lines.extend(decoded.lines().map(str::to_owned));
    }
    lines
}

fn assemble(lines: &[String]) -> Result<Telemetry, AssembleError> {
    let mut assembler = Assembler::new();
    lines.iter().try_for_each(|line| assembler.push(line))?;
    assembler.finish()
}

fn sent(snapshot: &Snapshot) -> Vec<String> {
    stream(&snapshot_lines(snapshot), Some(&snapshot_digest(snapshot)))
}

fn received(telemetry: Telemetry) -> Snapshot {
    match telemetry.content {
        Content::Snapshot { snapshot, .. } => *snapshot,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_member_and_variant_arrives() {
    let sample = sample();
    let telemetry = assemble(&sent(&sample)).unwrap();
    assert_eq!(telemetry.counts.of(MessageType::PackageInfo).count, 8);
    assert_eq!(telemetry.counts.of(MessageType::ConfigurationInfo).count, 7);
    assert_eq!(telemetry.unknown, 0);
    assert_eq!(received(telemetry), sample);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_snapshot_arrives_as_it_was(snapshot in any_snapshot()) {
        let telemetry = assemble(&sent(&snapshot)).unwrap();
        let Content::Snapshot { snapshot: received, digest } = telemetry.content else { panic!() };
        prop_assert_eq!(&digest, &snapshot_digest(&received));
        prop_assert_eq!(&*received, &snapshot);
        let kept = encode_snapshot(&snapshot);
        prop_assert_eq!(&encode_snapshot(&received), &kept);
        prop_assert_eq!(decode_snapshot(&kept).unwrap(), snapshot);
    }

    #[test]
    fn arbitrary_lines_never_panic(lines in prop::collection::vec(".{0,80}", 0..8), cut in 0usize..40) {
        let mut assembler = Assembler::new();
        for line in &lines {
            let _ = assembler.push(line);
        }
        let _ = assembler.finish();
        // Real lines, one of them cut at any place.
        let mut real = sent(&sample());
        let victim = cut % real.len();
        let line = &mut real[victim];
        line.truncate(line.floor_char_boundary(cut * line.len() / 40));
        prop_assert!(assemble(&real).is_err());
    }
}

#[test]
fn a_snapshot_that_did_not_change_is_one_line() {
    let digest = snapshot_digest(&sample());
    let lines = stream(&[Line::unchanged(&digest)], Some(&digest));
    assert_eq!(lines.len(), 3);
    let Content::Unchanged { digest: told } = assemble(&lines).unwrap().content else { panic!() };
    assert_eq!(told, digest);
    // Something else follows it.
    let mut with_more = vec![Line::unchanged(&digest)];
    with_more.extend(snapshot_lines(&sample()));
    assert!(matches!(assemble(&stream(&with_more, Some(&digest))), Err(AssembleError::Misplaced { .. })));
}

#[test]
fn a_host_that_could_not_be_read_is_no_snapshot() {
    assert!(matches!(assemble(&stream(&[], None)).unwrap().content, Content::Nothing));
    assert!(matches!(assemble(&stream(&[], Some("x"))), Err(AssembleError::Incomplete)));
}

#[test]
fn a_message_longer_than_a_line_travels_in_parts() {
    let mut snapshot = sample();
    let Fact::Known(sshd) = &mut snapshot.settings.sshd else { panic!() };
    sshd.blocks = vec![sshd.blocks[0].clone(); 2_000];
    sshd.blocks[7].criteria[0].patterns = "\"櫓\\".repeat(10_000);
    let lines = sent(&snapshot);
    assert!(lines.iter().filter(|line| line.contains("InspectorSplitMsgPart")).count() > 10);
    let telemetry = assemble(&lines).unwrap();
    assert_eq!(telemetry.counts.of(MessageType::SplitBegin).count, 1);
    assert_eq!(telemetry.counts.of(MessageType::SplitEnd).bytes, 0);
    let whole: usize = snapshot_lines(&snapshot)
        .iter()
        .filter(|line| line.kind() == MessageType::ConfigurationInfo)
        .map(|line| line.text().len())
        .sum();
    assert_eq!(telemetry.counts.of(MessageType::ConfigurationInfo).bytes, u64::try_from(whole).unwrap());
    assert_eq!(telemetry.counts.of(MessageType::ConfigurationInfo).count, 7);
    assert_eq!(received(telemetry), snapshot);
}

#[test]
fn a_fact_too_long_to_be_sent_becomes_unknown_and_is_said() {
    let mut snapshot = sample();
    let Fact::Known(sshd) = &mut snapshot.settings.sshd else { panic!() };
    sshd.config_path = "x".repeat(MESSAGE_BYTES_MAX);
    snapshot.packages[3].version = "y".repeat(MESSAGE_BYTES_MAX);
    let received = received(assemble(&sent(&snapshot)).unwrap());
    assert!(matches!(received.settings.sshd, Fact::Unreadable(_)));
    assert_eq!(received.packages.len(), snapshot.packages.len() - 1);
    let said: Vec<&str> = received.problems.iter().map(|problem| problem.message.en.as_str()).collect();
    assert_eq!(
        said,
        [
            "it cannot be read",
            "1 of the packages: too long to be sent, and not assessed",
            "the settings of the SSH server: too long to be sent, and not assessed",
        ]
    );
}

#[test]
fn more_than_a_host_can_have_is_cut_by_the_sender() {
    let mut snapshot = Snapshot::default();
    snapshot.kernel.installed = vec![String::new(); KERNELS_MAX + 1];
    snapshot.problems = vec![sample().problems[0].clone(); PROBLEMS_MAX + 5];
    let received = received(assemble(&sent(&snapshot)).unwrap());
    assert_eq!(received.kernel.installed.len(), KERNELS_MAX);
    assert!(received.problems.len() <= PROBLEMS_MAX);
    let said = |text: &str| received.problems.iter().any(|problem| problem.message.en.contains(text));
    assert!(said("20001 kernels, and the first 20000"));
    assert!(said("20005 problems"));
}

/// Puts a line among those of a stream and tells what comes of it.
fn with(lines: &[String], at: usize, line: &str) -> Result<Telemetry, AssembleError> {
    let mut lines = lines.to_vec();
    lines.insert(at, line.to_owned());
    assemble(&lines)
}

#[test]
fn a_type_of_a_newer_agent_is_counted_and_left_out() {
    let mut messages = snapshot_lines(&sample());
    let unknown = r#"{"type":"InspectorPasskey","body":{"a":[1]}}"#;
    let fact = r#"{"type":"InspectorConfigurationInfo","body":{"fact":"selinux","state":{"known":1}}}"#;
    // The sender knows them, so they are in its digest and its counts.
    let mut hash = crate::Sha256::new();
    let mut lines: Vec<String> = messages.drain(..).map(|line| line.text().to_owned()).collect();
    lines.insert(2, unknown.to_owned());
    lines.insert(3, fact.to_owned());
    for line in &lines {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    let digest = hash.finish();
    let mut counts = Counts::default();
    let first = Line::start(&start(Some(digest.clone())));
    lines.insert(0, first.text().to_owned());
    for line in &lines {
        counts.line(&Envelope::read(line).unwrap(), line.len()).unwrap();
    }
    let stop = MonitoringStop { chunks: 1, messages: counts, digest: Some(digest), problems: Vec::new() };
    lines.push(Line::stop(&stop).text().to_owned());
    let telemetry = assemble(&lines).unwrap();
    assert_eq!(telemetry.unknown, 2);
    assert_eq!(telemetry.counts.iter().find(|(name, _)| *name == "InspectorPasskey").unwrap().1.count, 1);
    assert_eq!(received(telemetry), sample());
}

#[test]
fn what_does_not_fit_names_its_line() {
    let lines = sent(&sample());
    let error = |result: Result<Telemetry, AssembleError>| result.unwrap_err().to_string();
    let package = lines.iter().find(|line| line.contains("InspectorPackageInfo")).unwrap().clone();
    assert_eq!(error(with(&lines, 3, "{\"type\":")), "line 4 of the telemetry cannot be read");
    assert_eq!(error(with(&lines, 3, "")), "line 4 of the telemetry cannot be read");
    assert_eq!(
        error(with(&lines, 3, r#"{"type":"InspectorPackageInfo","body":{}}"#)),
        "line 4 of the telemetry cannot be read"
    );
    assert_eq!(
        error(with(&lines, 1, &package)),
        "line 3 of the telemetry: `InspectorInstanceMetaData` may not stand here"
    );
    assert_eq!(error(with(&lines, 0, &package)), "line 1 of the telemetry: `InspectorPackageInfo` may not stand here");
    for single in
        ["InspectorMonitoringStart", "InspectorInstanceMetaData", "InspectorOperatingSystem", "\"sshd\"", "\"nx\""]
    {
        let at = lines.iter().position(|line| line.contains(single)).unwrap();
        let twice = with(&lines, at, &lines[at]);
        assert!(matches!(twice, Err(AssembleError::Misplaced { .. })), "{single}");
    }
    let after_the_end = with(&lines, lines.len(), &package);
    assert!(matches!(after_the_end, Err(AssembleError::Misplaced { .. })));
    let long = format!(r#"{{"type":"X","body":"{}"}}"#, "x".repeat(LINE_BYTES_MAX));
    assert!(error(with(&lines, 2, &long)).contains("the line has more than"));
}

#[test]
fn a_stream_that_lost_or_doubled_something_is_noticed() {
    let lines = sent(&sample());
    let package = lines.iter().position(|line| line.contains("InspectorPackageInfo")).unwrap();
    let doubled = with(&lines, package, &lines[package]);
    assert!(matches!(doubled, Err(AssembleError::Contradicted { what: "number of messages" })));
    let mut lost = lines.clone();
    lost.remove(package);
    assert!(matches!(assemble(&lost), Err(AssembleError::Contradicted { .. })));
    let mut other = lines.clone();
    other[package] = other[package].replace("package-0", "package-9");
    assert!(matches!(assemble(&other), Err(AssembleError::Contradicted { what: "digest" })));
    assert!(matches!(assemble(&lines[..lines.len() - 1]), Err(AssembleError::Incomplete)));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let begin = r#"{"type":"InspectorSplitMsgBegin","body":{"of":"InspectorUser","bytes":4}}"#;
    let part =
        |of: &str, text: &str| format!(r#"{{"type":"InspectorSplitMsgPart","body":{{"of":"{of}","text":"{text}"}}}}"#);
    let end = r#"{"type":"InspectorSplitMsgEnd","body":{"of":"InspectorUser"}}"#.to_owned();
    let first = Line::start(&start(None)).text().to_owned();
    let refused = |more: &[String]| {
        let mut lines = vec![first.clone()];
        lines.extend_from_slice(more);
        matches!(assemble(&lines), Err(AssembleError::Parts { .. }))
    };
    assert!(refused(&[part("InspectorUser", "x")]));
    assert!(refused(std::slice::from_ref(&end)));
    assert!(refused(&[begin.to_owned(), begin.to_owned()]));
    assert!(refused(&[begin.to_owned(), part("InspectorUser", "12345")]));
    assert!(refused(&[begin.to_owned(), part("InspectorKernelModule", "1")]));
    assert!(refused(&[begin.to_owned(), part("InspectorUser", "123"), end.clone()]));
    assert!(refused(&[begin.to_owned(), first.clone()]));
    let huge = begin.replace(":4}", &format!(":{}}}", MESSAGE_BYTES_MAX + 1));
    assert!(matches!(assemble(&[first.clone(), huge]), Err(AssembleError::TooLarge { .. })));
    // A message that is another one than announced.
    let stop = r#"{"type":"InspectorUser2","body":{}}"#;
    let begin = begin.replace(":4}", &format!(":{}}}", stop.len()));
    assert!(refused(&[begin, part("InspectorUser", &stop.replace('"', "\\\"")), end]));
}

#[test]
fn more_packages_than_a_host_can_have_are_refused() {
    let lines = sent(&sample());
    let at = lines.iter().position(|line| line.contains("InspectorPackageInfo")).unwrap();
    let mut assembler = Assembler::new();
    lines[..at].iter().for_each(|line| assembler.push(line).unwrap());
    for _ in 0..PACKAGES_MAX {
        assembler.push(&lines[at]).unwrap();
    }
    let refused = assembler.push(&lines[at]).unwrap_err();
    assert!(refused.to_string().ends_with("more than 200000 packages"), "{refused}");
}

#[test]
fn a_stream_without_end_is_refused() {
    let mut assembler = Assembler::new();
    assembler.push(Line::start(&start(None)).text()).unwrap();
    let line = format!(r#"{{"type":"X","body":"{}"}}"#, "x".repeat(LINE_BYTES_MAX - 100));
    let refused = std::iter::repeat_with(|| assembler.push(&line)).find_map(Result::err).unwrap();
    assert!(matches!(refused, AssembleError::TooLarge { what: "the stream", .. }));
}
