//! Reads the SSH server's effective settings, as `sshd -T` would print them.
//!
//! Follows sshd_config(5): first value wins, Include in any place, Match blocks, options of the
//! command line before the file. Compiled-in defaults are upstream's by version; Debian's
//! patches change none of the keywords judged here (Debian's *shipped file* does, and is read).
//! A server that is configured but not installed is not present.

mod config;
mod effective;
mod line;
mod options;

use yagura_model::settings::Sshd;
use yagura_model::{Fact, LocalText, Package, ReadProblem, SourceLine};

use self::effective::Version;
use crate::host::Host;
use crate::settings::{major_minor, package, upstream_version};

const CONFIG: &str = "etc/ssh/sshd_config";
/// SUSE ships its file here and reads it when the administrator has made none.
const VENDOR_CONFIG: &str = "usr/etc/ssh/sshd_config";
const BINARIES: [&str; 3] = ["usr/sbin/sshd", "usr/bin/sshd", "usr/local/sbin/sshd"];
const PACKAGES: [&str; 3] = ["openssh-server", "openssh-server-pam", "openssh"];

/// Reads the SSH server's settings.
pub fn read(host: &dyn Host, packages: &[Package], problems: &mut Vec<ReadProblem>) -> Fact<Sshd> {
    let package = package(packages, &PACKAGES);
    let exists = |path: &str| matches!(host.metadata(path), Ok(Some(_)) | Err(_));
    let binary = BINARIES.into_iter().any(exists);
    let config = exists(CONFIG) || exists(VENDOR_CONFIG);
    match (package.is_some_and(|p| p.name != "openssh"), binary, config) {
        (_, true, _) | (true, false, true) => {}
        (false, false, false) => {
            return Fact::NotPresent(LocalText::new(
                "no SSH server is installed",
                "SSH サーバーはインストールされていません",
            ));
        }
        (false, false, true) => {
            return Fact::NotPresent(LocalText::new(
                format!("`/{CONFIG}` is there, but no SSH server is installed"),
                format!("`/{CONFIG}` はありますが、SSH サーバーはインストールされていません"),
            ));
        }
        (true, false, false) => {
            return Fact::Unreadable(LocalText::new(
                "the package database lists an SSH server, but neither the server nor its configuration is in the tree",
                "パッケージデータベースには SSH サーバーがありますが、サーバー本体も設定ファイルも見つかりません",
            ));
        }
    }
    match effective(host, package, problems) {
        Ok(sshd) => Fact::Known(sshd),
        Err(reason) => Fact::Unreadable(reason),
    }
}

fn effective(host: &dyn Host, package: Option<&Package>, problems: &mut Vec<ReadProblem>) -> Result<Sshd, LocalText> {
    let upstream = package.map(|p| upstream_version(&p.version).to_owned());
    let program = upstream.as_ref().map_or_else(|| "OpenSSH".to_owned(), |version| format!("OpenSSH {version}"));
    let version = Version { program, number: package.and_then(|p| major_minor(&p.version)) };

    let options = options::read(host, problems)?;
    let config_path = match options.config_path {
        Some(path) => path,
        None if host.metadata(CONFIG).is_ok_and(|m| m.is_none())
            && host.metadata(VENDOR_CONFIG).is_ok_and(|m| m.is_some()) =>
        {
            VENDOR_CONFIG.to_owned()
        }
        None => CONFIG.to_owned(),
    };
    if host.metadata(&config_path).is_ok_and(|metadata| metadata.is_none()) {
        problems.push(ReadProblem {
            place: SourceLine::file(&config_path),
            message: LocalText::new(
                format!("sshd is installed without `/{config_path}`; its compiled-in defaults are judged"),
                format!("sshd の設定ファイル `/{config_path}` がないため、組み込みの既定値で判定します"),
            ),
        });
    }
    let config = config::walk(host, &config_path, problems)?;
    let directives: Vec<_> = options.directives.into_iter().chain(config.directives).collect();
    let effective = effective::judge(&directives, &config.blocks, &version, problems);
    Ok(Sshd {
        version: upstream,
        root_login: effective.root_login,
        protocol_1: effective.protocol_1,
        password: effective.password,
        keyboard_interactive: effective.keyboard_interactive,
        use_pam: effective.use_pam,
        methods: effective.methods,
        blocks: effective.blocks,
        config_path,
        drop_in_folder: config.drop_in_folder,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yagura_model::settings::{RootLogin, Setting};

    use super::*;
    use crate::MemoryHost;
    use crate::settings::tests::installed;

    fn sshd(config: &str, version: &str) -> Sshd {
        let host = MemoryHost::new().file("usr/sbin/sshd", "").file(CONFIG, config);
        let mut problems = Vec::new();
        match read(&host, &[installed("openssh-server", version)], &mut problems) {
            Fact::Known(sshd) => sshd,
            other => panic!("{other:?} {problems:?}"),
        }
    }

    fn shown<T>(setting: &Setting<T>) -> String {
        let observation = setting.observation();
        match (observation.place, observation.note) {
            (Some(place), _) => format!("{place}: {}", observation.found),
            (None, Some(note)) => format!("{} ({})", observation.found, note.en),
            (None, None) => observation.found,
        }
    }

    #[test]
    fn defaults_follow_the_version() {
        let new = sshd("", "1:9.2p1-2+deb12u6");
        assert_eq!(
            shown(&new.root_login),
            "PermitRootLogin prohibit-password (not set; compiled-in default of OpenSSH 9.2p1)"
        );
        assert_eq!(new.protocol_1.value, Some(false));
        assert!(new.password.value && new.keyboard_interactive.value && !new.use_pam.value);

        assert_eq!(sshd("", "1:6.7p1-5+deb8u4").root_login.value, RootLogin::Yes);
        assert_eq!(sshd("", "1:7.0p1-1").root_login.value, RootLogin::KeyOnly);
        assert_eq!(sshd("", "1:5.3p1-1").protocol_1.value, Some(true));
        assert_eq!(sshd("", "1:5.4p1-1").protocol_1.value, Some(false));
        assert_eq!(sshd("Protocol 2,1", "1:7.3p1-1").protocol_1.value, Some(true));
        assert_eq!(sshd("Protocol 2,1", "1:7.4p1-1").protocol_1.value, Some(false));
        assert_eq!(sshd("Protocol 1", "unknown").protocol_1.value, None);
        assert_eq!(sshd("Protocol 2", "unknown").protocol_1.value, Some(false));
    }

    #[test]
    fn the_first_value_wins_and_the_line_is_named() {
        let sshd = sshd("Port 22\nPermitRootLogin yes  # legacy\nPermitRootLogin no\n", "1:9.2p1-2");
        assert_eq!(shown(&sshd.root_login), "/etc/ssh/sshd_config:2: PermitRootLogin yes # legacy");
    }

    #[test]
    fn challenge_response_is_a_second_switch_before_8_7() {
        let config = "KbdInteractiveAuthentication no\nChallengeResponseAuthentication yes\n";
        assert!(!sshd(config, "1:8.7p1-1").keyboard_interactive.value);
        assert!(sshd(config, "1:8.4p1-5+deb11u3").keyboard_interactive.value);
        let config = "ChallengeResponseAuthentication no\n";
        assert!(!sshd(config, "1:8.4p1-5+deb11u3").keyboard_interactive.value);
        assert!(sshd("", "1:8.4p1-5+deb11u3").keyboard_interactive.value);
    }

    #[test]
    fn blocks_keep_what_they_can_change() {
        let sshd = sshd(
            "PasswordAuthentication no\nMatch User a\nPasswordAuthentication yes\nX11Forwarding no\n\
             Match all\nPermitRootLogin no\nMatch User b\nPermitRootLogin yes\nMatch User c\nX11Forwarding no\n",
            "1:9.2p1-2",
        );
        // `Match all` decides root's login for everybody, so the block of `b` changes nothing.
        assert_eq!(shown(&sshd.root_login), "/etc/ssh/sshd_config:6: PermitRootLogin no");
        let blocks: Vec<String> = sshd.blocks.iter().map(|b| format!("{} {}", b.place, b.condition())).collect();
        assert_eq!(blocks, ["/etc/ssh/sshd_config:2 User a"]);
        assert!(sshd.blocks[0].values.password.as_ref().is_some_and(|s| s.value));
    }

    #[test]
    fn options_come_before_the_file() {
        let host = MemoryHost::new()
            .file("usr/sbin/sshd", "")
            .file("etc/default/ssh", "SSHD_OPTS=-oPermitRootLogin=yes\n")
            .file(CONFIG, "PermitRootLogin no\n");
        let fact = read(&host, &[], &mut Vec::new());
        let sshd = fact.known().unwrap();
        assert_eq!(shown(&sshd.root_login), "/etc/default/ssh:1: -o PermitRootLogin=yes");
        assert_eq!(sshd.version, None);
    }

    #[test]
    fn presence() {
        let server = installed("openssh-server", "1:9.2p1-2");
        let config = MemoryHost::new().file(CONFIG, "");
        let empty = MemoryHost::new();
        let read = |host: &MemoryHost, packages: &[Package]| read(host, packages, &mut Vec::new());
        assert!(matches!(read(&empty, &[]), Fact::NotPresent(_)));
        assert!(matches!(read(&config, &[]), Fact::NotPresent(_)));
        assert!(matches!(read(&config, std::slice::from_ref(&server)), Fact::Known(_)));
        assert!(matches!(read(&empty, std::slice::from_ref(&server)), Fact::Unreadable(_)));
        let denied = MemoryHost::new().file("usr/sbin/sshd", "").denied(CONFIG);
        assert!(matches!(read(&denied, &[]), Fact::Unreadable(_)));
    }

    #[test]
    fn a_value_that_sshd_refuses_is_a_problem() {
        let host = MemoryHost::new().file("usr/sbin/sshd", "").file(CONFIG, "PermitRootLogin maybe\nUsePAM yes no\n");
        let mut problems = Vec::new();
        read(&host, &[], &mut problems);
        assert_eq!(problems.len(), 2);
        assert!(problems[0].message.en.contains("`PermitRootLogin maybe`"), "{problems:?}");
    }

    proptest! {
        #[test]
        fn any_configuration_is_read(config in prop::collection::vec(
            prop_oneof![
                Just("Match User a\n"), Just("Match all\n"), Just("PermitRootLogin yes\n"), Just("Include x*\n"),
                Just("UsePAM yes\n"), Just("AuthenticationMethods a,b c\n"), Just("\"\n"), Just("Match\n"),
            ], 0..20)) {
            let host = MemoryHost::new().file("usr/sbin/sshd", "").file(CONFIG, config.concat());
            let fact = read(&host, &[], &mut Vec::new());
            prop_assert!(fact.known().is_some());
        }
    }
}
