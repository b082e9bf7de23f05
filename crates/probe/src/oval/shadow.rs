//! `shadow`: ages and kinds of passwords in `/etc/shadow`.
//!
//! The items hold what the file holds, hashes too, because content compares them; whoever shows
//! evidence must not show the entity `password`.

use yagura_scap::{Collected, Field, Item, Object};

use super::password::ACCOUNTS_LIMIT;
use super::selected;
use crate::host::Host;

const SHADOW_PATH: &str = "etc/shadow";
/// An unset flag, as getspent(3) gives it.
const FLAG_UNSET: &str = "18446744073709551615";

/// Collects entries.
pub(super) fn collect(host: &dyn Host, object: &Object) -> Collected {
    match host.read(SHADOW_PATH, ACCOUNTS_LIMIT) {
        Ok(None) => Collected::does_not_exist(),
        Ok(Some(bytes)) => selected(String::from_utf8_lossy(&bytes).lines().filter_map(item), object),
        Err(error) => Collected::error(error.to_string()),
    }
}

fn item(line: &str) -> Option<Item> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
    let password = fields.next()?;
    let mut item = Item::new().with(Field::Username, name).with(Field::Password, password);
    let days = [Field::ChgLst, Field::ChgAllow, Field::ChgReq, Field::ExpWarn, Field::ExpInact, Field::ExpDate];
    for field in days {
        let text = fields.next().unwrap_or_default().trim();
        let days: i64 = if text.is_empty() { -1 } else { text.parse().ok()? };
        item.push(field, days);
    }
    let flag = fields.next().unwrap_or_default().trim();
    item.push(Field::Flag, if flag.is_empty() { FLAG_UNSET } else { flag });
    Some(item.with(Field::EncryptMethod, method(password)))
}

/// The method that a hash's prefix names; everything without one is taken for the oldest.
fn method(password: &str) -> &'static str {
    let Some(rest) = password.trim_start_matches('!').strip_prefix('$') else { return "DES" };
    match rest.split(['$', ',']).next().unwrap_or_default() {
        "1" => "MD5",
        "2" | "2a" | "2b" | "2x" | "2y" => "Blowfish",
        "md5" => "Sun MD5",
        "5" => "SHA-256",
        "6" => "SHA-512",
        "y" => "yescrypt",
        "gy" => "gost-yescrypt",
        "7" => "scrypt",
        _ => "DES",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::{Flag, Kind, Value};

    #[test]
    fn unset_numbers_are_minus_one() {
        let host = MemoryHost::new().file(
            "etc/shadow",
            "root:$y$j9T$abc$def:19000:0:99999:7:::\nbob:!:19001::::::\nbroken\nodd:x:many:0:0:0:::\neve:$6$salt$hash:1:2:3:4:5:6:7\n",
        );
        let get =
            |name: &str| collect(&host, &object(Kind::Shadow, vec![entity(Field::Username, name)])).items.remove(0);
        let root = get("root");
        assert_eq!(root.value(Field::ChgLst), Some(&Value::Int(19000)));
        assert_eq!(root.value(Field::ExpDate), Some(&Value::Int(-1)));
        assert_eq!(root.value(Field::EncryptMethod).unwrap().to_string(), "yescrypt");
        assert_eq!(root.value(Field::Flag).unwrap().to_string(), FLAG_UNSET);
        assert_eq!(get("bob").value(Field::EncryptMethod).unwrap().to_string(), "DES");
        assert_eq!(get("eve").value(Field::EncryptMethod).unwrap().to_string(), "SHA-512");
        let all = object(Kind::Shadow, vec![pattern_entity(Field::Username, ".*")]);
        assert_eq!(flags(&host, &all), (Flag::Complete, 3));
        assert_eq!(flags(&MemoryHost::new().denied("etc/shadow"), &all), (Flag::Error, 0));
    }
}
