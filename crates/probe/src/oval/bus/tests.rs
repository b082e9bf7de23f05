//! Against a bus that runs, and against bytes.

use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

/// A bus of our own, gone with its value.
struct Daemon(Child, tempfile::TempDir);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    #[expect(clippy::disallowed_methods, reason = "the test needs a bus to talk to; the probe starts none")]
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("--address=unix:path={}", folder.path().join("bus").display());
        let mut command = Command::new("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]).arg(address);
        let Ok(mut child) = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
            yagura_testkit::announce_skip("skipped: no dbus-daemon to talk to");
            return None;
        };
        // It prints its address when it listens.
        let mut told = [0; 1];
        child.stdout.as_mut().unwrap().read_exact(&mut told).unwrap();
        Some(Self(child, folder))
    }

    fn connect(&self) -> Box<dyn Conversation> {
        let stream = UnixStream::connect(self.1.path().join("bus")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Box::new(stream)
    }
}

#[test]
fn a_bus_answers() {
    let Some(daemon) = Daemon::start() else { return };
    let mut bus = Bus::open(daemon.connect()).unwrap();
    let own = Call {
        destination: "org.freedesktop.DBus",
        path: "/org/freedesktop/DBus",
        interface: "org.freedesktop.DBus",
        member: "ListNames",
        arguments: &[],
    };
    let answer = bus.call(own).unwrap();
    let [Datum::Array(names)] = &answer[..] else { panic!("{answer:?}") };
    assert!(names.contains(&Datum::Text("org.freedesktop.DBus".into())), "{names:?}");
    let properties = Call {
        interface: "org.freedesktop.DBus.Properties",
        member: "GetAll",
        arguments: &["org.freedesktop.DBus"],
        ..own
    };
    let answer = bus.call(properties).unwrap();
    let [Datum::Array(entries)] = &answer[..] else { panic!("{answer:?}") };
    let features = entries.iter().find(
        |entry| matches!(entry, Datum::Fields(fields) if fields.first() == Some(&Datum::Text("Features".into()))),
    );
    assert!(features.is_some(), "{entries:?}");
    let unknown = bus.call(Call { member: "NoSuchThing", ..own });
    assert!(matches!(unknown, Err(BusError::Failed { call }) if call == "NoSuchThing"));
    // The connection is still of use.
    assert!(bus.call(own).is_ok());
}

/// Gives bytes, swallows what is written.
struct Script(io::Cursor<Vec<u8>>);

impl io::Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl io::Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(bytes: &[u8]) -> Result<Bus, BusError> {
    Bus::open(Box::new(Script(io::Cursor::new(bytes.to_vec()))))
}

#[test]
fn a_bus_that_refuses_or_babbles_is_left() {
    assert!(matches!(open(b"REJECTED EXTERNAL\r\n"), Err(BusError::Refused { answer }) if answer.contains("REJECTED")));
    assert!(matches!(open(b"OK 1234\r\n"), Err(BusError::Io(_))));
    assert!(matches!(open(&[b'x'; LINE_BYTES_MAX + 10]), Err(BusError::Malformed)));
    // A message of four gigabytes.
    let huge = [&b"OK 1\r\n"[..], &[b'l', 2, 0, 1, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert!(matches!(open(&huge), Err(BusError::Malformed)));
}

#[test]
fn values_are_read_in_both_orders() {
    for is_big in [false, true] {
        let number = |value: u32| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
        let body = [&number(u32::MAX)[..], &number(2)[..], b"ab\0"].concat();
        let received = Received { kind: ANSWER, reply_to: Some(1), signature: "is".into(), body, is_big };
        assert_eq!(received.body().unwrap(), [Datum::Int(-1), Datum::Text("ab".into())]);
    }
    assert_eq!(after_one("a{s(iv)}x", 0).unwrap(), "x");
    assert!(after_one("(s", 0).is_err());
    assert!(after_one(&"a".repeat(100), 0).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_survived(signature in "[ybnqiuxtdsogva(){}]{0,12}", body in proptest::collection::vec(proptest::num::u8::ANY, 0..64), is_big: bool) {
        let _ = Received { kind: ANSWER, reply_to: None, signature, body, is_big }.body();
    }
}
