//! Chunks, and the snapshot that they become.

use serde_json::json;
use yagura_app::service::agents::{RUN_BYTES_MAX, snapshot_blob};
use yagura_model::service::{HealthCode, RunState};
use yagura_store::{Phase, StoredChunk};
use yagura_wire::{Line, decode_snapshot, sha256_hex, snapshot_digest, snapshot_lines};

use crate::host::{Host, snapshot, stream, telemetry};
use crate::service::{ACCOUNT, Service};

#[test]
fn chunks_become_a_snapshot_that_the_next_run_knows() {
    let service = Service::new();
    let mut host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let snapshot = snapshot(1_000);
    let digest = snapshot_digest(&snapshot);
    let chunks = telemetry(&snapshot);
    assert!(chunks.len() > 1, "{}", chunks.len());
    for chunk in &chunks {
        assert_eq!(service.member(seq, &host.id).next_chunk, u64::from(chunk.number));
        let reply = host.send(&run, chunk);
        assert_eq!(reply.status, 200, "{}", reply.json());
        assert_eq!(
            (&reply.json()["acknowledged"], &reply.json()["next"]),
            (&json!(chunk.number), &json!(chunk.number + 1))
        );
    }
    let member = service.member(seq, &host.id);
    assert_eq!((member.phase, member.snapshot.as_deref()), (Phase::Flushed, Some(digest.as_str())));
    let kept = service.app.blobs.get(&snapshot_blob(ACCOUNT, &digest)).unwrap();
    assert_eq!(decode_snapshot(&kept).unwrap(), snapshot);
    service.read(|tx| {
        let stored = tx.snapshot(ACCOUNT, &digest).unwrap().unwrap();
        assert_eq!((stored.release.as_deref(), stored.packages), (Some("debian:bookworm"), 1_000));
        assert_eq!(tx.count_snapshot_packages(ACCOUNT, &digest).unwrap(), 500, "each source package once");
        assert_eq!(
            tx.snapshots_with(ACCOUNT, "debian:bookworm", "source-0007").unwrap(),
            std::slice::from_ref(&digest)
        );
        assert_eq!(tx.known_packages(ACCOUNT, ("", ""), 1_000).unwrap().len(), 500);
        assert_eq!(tx.agent_by_id(&host.id).unwrap().unwrap().snapshot.as_deref(), Some(digest.as_str()));
        assert_eq!(tx.chunk_body(seq, &host.id, 0).unwrap(), None, "the pieces are gone");
    });

    // The last chunk again, its answer was lost: the same answer, and nothing twice.
    let counted = service.read(|tx| tx.telemetry(seq, Some(&host.id)).unwrap());
    let again = host.send(&run, chunks.last().unwrap());
    assert_eq!(again.json()["next"], json!(chunks.len()));
    assert_eq!(service.read(|tx| tx.telemetry(seq, Some(&host.id)).unwrap()), counted);
    let packages = counted.iter().find(|counted| counted.message_type == "InspectorPackageInfo").unwrap();
    assert_eq!(packages.messages, 1_000);

    // The next run is told the digest, and nothing changed.
    let (next, run) = service.run_with(&[&host.id]);
    let answer = host.beat(json!({}));
    assert_eq!(answer["instructions"][0]["knownDigest"], json!(digest));
    for chunk in stream(&[Line::unchanged(&digest)], Some(&digest)) {
        assert_eq!(host.send(&run, &chunk).status, 200);
    }
    let member = service.member(next, &host.id);
    assert_eq!((member.phase, member.snapshot.as_deref()), (Phase::Flushed, Some(digest.as_str())));
}

#[test]
fn replayed_changed_and_missing_chunks() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let chunks = telemetry(&snapshot(1_000));
    let gap = host.send(&run, &chunks[1]);
    assert_eq!((gap.status, gap.error().as_str(), &gap.json()["next"]), (409, "CHUNK_CONFLICT", &json!(0)));
    assert_eq!(host.send(&run, &chunks[0]).status, 200);
    let counted = service.read(|tx| tx.telemetry(seq, Some(&host.id)).unwrap());
    for _ in 0..3 {
        let again = host.send(&run, &chunks[0]);
        assert_eq!((again.status, &again.json()["next"]), (200, &json!(1)));
    }
    assert_eq!(service.read(|tx| tx.telemetry(seq, Some(&host.id)).unwrap()), counted);
    let other = &chunks[1];
    let changed = host.put(&run, 0, &other.sha256, &other.bytes);
    assert_eq!((changed.status, changed.error().as_str(), &changed.json()["next"]), (409, "CHUNK_CONFLICT", &json!(1)));
    assert_eq!(service.refusals(), ["CHUNK_CONFLICT", "CHUNK_CONFLICT"]);
}

#[test]
fn a_chunk_that_comes_several_times_at_once_counts_once() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let chunks = telemetry(&snapshot(10));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sending: Vec<_> = (0..6).map(|_| scope.spawn(|| host.send(&run, &chunks[0]).status)).collect();
        sending.into_iter().map(|sending| sending.join().unwrap()).collect()
    });
    // Whoever came in between is told to come again.
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert!(statuses.contains(&200));
    let member = service.member(seq, &host.id);
    assert_eq!((member.phase, member.next_chunk), (Phase::Flushed, 1));
    let counted = service.read(|tx| tx.telemetry(seq, Some(&host.id)).unwrap());
    let packages = counted.iter().find(|counted| counted.message_type == "InspectorPackageInfo").unwrap();
    assert_eq!(packages.messages, 10);
}

#[test]
fn a_run_of_others_or_one_that_is_over_takes_nothing() {
    let service = Service::new();
    let (host, other) = (Host::enrolled(&service), Host::enrolled(&service));
    let (seq, run) = service.run_with(&[&host.id]);
    let chunks = telemetry(&snapshot(1));
    let stranger = other.send(&run, &chunks[0]);
    assert_eq!((stranger.status, stranger.error().as_str()), (404, "RUN_UNKNOWN"));
    let nowhere = host.send("arn:aws:inspector:us-west-2:123456789012:target/0-aaaaaaaa", &chunks[0]);
    assert_eq!(nowhere.error(), "RUN_UNKNOWN");
    assert_eq!(service.refusals(), ["RUN_UNKNOWN", "RUN_UNKNOWN"]);
    service.move_run(seq, |run| run.state = RunState::Canceled);
    let late = host.send(&run, &chunks[0]);
    assert_eq!((late.status, late.error().as_str()), (410, "RUN_CLOSED"));
    assert_eq!(service.refusals().len(), 2, "to be late is no offence");
}

#[test]
fn what_is_no_chunk_is_refused_and_nothing_is_kept() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let chunk = &telemetry(&snapshot(1))[0];
    assert_eq!(host.put(&run, 0, &"0".repeat(64), &chunk.bytes).error(), "BAD_REQUEST");
    assert_eq!(host.put(&run, 0, &sha256_hex(b"no gzip"), b"no gzip").error(), "BAD_REQUEST");
    let cut = &chunk.bytes[..chunk.bytes.len() - 9];
    assert_eq!(host.put(&run, 0, &sha256_hex(cut), cut).error(), "BAD_REQUEST");
    let large = vec![0; 300 * 1024];
    let reply = host.put(&run, 0, &sha256_hex(&large), &large);
    assert_eq!((reply.status, reply.error().as_str()), (413, "TOO_LARGE"));
    let huge = vec![0; 2 * 1024 * 1024];
    let reply = host.put(&run, 0, &sha256_hex(&huge), &huge);
    assert_eq!((reply.status, reply.error().as_str()), (413, "TOO_LARGE"));
    assert_eq!(service.member(seq, &host.id).phase, Phase::Instructed);
    assert_eq!(host.send(&run, chunk).status, 200);
}

#[test]
fn telemetry_that_contradicts_itself_ends_without_a_snapshot() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let snapshot = snapshot(3);
    let lying = stream(&snapshot_lines(&snapshot), Some(&"0".repeat(64)));
    let reply = host.send(&run, &lying[0]);
    assert_eq!((reply.status, reply.error().as_str()), (400, "BAD_REQUEST"));
    let member = service.member(seq, &host.id);
    assert_eq!((member.phase, member.snapshot, member.health), (Phase::Flushed, None, HealthCode::Unhealthy));
    assert!(member.details.unwrap().contains("another digest"));
}

#[test]
fn nobody_can_point_to_the_snapshot_of_another_host() {
    let service = Service::new();
    let (host, other) = (Host::enrolled(&service), Host::enrolled(&service));
    let snapshot = snapshot(3);
    let digest = snapshot_digest(&snapshot);
    let (_, first) = service.run_with(&[&other.id]);
    assert_eq!(other.send(&first, &telemetry(&snapshot)[0]).status, 200);
    let (seq, run) = service.run_with(&[&host.id]);
    let reply = host.send(&run, &stream(&[Line::unchanged(&digest)], Some(&digest))[0]);
    assert_eq!(reply.error(), "BAD_REQUEST");
    assert_eq!(service.member(seq, &host.id).snapshot, None);
}

#[test]
fn a_host_that_could_not_be_read_is_flushed_with_the_reason() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    assert_eq!(host.send(&run, &stream(&[], None)[0]).status, 200);
    let member = service.member(seq, &host.id);
    assert_eq!((member.phase, member.snapshot), (Phase::Flushed, None));
    assert_eq!(member.details.as_deref(), Some("the host could not be read"));
}

#[test]
fn a_server_that_fell_before_the_snapshot_was_stored_makes_it_when_the_chunk_comes_again() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    let snapshot = snapshot(3);
    let chunk = &telemetry(&snapshot)[0];
    // The state that a kill between the two transactions leaves.
    service.write(|tx| {
        assert!(tx.take_chunk(seq, &host.id, 0, service.app.now()).unwrap());
        let kept = StoredChunk {
            run_seq: seq,
            agent: host.id.clone(),
            number: 0,
            sha256: chunk.sha256.clone(),
            bytes: 1,
            received_at: service.app.now(),
        };
        tx.insert_chunk(ACCOUNT, &kept, &chunk.bytes).unwrap();
    });
    assert_eq!(service.member(seq, &host.id).phase, Phase::Collecting);
    assert_eq!(host.send(&run, chunk).status, 200);
    assert_eq!(service.member(seq, &host.id).snapshot, Some(snapshot_digest(&snapshot)));
}

#[test]
fn an_agent_that_sends_too_much_is_throttled() {
    let service = Service::new();
    let host = Host::enrolled(&service);
    let (seq, run) = service.run_with(&[&host.id]);
    service.write(|tx| {
        let kept = StoredChunk {
            run_seq: seq,
            agent: host.id.clone(),
            number: 9_000,
            sha256: String::new(),
            bytes: RUN_BYTES_MAX,
            received_at: service.app.now(),
        };
        tx.insert_chunk(ACCOUNT, &kept, b"").unwrap();
    });
    let reply = host.send(&run, &telemetry(&snapshot(1))[0]);
    assert_eq!((reply.status, reply.error().as_str()), (429, "THROTTLED"));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(service.member(seq, &host.id).health, HealthCode::Throttled);
    let agent = service.read(|tx| tx.agent_by_id(&host.id).unwrap().unwrap());
    assert_eq!(agent.reported, HealthCode::Throttled);
}
