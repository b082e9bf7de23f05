//! Certificates of agents.

use yagura_store::StoredCertificate;

use crate::support::{ACCOUNT, Db, agent_id, at};

fn certificate(serial: &str, agent: u64) -> StoredCertificate {
    StoredCertificate {
        account: ACCOUNT.into(),
        serial: serial.into(),
        agent: agent_id(agent),
        issued_at: at(0),
        expires_at: at(100),
        revoked_at: None,
    }
}

pub(crate) fn certificates_are_counted_until_they_end_or_are_taken_back(db: &Db) {
    let one = certificate("01", 1);
    db.write(|tx| {
        tx.insert_certificate(&one)?;
        tx.insert_certificate(&certificate("02", 1))?;
        tx.insert_certificate(&certificate("03", 1))?;
        tx.insert_certificate(&certificate("04", 2))
    });
    db.conflict(|tx| tx.insert_certificate(&one));
    assert_eq!(db.read(|tx| tx.certificate("01")), Some(one));
    assert_eq!(db.read(|tx| tx.certificate("05")), None);
    let of = db.read(|tx| tx.certificates_of(&agent_id(1), 2));
    assert_eq!(of.iter().map(|certificate| certificate.serial.as_str()).collect::<Vec<_>>(), ["01", "02"]);
    let has = |agent, now| db.read(|tx| tx.has_certificate(&agent_id(agent), at(now)));
    assert_eq!((has(1, 99), has(1, 100), has(3, 0)), (true, false, false));
    assert_eq!(db.write(|tx| tx.revoke_certificates(&agent_id(1), &["01", "99"], at(7))), 2);
    assert_eq!(db.read(|tx| tx.certificate("02")).unwrap().revoked_at, Some(at(7)));
    assert!(has(1, 50), "the one that was named stays");
    assert_eq!(db.write(|tx| tx.revoke_certificates(&agent_id(1), &[], at(8))), 1);
    assert!(!has(1, 50));
    assert_eq!(db.read(|tx| tx.certificate("02")).unwrap().revoked_at, Some(at(7)), "the first time counts");
    assert!(has(2, 50), "another agent's stay");
}
