//! The whole way: an instruction, a `kill -9` in the middle of sending, and everything arrives once.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use yagura_probe::RootedHost;
use yagura_testkit::HostTree;
use yagura_wire::{Assembler, ChunkLimits, Content, decode_chunk};

use crate::server::{AGENT_ID, TestServer};
use crate::{agent, said, text};

/// A host whose snapshot needs several chunks: maintainers who do not compress.
fn large_host() -> HostTree {
    let mut tree = HostTree::debian_12().unwrap();
    let mut state: u64 = 1;
    for number in 0..700 {
        let mut noise = String::new();
        for _ in 0..120 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            write!(noise, "{state:016x}").unwrap();
        }
        let record = format!(
            "Package: package-{number}\nStatus: install ok installed\nArchitecture: amd64\nMaintainer: {noise}\nVersion: 1-{number}\n"
        );
        tree = tree.record(&record).unwrap();
    }
    tree
}

fn enrolled(server: &TestServer, state: &Path, root: &Path) {
    let mut command = agent(state);
    command.args(["enroll", "--server", &server.url(), "--token", &server.ca.token()]);
    let output = command.arg("--state-dir").arg(state).arg("--root").arg(root).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// A running agent that does not outlive its test.
struct Running(Child);

impl Running {
    fn start(state: &Path) -> Self {
        let mut command: Command = agent(state);
        command.arg("run").arg("--state-dir").arg(state).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn terminate(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status(state: &Path) -> (Option<i32>, serde_json::Value) {
    let output = agent(state).args(["status", "--format", "json", "--state-dir"]).arg(state).output().unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn killed_in_the_middle_of_sending_everything_arrives_once() {
    let (server, tree, state) = (TestServer::start(), large_host(), tempfile::tempdir().unwrap());
    enrolled(&server, state.path(), tree.path());
    assert_eq!(status(state.path()).0, Some(3));

    server.order(|orders| (orders.instruct, orders.hang_after_chunk) = (true, Some(1)));
    let mut first = Running::start(state.path());
    server.wait_for("second chunk", |seen| seen.chunks.contains_key(&1));
    let (code, shown) = status(state.path());
    assert_eq!((code, shown["state"].as_str(), shown["agentId"].as_str()), (Some(0), Some("RUNNING"), Some(AGENT_ID)));
    assert!(shown["spoolBytes"].as_u64().unwrap() > 0 && shown["certificateExpires"].is_string());
    // A second agent in the same place is refused.
    let second = agent(state.path()).args(["run", "--state-dir"]).arg(state.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(3));
    assert!(said(&second).contains("another agent runs in"), "{}", said(&second));
    first.0.kill().unwrap();
    first.0.wait().unwrap();

    server.order(|orders| orders.hang_after_chunk = None);
    let mut second = Running::start(state.path());
    server.wait_for("report that all was sent", |seen| {
        seen.heartbeats.last().is_some_and(|last| last.runs.iter().any(|run| run.done))
    });
    assert_eq!(second.terminate(), Some(0));
    server.seen(|seen| {
        assert_eq!(seen.errors, Vec::<String>::new());
        assert_eq!(seen.goodbyes, 1);
        assert!(seen.chunks.len() >= 3);
        // Only the chunk whose answer was lost came twice.
        assert_eq!(seen.chunk_calls, seen.chunks.len() + 1);
        let mut assembler = Assembler::new();
        let mut lines = Vec::new();
        for chunk in seen.chunks.values() {
            for line in decode_chunk(chunk, ChunkLimits::default()).unwrap().lines() {
                assembler.push(line).unwrap();
                lines.push(line.to_owned());
            }
        }
        let Content::Snapshot { snapshot, .. } = assembler.finish().unwrap().content else { panic!() };
        assert_eq!(*snapshot, yagura_probe::snapshot(&RootedHost::open(tree.path()).unwrap()).unwrap());
        // A dry run shows the same lines; only the last depends on the size of a chunk.
        let dry = agent(state.path()).args(["collect", "--dry-run", "--root"]).arg(tree.path()).output().unwrap();
        assert!(dry.status.success());
        let shown: Vec<String> = text(&dry.stdout).lines().map(str::to_owned).collect();
        assert_eq!(shown[..shown.len() - 1], lines[..lines.len() - 1]);
    });
    let (code, shown) = status(state.path());
    assert_eq!((code, shown["state"].as_str(), shown["spoolBytes"].as_u64()), (Some(3), Some("STOPPED"), Some(0)));
}

#[test]
fn a_held_heartbeat_does_not_keep_the_agent() {
    let (server, tree, state) = (TestServer::start(), HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    enrolled(&server, state.path(), tree.path());
    server.order(|orders| orders.hold = true);
    let mut running = Running::start(state.path());
    server.wait_for("heartbeat", |seen| !seen.heartbeats.is_empty());
    assert_eq!(running.terminate(), Some(0));
    server.seen(|seen| assert_eq!((seen.goodbyes, seen.heartbeats.len()), (1, 1)));
}

#[test]
fn an_identity_is_removed_with_a_goodbye() {
    let (server, tree, state) = (TestServer::start(), HostTree::debian_12().unwrap(), tempfile::tempdir().unwrap());
    enrolled(&server, state.path(), tree.path());
    let asked = agent(state.path()).args(["unenroll", "--state-dir"]).arg(state.path()).output().unwrap();
    assert_eq!(asked.status.code(), Some(2));
    assert!(said(&asked).contains("hint: give `--yes`"));
    let done = agent(state.path()).args(["unenroll", "--yes", "--state-dir"]).arg(state.path()).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    server.seen(|seen| assert_eq!(seen.goodbyes, 1));
    let (code, shown) = status(state.path());
    assert_eq!((code, shown["state"].as_str()), (Some(3), Some("NOT_ENROLLED")));
    assert!(!state.path().join("identity.pem").exists());
}
