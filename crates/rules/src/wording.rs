//! Turns the placeholders of a rule's text into the host's own name, paths and commands.

use yagura_model::{LocalText, Release, Snapshot, Text};

/// What the placeholders stand for on one host.
pub(crate) struct Wording {
    host: LocalText,
    sshd_file: String,
    restart_sshd: &'static str,
    install_pwquality: &'static str,
    edit_password_stack: LocalText,
}

/// How a family of distributions names its services and packages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Debian,
    RedHat,
    Other,
}

impl Family {
    fn of(release: Option<&Release>) -> Self {
        let Some(release) = release else { return Self::Other };
        let is = |names: &[&str]| {
            names.contains(&release.distribution.as_str()) || release.like.iter().any(|l| names.contains(&l.as_str()))
        };
        if is(&["debian", "ubuntu"]) {
            Self::Debian
        } else if is(&["rhel", "fedora", "centos", "amzn", "rocky", "almalinux"]) {
            Self::RedHat
        } else {
            Self::Other
        }
    }
}

impl Wording {
    /// The wording for one host.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let host = &snapshot.host;
        let name = Some(&host.name).filter(|name| !name.is_empty()).or(host.root.as_ref());
        let mut wording = Self::general(Family::of(snapshot.release.as_ref()));
        if let Some(name) = name {
            wording.host = LocalText::untranslated(name);
        }
        if let Some(sshd) = snapshot.settings.sshd.known() {
            wording.sshd_file = match &sshd.drop_in_folder {
                // The first value wins, so the file must come before the others of its folder.
                Some(folder) => format!("/{folder}/00-hardening.conf"),
                None => format!("/{}", sshd.config_path),
            };
        }
        wording
    }

    /// The wording of the manual: a Debian host of no name.
    pub(crate) fn manual() -> Self {
        Self::general(Family::Debian)
    }

    fn general(family: Family) -> Self {
        Self {
            host: LocalText::new("NAME", "NAME"),
            sshd_file: match family {
                Family::Debian | Family::RedHat => "/etc/ssh/sshd_config.d/00-hardening.conf".to_owned(),
                Family::Other => "/etc/ssh/sshd_config".to_owned(),
            },
            restart_sshd: match family {
                Family::Debian => "systemctl restart ssh",
                Family::RedHat | Family::Other => "systemctl restart sshd",
            },
            install_pwquality: match family {
                Family::Debian => "apt-get install libpam-pwquality",
                Family::RedHat => "dnf install libpwquality",
                Family::Other => "libpwquality",
            },
            edit_password_stack: match family {
                Family::Debian => LocalText::new(
                    "the package adds itself to `/etc/pam.d/common-password` (check with `pam-auth-update`)",
                    "`/etc/pam.d/common-password` への追加はパッケージが行います (`pam-auth-update` で確認できます)",
                ),
                Family::RedHat => LocalText::new(
                    "`authselect current` shows the profile that puts `pam_pwquality` into `/etc/pam.d/system-auth`",
                    "`pam_pwquality` を `/etc/pam.d/system-auth` に入れるプロファイルは `authselect current` で確認できます",
                ),
                Family::Other => LocalText::new(
                    "add `password requisite pam_pwquality.so retry=3` before `pam_unix` in the PAM password stack",
                    "PAM の password スタックで `pam_unix` の前に `password requisite pam_pwquality.so retry=3` を追加してください",
                ),
            },
        }
    }

    /// Fills a text.
    pub(crate) fn fill(&self, text: Text) -> LocalText {
        let fill = |text: &str, host: &str, stack: &str| {
            text.replace("{sshd-file}", &self.sshd_file)
                .replace("{restart-sshd}", self.restart_sshd)
                .replace("{install-pwquality}", self.install_pwquality)
                .replace("{edit-password-stack}", stack)
                // The host's own name comes last: it may look like a placeholder.
                .replace("{host}", host)
        };
        LocalText::new(
            fill(text.en, &self.host.en, &self.edit_password_stack.en),
            fill(text.ja, &self.host.ja, &self.edit_password_stack.ja),
        )
    }
}

#[cfg(test)]
mod tests {
    use yagura_model::Fact;

    use super::*;
    use crate::best_practices::RULES;
    use crate::testing;

    #[test]
    fn no_placeholder_is_left_in_any_family() {
        for distribution in ["debian", "fedora", "arch"] {
            let snapshot = testing::host(distribution);
            let wording = Wording::of(&snapshot);
            for rule in RULES {
                for text in [rule.title, rule.description, rule.recommendation, rule.severity_reason, rule.method] {
                    let filled = wording.fill(text);
                    assert!(!filled.en.contains(['{', '}']), "{}: {}", rule.id, filled.en);
                    assert!(!filled.ja.contains(['{', '}']), "{}: {}", rule.id, filled.ja);
                }
            }
        }
    }

    #[test]
    fn the_drop_in_folder_is_used_where_sshd_reads_one_first() {
        let text = Text::new("{sshd-file}", "{sshd-file}");
        let mut snapshot = testing::host("debian");
        assert_eq!(Wording::of(&snapshot).fill(text).en, "/etc/ssh/sshd_config.d/00-hardening.conf");
        let mut sshd = testing::sshd();
        snapshot.settings.sshd = Fact::Known(sshd.clone());
        assert_eq!(Wording::of(&snapshot).fill(text).en, "/etc/ssh/sshd_config");
        sshd.drop_in_folder = Some("etc/ssh/sshd_config.d".into());
        snapshot.settings.sshd = Fact::Known(sshd);
        assert_eq!(Wording::of(&snapshot).fill(text).en, "/etc/ssh/sshd_config.d/00-hardening.conf");
    }
}
