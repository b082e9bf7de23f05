//! Reads accounts, their password ages and the groups: passwd(5), shadow(5), group(5).
//!
//! Of a password field only its kind is kept. The hash is looked at in [`password_state`] and
//! nowhere else.

use std::collections::BTreeMap;

use yagura_model::settings::{Account, PasswordState};
use yagura_model::{Fact, LocalText, ReadProblem, SourceLine};

use crate::host::{ByteLimit, Host};
use crate::settings::{numbered, read_text};

const PASSWD: &str = "etc/passwd";
const SHADOW: &str = "etc/shadow";
const GROUP: &str = "etc/group";
/// A hundred thousand accounts need some 8 MiB.
const LIMIT: ByteLimit = ByteLimit::mib(16);
/// Accounts or groups that are kept of one file.
const RECORDS_MAX: usize = 200_000;

/// A line of `etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    /// Whether the second field sends the reader to `etc/shadow`.
    state: Option<PasswordState>,
    place: SourceLine,
}

/// A line of `etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub name: String,
    pub gid: u32,
    pub members: Vec<String>,
}

/// Reads the users; `Ok(None)` where the host has no `etc/passwd`.
pub(super) fn users(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Option<Vec<User>>, LocalText> {
    let Some(text) = read_text(host, PASSWD, LIMIT, problems)? else { return Ok(None) };
    let users = numbered(&text).filter_map(|(number, line)| {
        let mut fields = line.trim_end_matches('\r').split(':');
        let (name, password) = (fields.next()?, fields.next()?);
        let (uid, gid) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let state = (password != "x").then(|| password_state(password));
        let named = !name.is_empty() && !name.starts_with(['#', '+', '-']);
        named.then(|| User { name: name.into(), uid, gid, state, place: SourceLine::at(PASSWD, number) })
    });
    Ok(Some(users.take(RECORDS_MAX).collect()))
}

/// Reads the groups; `Ok(None)` where the host has no `etc/group`.
pub(super) fn groups(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Result<Option<Vec<Group>>, LocalText> {
    let Some(text) = read_text(host, GROUP, LIMIT, problems)? else { return Ok(None) };
    let groups = numbered(&text).filter_map(|(_, line)| {
        let mut fields = line.trim_end_matches('\r').split(':');
        let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
        let members = fields.next().unwrap_or_default().split(',').filter(|m| !m.is_empty()).map(str::to_owned);
        (!name.is_empty()).then(|| Group { name: name.into(), gid, members: members.collect() })
    });
    Ok(Some(groups.take(RECORDS_MAX).collect()))
}

/// Reads the accounts with their password ages.
pub(super) fn read(host: &dyn Host, problems: &mut Vec<ReadProblem>) -> Fact<Vec<Account>> {
    let users = match users(host, problems) {
        Ok(Some(users)) => users,
        Ok(None) => {
            return Fact::NotPresent(LocalText::new(
                format!("there is no `/{PASSWD}`"),
                format!("`/{PASSWD}` がありません"),
            ));
        }
        Err(reason) => return Fact::Unreadable(reason),
    };
    let shadow = match read_text(host, SHADOW, LIMIT, problems) {
        Ok(text) => text.map(|text| shadow(&text)).unwrap_or_default(),
        Err(reason) => return Fact::Unreadable(reason),
    };
    let account = |user: User| {
        let entry = user.state.is_none().then(|| shadow.get(&user.name)).flatten();
        Account {
            password: entry.map(|e| e.state).or(user.state).unwrap_or(PasswordState::Disabled),
            max_days: entry.and_then(|e| e.max_days),
            place: entry.map_or(user.place, |e| SourceLine::at(SHADOW, e.line)),
            name: user.name,
            uid: user.uid,
        }
    };
    Fact::Known(users.into_iter().map(account).collect())
}

struct Shadow {
    state: PasswordState,
    max_days: Option<i64>,
    line: u32,
}

/// Reads `etc/shadow` by name; the first line of a name counts, as for getspnam(3).
fn shadow(text: &str) -> BTreeMap<String, Shadow> {
    let mut found = BTreeMap::new();
    for (line, record) in numbered(text).take(RECORDS_MAX) {
        let fields: Vec<&str> = record.trim_end_matches('\r').splitn(6, ':').collect();
        let [name, password, _changed, _min, max, ..] = fields.as_slice() else { continue };
        let entry = Shadow { state: password_state(password), max_days: max.parse().ok(), line };
        found.entry((*name).to_owned()).or_insert(entry);
    }
    found
}

/// Tells what a password field is good for. crypt(3) never returns a `*` or `!`, so a field that
/// begins with one matches no password; a hash behind a `!` can be brought back by `passwd -u`.
fn password_state(field: &str) -> PasswordState {
    match field.strip_prefix('!') {
        _ if field.is_empty() => PasswordState::Empty,
        Some(rest) if rest.trim_start_matches('!').is_empty() || rest.starts_with('*') => PasswordState::Disabled,
        Some(_) => PasswordState::Locked,
        None if field.starts_with('*') || field == "x" => PasswordState::Disabled,
        None => PasswordState::Usable,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    #[test]
    fn the_kind_of_a_password_is_told_and_the_hash_is_not_kept() {
        let host = MemoryHost::new()
            .file(
                PASSWD,
                "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nalice:x:1000:1000::/:/bin/sh\n\
                 bob:x:1001:1001::/:/bin/sh\ncarol::1002:1002::/:/bin/sh\nold:abJnggxhB/yWI:1003:1003::/:/bin/sh\n\
                 ghost:x:1004:1004::/:/bin/sh\n+nis::::::\nbroken\n",
            )
            .file(
                SHADOW,
                "root:!:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nalice:$y$j9T$secret:19000:0:90:7:::\n\
                 bob:!$6$secret:19000:0::7:::\n",
            );
        let fact = read(&host, &mut Vec::new());
        let lines: Vec<String> = fact
            .known()
            .unwrap()
            .iter()
            .map(|a| format!("{} {:?} {:?} {}", a.name, a.password, a.max_days, a.place))
            .collect();
        assert_eq!(
            lines,
            [
                "root Disabled Some(99999) /etc/shadow:1",
                "daemon Disabled Some(99999) /etc/shadow:2",
                "alice Usable Some(90) /etc/shadow:3",
                "bob Locked None /etc/shadow:4",
                "carol Empty None /etc/passwd:5",
                "old Usable None /etc/passwd:6",
                "ghost Disabled None /etc/passwd:7",
            ]
        );
        let debug = format!("{fact:?}");
        assert!(!debug.contains("secret") && !debug.contains("abJnggxhB"), "{debug}");
    }

    #[test]
    fn an_unreadable_shadow_leaves_the_ages_unknown() {
        let host = MemoryHost::new().file(PASSWD, "root:x:0:0::/:/bin/sh\n").denied(SHADOW);
        let mut problems = Vec::new();
        assert!(matches!(read(&host, &mut problems), Fact::Unreadable(_)));
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn groups_have_members() {
        let host = MemoryHost::new().file(GROUP, "root:x:0:\nstaff:x:50:alice,bob\nbroken:x\n");
        let groups = groups(&host, &mut Vec::new()).unwrap().unwrap();
        assert_eq!(groups[1], Group { name: "staff".into(), gid: 50, members: vec!["alice".into(), "bob".into()] });
        assert_eq!(groups.len(), 2);
    }

    #[test]
    fn records_are_bounded() {
        let host = MemoryHost::new().file(GROUP, "g:x:1:\n".repeat(RECORDS_MAX + 1));
        assert_eq!(groups(&host, &mut Vec::new()).unwrap().unwrap().len(), RECORDS_MAX);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            passwd in prop::collection::vec(any::<u8>(), 0..200), shadow in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            let host = MemoryHost::new().file(PASSWD, &passwd).file(SHADOW, shadow).file(GROUP, passwd);
            prop_assert!(read(&host, &mut Vec::new()).known().is_some());
            prop_assert!(groups(&host, &mut Vec::new()).is_ok());
        }
    }
}
