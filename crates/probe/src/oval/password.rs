//! `password`: the accounts of `/etc/passwd`.

use yagura_scap::{Collected, Field, Item, Object};

use super::selected;
use crate::host::{ByteLimit, Host};

const PASSWD_PATH: &str = "etc/passwd";
pub(super) const ACCOUNTS_LIMIT: ByteLimit = ByteLimit::mib(64);

/// Collects accounts. Those of a name service on the network are not among them.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    match host.read(PASSWD_PATH, ACCOUNTS_LIMIT) {
        Ok(None) => Collected::does_not_exist(),
        Ok(Some(bytes)) => selected(String::from_utf8_lossy(&bytes).lines().filter_map(item), object),
        Err(error) => Collected::error(error.to_string()),
    }
}

/// `name:password:uid:gid:gecos:home:shell`; a line that is none is passed over.
///
/// A name that begins with `+` or `-` brings in a name service. It is an entry, and its numbers may
/// be left out, as fgetpwent(3) has it: content looks for just these.
fn item(line: &str) -> Option<Item> {
    let mut fields = line.trim_start().split(':');
    let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
    let brings_in = name.starts_with(['+', '-']);
    let number = |text: Option<&str>| -> Option<u32> {
        match text {
            None | Some("") if brings_in => Some(0),
            text => text?.parse().ok(),
        }
    };
    let mut text = || if brings_in { Some(fields.next().unwrap_or_default()) } else { fields.next() };
    let password = text()?;
    let uid = number(text())?;
    let gid = number(text())?;
    let (gecos, home) = (text()?, text()?);
    let shell = text().unwrap_or_default();
    let item = Item::new()
        .with(Field::Username, name)
        .with(Field::Password, password)
        .with(Field::UserId, uid)
        .with(Field::GroupId, gid)
        .with(Field::Gcos, gecos)
        .with(Field::HomeDir, home)
        .with(Field::LoginShell, shell);
    // The reference's word for "never", which it says of everybody.
    Some(item.with(Field::LastLogin, -1_i64))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind, Value};

    #[test]
    fn accounts_are_lines() {
        let host = MemoryHost::new().file(
            "etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\nbroken\n+::::::\n-old\nalice:x:1001:1001:Alice,,,:/home/alice:\n#old:x:1:1::/:/bin/sh\n",
        );
        let alice = collect(&host, &object(Kind::Password, vec![entity(Field::Username, "alice")]));
        assert_eq!(alice.items[0].value(Field::UserId), Some(&Value::Int(1001)));
        assert_eq!(alice.items[0].value(Field::LoginShell).unwrap().to_string(), "");
        let all = object(Kind::Password, vec![pattern_entity(Field::Username, ".*")]);
        assert_eq!(flags(&host, &all), (Flag::Complete, 4));
        let plus = collect(&host, &object(Kind::Password, vec![entity(Field::Username, "+")]));
        assert_eq!(plus.items[0].value(Field::UserId), Some(&Value::Int(0)));
        assert_eq!(plus.items[0].value(Field::Password).unwrap().to_string(), "");
        assert_eq!(flags(&MemoryHost::new(), &all), (Flag::DoesNotExist, 0));
        assert_eq!(flags(&MemoryHost::new().denied("etc/passwd"), &all), (Flag::Error, 0));
    }
}
