use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use yagura_model::{HostIdentity, Package, PackageStatus, Snapshot, SourceLine, SourcePackage};
use yagura_wire::bounds::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN};
use yagura_wire::{
    Assembler, ChunkAnswer, ChunkLimits, Content, ErrorBody, NetworkInterface, RenewAnswer, Telemetry, decode_chunk,
    sha256_hex, snapshot_digest,
};

use super::*;
use crate::clock::testing::TestClock;
use crate::host::{CollectError, Depth};
use crate::spool::SPOOL_BYTES_MAX;

const START: &str = "2026-11-25T10:00:00Z";

fn run_arn(number: u32) -> String {
    format!("arn:aws:inspector:us-west-2:123456789012:target/0-a/template/0-b/run/0-{number:08}")
}

fn instruction(number: u32) -> Instruction {
    Instruction {
        instruction_id: format!("instruction-{number}"),
        run: run_arn(number),
        collect: vec!["inventory".into(), "settings".into()],
        known_digest: None,
        chunk_bytes_max: CHUNK_BYTES_MIN,
        deadline: "2026-11-25T11:00:00Z".parse().unwrap(),
    }
}

fn away() -> CallError {
    CallError::Unreachable { server: "https://tower".into(), source: ureq::Error::HostNotFound }
}

fn refused(code: ErrorCode) -> CallError {
    CallError::Refused { status: code.status(), body: ErrorBody::new(code, "no"), retry_after: None }
}

/// What the server does with the next heartbeat.
enum Beat {
    Answer {
        instructions: Vec<Instruction>,
        stop: Vec<StopOrder>,
        renew: bool,
    },
    /// Takes it and loses the answer.
    Lost,
    Fail(CallError),
}

fn idle() -> Beat {
    Beat::Answer { instructions: Vec::new(), stop: Vec::new(), renew: false }
}

fn give(numbers: impl IntoIterator<Item = u32>) -> Beat {
    Beat::Answer { instructions: numbers.into_iter().map(instruction).collect(), stop: Vec::new(), renew: false }
}

/// What the server does with the next chunk.
enum Fault {
    None,
    /// The request is lost.
    LostBefore,
    /// The chunk is stored, and the answer is lost.
    LostAfter,
    Refuse(ErrorCode, Option<u32>),
}

/// A server that keeps to the protocol, as a script.
#[derive(Default)]
struct Server {
    beats: Mutex<VecDeque<Beat>>,
    faults: Mutex<VecDeque<Fault>>,
    /// Runs and their chunks, in the order of acknowledgement.
    chunks: Mutex<BTreeMap<String, Vec<Vec<u8>>>>,
    /// How many chunks came, doubles included.
    calls: Mutex<usize>,
    nonces: Mutex<Vec<String>>,
    requests: Mutex<Vec<HeartbeatRequest>>,
    renewals: Mutex<VecDeque<Result<RenewAnswer, CallError>>>,
    adopted: Mutex<Vec<Identity>>,
    goodbyes: Mutex<usize>,
}

impl Server {
    fn new(beats: impl IntoIterator<Item = Beat>) -> Self {
        Self { beats: Mutex::new(beats.into_iter().collect()), ..Self::default() }
    }

    fn with_faults(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        *self.faults.lock().unwrap() = faults.into_iter().collect();
        self
    }

    fn script(&self, beats: impl IntoIterator<Item = Beat>) {
        self.beats.lock().unwrap().extend(beats);
    }

    fn telemetry(&self, number: u32) -> Telemetry {
        let mut assembler = Assembler::new();
        for chunk in &self.chunks.lock().unwrap()[&run_arn(number)] {
            let limits = ChunkLimits { bytes_max: CHUNK_BYTES_MAX, ..ChunkLimits::default() };
            decode_chunk(chunk, limits).unwrap().lines().for_each(|line| assembler.push(line).unwrap());
        }
        assembler.finish().unwrap()
    }

    fn details(&self) -> String {
        let requests = self.requests.lock().unwrap();
        let said: Vec<&str> = requests.iter().map(|request| request.health.details.as_str()).collect();
        said.join("\n")
    }

    fn last_runs(&self) -> Vec<(u32, bool)> {
        let requests = self.requests.lock().unwrap();
        requests.last().unwrap().runs.iter().map(|run| (run.next_chunk, run.done)).collect()
    }
}

impl Transport for Server {
    fn heartbeat(&self, request: &HeartbeatRequest, stop: &Stop) -> Result<HeartbeatAnswer, CallError> {
        yagura_wire::write(request).unwrap();
        let Some(beat) = self.beats.lock().unwrap().pop_front() else {
            // The script is over: a person stops the agent.
            stop.set();
            return Err(CallError::Stopped);
        };
        let beat = match beat {
            Beat::Fail(error) => return Err(error),
            beat => beat,
        };
        let mut nonces = self.nonces.lock().unwrap();
        if nonces.is_empty() {
            nonces.push(request.nonce.clone());
        }
        let known = nonces.iter().rev().take(2).any(|nonce| *nonce == request.nonce);
        assert!(known, "the agent came back with `{}` after {nonces:?}", request.nonce);
        // The nonce that was presented stays good until its successor is.
        if nonces.last().is_some_and(|last| *last != request.nonce) {
            nonces.pop();
        }
        nonces.push(format!("nonce-{}", self.requests.lock().unwrap().len()));
        self.requests.lock().unwrap().push(request.clone());
        let (instructions, stop, renew) = match beat {
            Beat::Answer { instructions, stop, renew } => (instructions, stop, renew),
            _ => return Err(away()),
        };
        Ok(HeartbeatAnswer {
            protocol: PROTOCOL,
            nonce: nonces.last().unwrap().clone(),
            instructions,
            stop,
            heartbeat_seconds: 60,
            renew,
            server_time: START.parse().unwrap(),
        })
    }

    fn put_chunk(&self, run: &str, number: u32, bytes: &[u8], sha256: &str) -> Result<ChunkAnswer, CallError> {
        *self.calls.lock().unwrap() += 1;
        assert_eq!(sha256, sha256_hex(bytes));
        let fault = self.faults.lock().unwrap().pop_front().unwrap_or(Fault::None);
        match &fault {
            Fault::LostBefore => return Err(away()),
            Fault::Refuse(code, next) => {
                let body = ErrorBody { next: *next, ..ErrorBody::new(*code, "no") };
                return Err(CallError::Refused { status: code.status(), body, retry_after: None });
            }
            Fault::None | Fault::LostAfter => {}
        }
        let mut chunks = self.chunks.lock().unwrap();
        let received = chunks.entry(run.to_owned()).or_default();
        let at = usize::try_from(number).unwrap();
        match received.get(at) {
            Some(known) => assert_eq!(known, bytes, "chunk {number} has another content"),
            None => {
                assert_eq!(at, received.len(), "chunk {number} came too early");
                received.push(bytes.to_vec());
            }
        }
        if matches!(fault, Fault::LostAfter) {
            return Err(away());
        }
        Ok(ChunkAnswer { protocol: PROTOCOL, acknowledged: number, next: number + 1 })
    }

    fn renew(&self, request: &RenewRequest) -> Result<RenewAnswer, CallError> {
        yagura_wire::write(request).unwrap();
        self.renewals.lock().unwrap().pop_front().unwrap()
    }

    fn goodbye(&self, _: &GoodbyeRequest) -> Result<(), CallError> {
        *self.goodbyes.lock().unwrap() += 1;
        Ok(())
    }

    fn adopt(&self, identity: &Identity) -> Result<(), CallError> {
        self.adopted.lock().unwrap().push(identity.clone());
        Ok(())
    }
}

/// A host with packages whose names do not compress, so that they need several chunks.
struct Host {
    packages: usize,
    collected: Mutex<usize>,
}

impl Host {
    fn new(packages: usize) -> Self {
        Self { packages, collected: Mutex::new(0) }
    }

    fn read(&self) -> Snapshot {
        let package = |number: usize| {
            let noise: String = (0..60).map(|part| sha256_hex(format!("{number} {part}").as_bytes())).collect();
            Package {
                name: noise,
                version: "1-1".into(),
                architecture: "amd64".into(),
                source: SourcePackage { name: "x".into(), version: "1-1".into() },
                status: PackageStatus::installed(),
                origin: yagura_model::Origin::Assumed,
                maintainer: None,
                multi_arch: None,
                record: SourceLine::file("var/lib/dpkg/status"),
                ..Package::default()
            }
        };
        Snapshot {
            host: HostIdentity { name: "tower".into(), ..HostIdentity::default() },
            packages: (0..self.packages).map(package).collect(),
            ..Snapshot::default()
        }
    }
}

impl Collector for Host {
    fn facts(&self) -> Result<AgentFacts, CollectError> {
        Ok(AgentFacts {
            hostname: "tower".into(),
            machine_id: None,
            fingerprint: "0".repeat(64),
            boot_id: None,
            operating_system: String::new(),
            release: None,
            kernel_version: String::new(),
            architecture: String::new(),
            ipv4_addresses: Vec::new(),
            ipv6_addresses: Vec::new(),
            virtualization: "none".into(),
        })
    }

    fn interfaces(&self) -> Result<Vec<NetworkInterface>, CollectError> {
        Ok(vec![NetworkInterface { name: "eth0".into(), mac_address: None, addresses: Vec::new() }])
    }

    fn snapshot(&self, _: Depth) -> Result<Snapshot, CollectError> {
        *self.collected.lock().unwrap() += 1;
        Ok(self.read())
    }
}

/// A state directory, a host, a clock.
struct Stage {
    directory: tempfile::TempDir,
    host: Host,
    clock: TestClock,
    options: RunOptions,
}

/// Enough packages for this many chunks or a little more.
const A_CHUNK: usize = 80;

impl Stage {
    fn new(chunks: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::new(directory.path());
        let record = Record {
            format: Record::FORMAT,
            agent_id: "i-0123456789abcdef0".into(),
            server: "https://tower".into(),
            root: None,
            proxy: None,
            renew_after: "2027-01-01T00:00:00Z".parse().unwrap(),
            enrolled_at: START.parse().unwrap(),
        };
        state.write_record(&record).unwrap();
        state.write_nonce("nonce-of-enrolment").unwrap();
        let host = Host::new(chunks * A_CHUNK);
        Self { directory, host, clock: TestClock::at(START), options: RunOptions::default() }
    }

    fn state(&self) -> StateDir {
        StateDir::new(self.directory.path())
    }

    fn run(&self, server: &Server) -> Result<Ended, RunError> {
        self.run_until(server, &Stop::new())
    }

    fn run_until(&self, server: &Server, stop: &Stop) -> Result<Ended, RunError> {
        let parts = Parts { transport: server, collector: &self.host, clock: &self.clock, stop };
        let state = self.state();
        let record = state.record().unwrap().unwrap();
        Driver::open(&state, record, parts, &self.options)?.run()
    }

    /// Ends at the first failure without tidying anything up, as `kill -9` does.
    fn run_until_killed(&mut self, server: &Server) {
        self.options.once = true;
        self.run(server).unwrap_err();
        self.options.once = false;
    }

    fn spooled_bytes(&self) -> u64 {
        crate::spool::usage(&self.state().spool()).0
    }

    fn assert_arrived(&self, server: &Server, number: u32) {
        let Content::Snapshot { snapshot, .. } = server.telemetry(number).content else { panic!() };
        assert_eq!(*snapshot, self.host.read());
    }
}

#[test]
fn an_instruction_is_collected_sent_and_reported() {
    let stage = Stage::new(3);
    let server = Server::new([give([1]), idle(), idle()]);
    assert_eq!(stage.run(&server).unwrap(), Ended::Stopped);
    stage.assert_arrived(&server, 1);
    let chunks = server.chunks.lock().unwrap()[&run_arn(1)].len();
    assert!(chunks >= 3);
    assert_eq!(server.last_runs(), [(u32::try_from(chunks).unwrap(), true)]);
    assert_eq!(server.telemetry(1).stop.chunks, u32::try_from(chunks).unwrap());
    assert_eq!(server.telemetry(1).interfaces.len(), 1);
    assert_eq!((stage.spooled_bytes(), *server.goodbyes.lock().unwrap()), (0, 1));
    // The facts are told once; the nonce of each answer comes back.
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].facts.is_some() && requests[1].facts.is_none());
    assert_eq!(requests[0].nonce, "nonce-of-enrolment");
    assert_eq!((requests[1].nonce.as_str(), requests[2].nonce.as_str()), ("nonce-0", "nonce-1"));
    assert_eq!(stage.state().nonce().unwrap(), "nonce-2");
}

#[test]
fn an_instruction_that_comes_again_is_not_collected_again() {
    let stage = Stage::new(1);
    let server = Server::new([give([1, 1]), give([1]), give([1])]);
    stage.run(&server).unwrap();
    assert_eq!(*stage.host.collected.lock().unwrap(), 1);
    // Also after a restart.
    server.script([give([1])]);
    stage.run(&server).unwrap();
    assert_eq!(*stage.host.collected.lock().unwrap(), 1);
    assert_eq!(*server.calls.lock().unwrap(), server.chunks.lock().unwrap()[&run_arn(1)].len());
}

#[test]
fn an_unchanged_host_costs_one_line() {
    let stage = Stage::new(3);
    let digest = snapshot_digest(&stage.host.read());
    let known = Instruction { known_digest: Some(digest.clone()), ..instruction(1) };
    let server = Server::new([Beat::Answer { instructions: vec![known], stop: Vec::new(), renew: false }]);
    stage.run(&server).unwrap();
    let Content::Unchanged { digest: told } = server.telemetry(1).content else { panic!() };
    assert_eq!((told, server.chunks.lock().unwrap()[&run_arn(1)].len()), (digest, 1));
}

#[test]
fn an_unknown_word_is_reported_and_not_executed() {
    let stage = Stage::new(1);
    let odd = Instruction { collect: vec!["rm -rf /".into(), "inventory".into()], ..instruction(1) };
    let server = Server::new([Beat::Answer { instructions: vec![odd], stop: Vec::new(), renew: false }]);
    stage.run(&server).unwrap();
    let telemetry = server.telemetry(1);
    assert_eq!(telemetry.start.collected, ["inventory"]);
    assert!(telemetry.stop.problems[0].en.contains("does not know the collection `rm -rf /`"));
    assert!(telemetry.stop.problems[0].ja.contains("`rm -rf /` に対応していません"));
    stage.assert_arrived(&server, 1);
}

#[test]
fn killed_at_any_chunk_nothing_is_lost_and_nothing_doubled() {
    let chunks = {
        let stage = Stage::new(2);
        let server = Server::new([give([1, 2])]);
        stage.run(&server).unwrap();
        *server.calls.lock().unwrap()
    };
    assert!(chunks >= 4, "{chunks}");
    for at in 0..chunks {
        for lost_after in [false, true] {
            let mut stage = Stage::new(2);
            let mut faults: Vec<Fault> = (0..at).map(|_| Fault::None).collect();
            faults.push(if lost_after { Fault::LostAfter } else { Fault::LostBefore });
            let server = Server::new([give([1, 2])]).with_faults(faults);
            stage.run_until_killed(&server);
            server.script([give([1, 2]), idle()]);
            stage.run(&server).unwrap();
            stage.assert_arrived(&server, 1);
            stage.assert_arrived(&server, 2);
            assert_eq!(*server.calls.lock().unwrap(), chunks + 1);
            assert_eq!(*stage.host.collected.lock().unwrap(), 2);
            assert_eq!(stage.spooled_bytes(), 0);
        }
    }
}

#[test]
fn killed_while_collecting_the_run_is_collected_anew() {
    let stage = Stage::new(2);
    let spool = stage.state().spool();
    let folder: String = sha256_hex(run_arn(1).as_bytes()).chars().take(32).collect();
    let half = spool.join(format!("{folder}.tmp"));
    std::fs::create_dir_all(&half).unwrap();
    std::fs::write(half.join("00000.gz"), b"half").unwrap();
    let server = Server::new([give([1])]);
    stage.run(&server).unwrap();
    stage.assert_arrived(&server, 1);
    assert!(!half.exists());
}

#[test]
fn a_lost_answer_to_a_heartbeat_does_not_make_a_clone() {
    let mut stage = Stage::new(1);
    // Three answers in a row are lost, and the agent is killed after the second.
    let server = Server::new([idle(), Beat::Lost, Beat::Lost, Beat::Lost, idle(), idle()]);
    stage.run(&server).unwrap();
    assert_eq!(server.requests.lock().unwrap().len(), 6);
    server.script([Beat::Lost]);
    stage.run_until_killed(&server);
    server.script([idle(), idle()]);
    stage.run(&server).unwrap();
}

#[test]
fn a_server_that_is_away_costs_waits_and_no_chunk() {
    let stage = Stage::new(2);
    let mut beats = vec![give([1])];
    beats.extend((0..10).map(|_| Beat::Fail(away())));
    beats.push(idle());
    let server = Server::new(beats).with_faults([Fault::LostBefore]);
    stage.run(&server).unwrap();
    stage.assert_arrived(&server, 1);
    // After the chunk's failure and the ten that follow; full jitter is at its largest here.
    let waits: Vec<u64> = stage.clock.waits.lock().unwrap().iter().take(11).map(Duration::as_secs).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    let words = stage.state().last_words().unwrap();
    assert!(words.last_contact.is_some() && words.last_error.is_none());
}

#[test]
fn a_disk_that_refuses_is_waited_for() {
    let stage = Stage::new(1);
    // A folder under the name of the unfinished file: the nonce cannot be written.
    let obstacle = stage.directory.path().join("nonce.tmp");
    std::fs::create_dir(&obstacle).unwrap();
    let server = Server::new([give([1]), give([1]), give([1])]);
    assert_eq!(stage.run(&server).unwrap(), Ended::Stopped);
    // What was not written down was not acted on, and the old nonce was good each time.
    let used: Vec<String> = server.requests.lock().unwrap().iter().map(|request| request.nonce.clone()).collect();
    assert_eq!(used, ["nonce-of-enrolment"; 3]);
    assert_eq!(*stage.host.collected.lock().unwrap(), 0);
    assert!(server.details().contains("nonce"), "{}", server.details());
    std::fs::remove_dir(&obstacle).unwrap();
    server.script([give([1]), idle()]);
    stage.run(&server).unwrap();
    stage.assert_arrived(&server, 1);
}

#[test]
fn what_failed_is_in_the_status_until_it_works_again() {
    let stage = Stage::new(1);
    let server = Server::new([Beat::Fail(away())]);
    stage.run(&server).unwrap();
    let error = stage.state().last_words().unwrap().last_error.unwrap();
    assert_eq!(error, "cannot reach `https://tower`: host not found");
}

#[test]
fn a_server_may_ask_for_a_longer_wait() {
    let stage = Stage::new(1);
    let throttled = CallError::Refused {
        status: 429,
        body: ErrorBody::new(ErrorCode::Throttled, "slower"),
        retry_after: Some(Duration::from_secs(40)),
    };
    stage.run(&Server::new([Beat::Fail(throttled), idle()])).unwrap();
    assert_eq!(stage.clock.waits.lock().unwrap()[0].as_secs(), 41);
}

#[test]
fn a_clone_stops_and_stays_stopped() {
    let stage = Stage::new(1);
    let server = Server::new([Beat::Fail(refused(ErrorCode::CloneDetected)), idle()]);
    assert!(matches!(stage.run(&server), Err(RunError::Clone { .. })));
    assert_eq!(stage.state().last_words().unwrap().halt, Some(Halt::CloneDetected));
    let status = crate::status::status(stage.directory.path()).unwrap();
    assert_eq!(status.state, crate::status::Condition::CloneDetected);
    assert!(status.text().contains("enroll --force"));
    let agent = crate::agent::Agent::open(stage.directory.path()).unwrap();
    let again = agent.run(&Stop::new(), &stage.clock, &stage.options);
    assert!(matches!(again, Err(RunError::Clone { .. })));
}

#[test]
fn an_identity_that_is_not_accepted_ends_the_agent() {
    for code in [ErrorCode::CertificateRevoked, ErrorCode::AgentUnknown, ErrorCode::AgentMismatch] {
        let stage = Stage::new(1);
        assert!(matches!(stage.run(&Server::new([Beat::Fail(refused(code))])), Err(RunError::Revoked { .. })));
        assert_eq!(stage.state().last_words().unwrap().halt, Some(Halt::Revoked));
    }
    let stage = Stage::new(1);
    let other = Server::new([Beat::Fail(refused(ErrorCode::ProtocolUnsupported))]);
    assert!(matches!(stage.run(&other), Err(RunError::Protocol)));
    assert_eq!(stage.state().last_words().unwrap().halt, None);
    // Also while a chunk is sent.
    let stage = Stage::new(1);
    let server = Server::new([give([1])]).with_faults([Fault::Refuse(ErrorCode::CertificateRevoked, None)]);
    assert!(matches!(stage.run(&server), Err(RunError::Revoked { .. })));
}

#[test]
fn a_stop_throws_away_or_sends_to_the_end() {
    for discard in [true, false] {
        let stage = Stage::new(2);
        let stop = vec![StopOrder { run: run_arn(1), discard }];
        let order = Beat::Answer { instructions: Vec::new(), stop, renew: false };
        // The first chunk is lost, so that the order meets a run in the spool.
        let server = Server::new([give([1]), order, idle()]).with_faults([Fault::LostBefore]);
        stage.run(&server).unwrap();
        if discard {
            assert!(server.chunks.lock().unwrap().is_empty());
            assert!(server.last_runs().is_empty());
        } else {
            stage.assert_arrived(&server, 1);
        }
        assert_eq!(stage.spooled_bytes(), 0);
    }
    // A run that is stopped in the same breath is not begun.
    let stage = Stage::new(1);
    let stop = vec![StopOrder { run: run_arn(1), discard: false }];
    stage.run(&Server::new([Beat::Answer { instructions: vec![instruction(1)], stop, renew: false }])).unwrap();
    assert_eq!(*stage.host.collected.lock().unwrap(), 0);
}

#[test]
fn a_run_that_is_over_is_thrown_away_without_a_complaint() {
    for code in [ErrorCode::RunUnknown, ErrorCode::RunClosed] {
        let stage = Stage::new(2);
        let server = Server::new([give([1, 2]), idle()]).with_faults([Fault::Refuse(code, None)]);
        stage.run(&server).unwrap();
        stage.assert_arrived(&server, 2);
        assert!(!server.chunks.lock().unwrap().contains_key(&run_arn(1)));
        assert_eq!(server.details().trim(), "");
    }
}

#[test]
fn a_conflict_is_believed_where_the_server_has_more() {
    let stage = Stage::new(3);
    let server = Server::new([give([1]), idle()]);
    stage.run(&server).unwrap();
    let all = server.chunks.lock().unwrap()[&run_arn(1)].len();
    // The same host again, and a server that has the first two chunks already.
    let again = Stage::new(3);
    let lost = Server::new([give([1]), idle()]);
    lost.chunks.lock().unwrap().insert(run_arn(1), server.chunks.lock().unwrap()[&run_arn(1)][..2].to_vec());
    let lost = lost.with_faults([Fault::Refuse(ErrorCode::ChunkConflict, Some(2))]);
    again.run(&lost).unwrap();
    again.assert_arrived(&lost, 1);
    assert_eq!(*lost.calls.lock().unwrap(), all - 1);
}

#[test]
fn a_conflict_about_the_content_is_given_up_and_said() {
    let stage = Stage::new(2);
    let server = Server::new([give([1]), give([1]), idle()]);
    let server = server.with_faults([Fault::None, Fault::Refuse(ErrorCode::ChunkConflict, Some(1))]);
    stage.run(&server).unwrap();
    assert!(server.details().contains("CHUNK_CONFLICT"), "{}", server.details());
    // The instruction that came at once again was left alone.
    assert_eq!(*stage.host.collected.lock().unwrap(), 1);
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests[1].health.code, HealthCode::Unhealthy);
    assert_eq!(requests[2].health.code, HealthCode::Idle);
}

#[test]
fn a_full_spool_drops_the_oldest_run_and_says_so() {
    let mut stage = Stage::new(3);
    let one_run = {
        let server = Server::new([give([1])]);
        let probe = Stage::new(3);
        probe.run(&server).unwrap();
        let chunks = server.chunks.lock().unwrap();
        chunks[&run_arn(1)].iter().map(Vec::len).sum::<usize>()
    };
    stage.options.spool_bytes_max = u64::try_from(one_run * 5 / 2).unwrap();
    // The server gives one run after the other and takes no chunk.
    let server = Server::new([give([1]), give([2]), give([3]), idle(), idle()]);
    let server = server.with_faults((0..3).map(|_| Fault::LostBefore));
    stage.run(&server).unwrap();
    let arrived: BTreeSet<String> = server.chunks.lock().unwrap().keys().cloned().collect();
    assert_eq!(arrived, BTreeSet::from([run_arn(2), run_arn(3)]));
    assert!(server.details().contains(&format!("telemetry of run `{}` was dropped: the spool is full", run_arn(1))));
}

#[test]
fn a_run_that_is_larger_than_the_spool_drops_nothing_else() {
    let mut stage = Stage::new(3);
    stage.options.spool_bytes_max = 1000;
    let server = Server::new([give([1]), give([1]), idle()]);
    stage.run(&server).unwrap();
    assert!(server.chunks.lock().unwrap().is_empty());
    assert!(server.details().contains("which is all that the spool may hold"), "{}", server.details());
    // The second instruction came a minute later, when there could have been room again.
    assert_eq!(*stage.host.collected.lock().unwrap(), 2);
    const { assert!(SPOOL_BYTES_MAX == 256 * 1024 * 1024) };
}

#[test]
fn a_damaged_chunk_is_never_sent() {
    let mut stage = Stage::new(2);
    let server = Server::new([give([1])]).with_faults([Fault::LostBefore]);
    stage.run_until_killed(&server);
    let run = std::fs::read_dir(stage.state().spool()).unwrap().next().unwrap().unwrap().path();
    std::fs::write(run.join("00000.gz"), b"damaged").unwrap();
    server.script([idle(), idle()]);
    stage.run(&server).unwrap();
    assert!(server.chunks.lock().unwrap().is_empty());
    assert!(server.details().contains("is damaged"), "{}", server.details());
    // Nor is a run whose record is gone.
    let mut stage = Stage::new(2);
    let server = Server::new([give([1])]).with_faults([Fault::LostBefore]);
    stage.run_until_killed(&server);
    let run = std::fs::read_dir(stage.state().spool()).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(run.join("run.json")).unwrap();
    server.script([give([1])]);
    stage.run(&server).unwrap();
    stage.assert_arrived(&server, 1);
    assert!(server.details().contains("telemetry in the spool was dropped"), "{}", server.details());
}

#[test]
fn an_instruction_after_its_deadline_is_not_followed() {
    let stage = Stage::new(1);
    // Our clock is a day late, and the deadline is the server's.
    stage.clock.pass(Duration::from_secs(86_400));
    stage.run(&Server::new([give([1])])).unwrap();
    assert_eq!(*stage.host.collected.lock().unwrap(), 1);
    let late = Instruction { deadline: START.parse().unwrap(), ..instruction(2) };
    let server = Server::new([Beat::Answer { instructions: vec![late], stop: Vec::new(), renew: false }, idle()]);
    stage.run(&server).unwrap();
    assert_eq!(*stage.host.collected.lock().unwrap(), 1);
    assert!(server.details().contains("its deadline is over"));
}

#[test]
fn a_certificate_is_renewed_in_time_and_not_in_a_hurry() {
    let pem = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap().pem()
    };
    let answer = |renew_after: &str| RenewAnswer {
        protocol: PROTOCOL,
        certificate_pem: pem("new"),
        ca_pem: pem("ca"),
        renew_after: renew_after.parse().unwrap(),
    };
    let asked = || Beat::Answer { instructions: Vec::new(), stop: Vec::new(), renew: true };
    let stage = Stage::new(1);
    let server = Server::new([asked(), asked(), idle(), idle()]);
    *server.renewals.lock().unwrap() = VecDeque::from([Err(away()), Ok(answer("2027-06-01T00:00:00Z"))]);
    stage.run(&server).unwrap();
    // The failure is said, and the next attempt is left for later.
    assert!(server.details().contains("could not be renewed"), "{}", server.details());
    assert_eq!((server.renewals.lock().unwrap().len(), server.adopted.lock().unwrap().len()), (1, 0));
    stage.clock.pass(Duration::from_secs(600));
    server.script([asked(), idle()]);
    stage.run(&server).unwrap();
    assert_eq!(server.adopted.lock().unwrap().len(), 1);
    let state = stage.state();
    assert_eq!(
        state.identity().unwrap().certificate_pem.trim(),
        server.adopted.lock().unwrap()[0].certificate_pem.trim()
    );
    assert_eq!(state.record().unwrap().unwrap().renew_after.to_string(), "2027-06-01T00:00:00Z");
    // By its own time, without being asked.
    let mut record = state.record().unwrap().unwrap();
    record.renew_after = START.parse().unwrap();
    state.write_record(&record).unwrap();
    server.renewals.lock().unwrap().push_back(Ok(answer("2027-07-01T00:00:00Z")));
    server.script([idle()]);
    stage.run(&server).unwrap();
    assert_eq!(server.adopted.lock().unwrap().len(), 2);
}

#[test]
fn once_ends_when_there_is_nothing_left() {
    let mut stage = Stage::new(2);
    stage.options.once = true;
    let server = Server::new([give([1]), idle()]);
    assert_eq!(stage.run(&server).unwrap(), Ended::NothingToDo);
    stage.assert_arrived(&server, 1);
    assert!(server.requests.lock().unwrap().iter().all(|request| request.wait_seconds == 0));
    assert!(matches!(stage.run(&Server::new([Beat::Fail(away())])), Err(RunError::Call(_))));
}

#[test]
fn a_wish_to_stop_is_followed_before_anything_begins() {
    let stage = Stage::new(1);
    let stop = Stop::new();
    stop.set();
    let server = Server::new([give([1])]);
    assert_eq!(stage.run_until(&server, &stop).unwrap(), Ended::Stopped);
    assert_eq!((server.requests.lock().unwrap().len(), *server.goodbyes.lock().unwrap()), (0, 1));
}

#[test]
fn runs_are_forgotten_a_day_after_their_deadline() {
    let stage = Stage::new(1);
    let server = Server::new([give([1]), idle()]);
    stage.run(&server).unwrap();
    assert_eq!(server.last_runs().len(), 1);
    let state = stage.state();
    let (mut spool, _) = Spool::open(&state.spool(), SPOOL_BYTES_MAX).unwrap();
    assert!(spool.forget_old("2026-11-26T10:59:00Z".parse().unwrap()).unwrap().is_empty());
    assert_eq!(spool.runs().len(), 1);
    assert!(spool.forget_old("2026-11-26T11:01:00Z".parse().unwrap()).unwrap().is_empty());
    assert_eq!((spool.runs().len(), std::fs::read_dir(state.spool()).unwrap().count()), (0, 0));
}
