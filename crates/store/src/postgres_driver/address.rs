//! The URL of a PostgreSQL database, as libpq reads it, with the parts of it that are ours to do.

use std::path::PathBuf;
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

use super::tls::Trust;
use crate::StoreError;

/// How long a server may take to answer a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// After so long without a word the other side is asked whether it is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// So long may sent bytes stay without an answer of the other side's network.
const UNANSWERED_MAX: Duration = Duration::from_secs(30);

/// Where a database is, and how far its server is trusted.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) trust: Trust,
    /// For people: without user, password and parameters.
    pub(super) described: String,
}

impl Address {
    /// Reads `postgresql://user:password@host:port/database?parameter=value` or libpq's
    /// `host=… dbname=…`.
    ///
    /// `sslmode` is `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full`.
    /// With `prefer` the connection is encrypted where the server can, whoever it is. With any of
    /// the last three it is encrypted or not made, and the server's certificate must be valid for
    /// its name: `require` without a check, as libpq has it, would keep nobody out. Certificates
    /// are checked against `sslrootcert=FILE`, or against the system's authorities.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let refused = |reason: String| StoreError::open("the database URL", reason);
        let (rest, ours) = taken_out(text);
        let mut mode = None;
        let mut roots = None;
        for (name, value) in ours {
            match name {
                Ours::SslMode => mode = Some(value),
                // The word that libpq knows for the system's own.
                Ours::SslRootCert => roots = Some(value).filter(|value| value != "system").map(PathBuf::from),
            }
        }
        let mut config: Config =
            rest.parse().map_err(|error: postgres::Error| StoreError::open("the database URL", error))?;
        let (mode, trust) = match mode.as_deref().unwrap_or("prefer") {
            "disable" => (SslMode::Disable, Trust::Anyone),
            "prefer" => (SslMode::Prefer, Trust::Anyone),
            "require" | "verify-ca" | "verify-full" => (SslMode::Require, roots.map_or(Trust::System, Trust::File)),
            other => return Err(refused(format!("`sslmode={other}` is not known"))),
        };
        config.ssl_mode(mode);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("yagura");
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNANSWERED_MAX);
        }
        config.keepalives_idle(KEEPALIVE_IDLE);
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        if hosts.is_empty() {
            return Err(refused("it names no host".into()));
        }
        let described = format!("postgresql://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default());
        Ok(Self { config, trust, described })
    }
}

/// Parameters that the driver does not know, or not with all their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ours {
    SslMode,
    SslRootCert,
}

impl Ours {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "sslmode" => Some(Self::SslMode),
            "sslrootcert" => Some(Self::SslRootCert),
            _ => None,
        }
    }
}

/// Takes our parameters out of a URL or a list of `name=value`.
fn taken_out(text: &str) -> (String, Vec<(Ours, String)>) {
    let mut ours = Vec::new();
    if !text.contains("://") {
        // A value with a space in it is quoted; such a file name is none of ours.
        let mut rest = Vec::new();
        for word in text.split(' ') {
            match word.split_once('=').and_then(|(name, value)| Some((Ours::from_name(name)?, value))) {
                Some((name, value)) => ours.push((name, value.trim_matches('\'').to_owned())),
                None => rest.push(word),
            }
        }
        return (rest.join(" "), ours);
    }
    let Some((base, parameters)) = text.split_once('?') else { return (text.to_owned(), ours) };
    let mut rest = Vec::new();
    for parameter in parameters.split('&') {
        match parameter.split_once('=').and_then(|(name, value)| Some((Ours::from_name(name)?, value))) {
            Some((name, value)) => ours.push((name, decoded(value))),
            None => rest.push(parameter),
        }
    }
    let joint = if rest.is_empty() { "" } else { "?" };
    (format!("{base}{joint}{}", rest.join("&")), ours)
}

/// Reads `%2F` and the like; what is no such escape stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (SslMode, Trust, String) {
        let address = Address::parse(text).unwrap();
        (address.config.get_ssl_mode(), address.trust, address.described)
    }

    #[test]
    fn the_modes_of_libpq_are_read_in_both_forms() {
        let file = || Trust::File("/etc/ssl/my ca.pem".into());
        let described = "postgresql://db.example/yagura".to_owned();
        for (parameters, mode, trust) in [
            ("", SslMode::Prefer, Trust::Anyone),
            ("?sslmode=prefer", SslMode::Prefer, Trust::Anyone),
            ("?sslmode=disable", SslMode::Disable, Trust::Anyone),
            ("?sslmode=require", SslMode::Require, Trust::System),
            ("?sslmode=verify-full&sslrootcert=system", SslMode::Require, Trust::System),
            ("?connect_timeout=3&sslmode=verify-full&sslrootcert=%2Fetc/ssl/my%20ca.pem", SslMode::Require, file()),
        ] {
            let url = format!("postgresql://us%40er:se%2Fcret@db.example:5433/yagura{parameters}");
            assert_eq!(read(&url), (mode, trust, described.clone()), "{url}");
        }
        let words = "host=db.example dbname=yagura password=secret sslmode=verify-full sslrootcert='/ca.pem'";
        assert_eq!(read(words), (SslMode::Require, Trust::File("/ca.pem".into()), described));
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for text in
            ["postgresql://u:secret@h/d?sslmode=always", "postgresql://u:secret@h/d?x=y", "secret", "", "user=secret"]
        {
            let error = Address::parse(text).err().unwrap();
            let mut told = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                told.push_str(&cause.to_string());
                source = cause.source();
            }
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
