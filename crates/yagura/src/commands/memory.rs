//! The last assessment of each host, kept so that `explain` can show what an assessment said
//! after the host has changed or is out of reach.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use yagura_report::{Format, Options, Report};

/// The hosts that are remembered; the oldest ones are forgotten beyond this.
const HOSTS_MAX: usize = 100;
/// A result with tens of thousands of findings is smaller.
const RESULT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Keeps an assessment. A data directory that cannot be written is no reason for the assessment
/// to fail: nothing is kept then.
pub(crate) fn keep(data_dir: &Path, report: &Report) {
    let directory = directory(data_dir);
    let Ok(document) = report.render(Format::Json, &Options::default()) else { return };
    let name = format!("{}.json", file_name(&report.assessment().snapshot.host.key()));
    let written = fs::create_dir_all(&directory).and_then(|()| {
        let mut temporary = tempfile::NamedTempFile::new_in(&directory)?;
        temporary.write_all(document.as_bytes())?;
        // Not synced: after a crash an unreadable memory is passed over, and every run would wait for
        // the disk otherwise.
        temporary.persist(directory.join(name)).map_err(|error| error.error)
    });
    if written.is_ok() {
        forget_oldest(&directory);
    }
}

/// Returns the kept results, newest first. What cannot be read is passed over: it is a memory.
pub(crate) fn recall(data_dir: &Path) -> Vec<Value> {
    newest_first(&directory(data_dir)).iter().filter_map(|path| read(path)).collect()
}

/// Returns a result's findings.
pub(crate) fn findings(result: &Value) -> impl Iterator<Item = &Value> {
    result.get("findings").and_then(Value::as_array).into_iter().flatten()
}

/// Returns the name of a result's host.
pub(crate) fn host_name(result: &Value) -> &str {
    result.get("host").map(|host| text(host, "name")).unwrap_or_default()
}

/// Returns a member that is a text; empty when it is not there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("assessments")
}

/// A host's key can be a path: only plain characters become a file name.
fn file_name(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    key.chars().map(plain).take(100).collect()
}

fn newest_first(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    files.sort();
    files.into_iter().rev().map(|(_, path)| path).collect()
}

fn read(path: &Path) -> Option<Value> {
    let mut text = String::new();
    File::open(path).ok()?.take(RESULT_BYTES_MAX).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn forget_oldest(directory: &Path) {
    for path in newest_first(directory).iter().skip(HOSTS_MAX) {
        // Whoever else forgot it first is welcome.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_plain_file_names() {
        assert_eq!(file_name("../../etc/passwd"), "______etc_passwd");
        assert_eq!(file_name("0123456789abcdef"), "0123456789abcdef");
    }

    #[test]
    fn the_newest_is_recalled_first_and_rubbish_is_passed_over() {
        let data = tempfile::tempdir().unwrap();
        let directory = directory(data.path());
        fs::create_dir_all(&directory).unwrap();
        let write = |name: &str, content: &str, age_s: u64| {
            fs::write(directory.join(name), content).unwrap();
            let when = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age_s);
            File::options().write(true).open(directory.join(name)).unwrap().set_modified(when).unwrap();
        };
        write("a.json", r#"{"host":{"name":"old"}}"#, 20);
        write("b.json", r#"{"host":{"name":"new"}}"#, 10);
        write("c.json", "{", 5);
        let names: Vec<String> = recall(data.path()).iter().map(|result| host_name(result).to_owned()).collect();
        assert_eq!(names, ["new", "old"]);
    }
}
