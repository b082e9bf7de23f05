//! A small assessment with one of everything, and ways to make it large or hostile.

use jiff::Timestamp;
use jiff::civil::date;
use yagura_model::assessment::Upgrade;
use yagura_model::finding::{AffectedPackage, KernelVerdict, Observation};
use yagura_model::{
    Assessment, Attribute, Coverage, CoverageState, CvssVector, CvssVersion, Epss, Evidence, Exclusion, ExclusionCode,
    FeedAge, FeedId, Finding, FindingKey, HostIdentity, Kernel, Kev, LocalText, Origin, Package, PackageState,
    PackageStatus, ReadProblem, Reference, ReferenceKind, Release, RulesPackage, SettingEvidence, Settings, Severity,
    Snapshot, SourceLine, SourcePackage, StatementState, Urgency, Virtualization, VulnerabilityEvidence,
};

/// 2026-11-23T10:00:00Z.
pub(crate) const STARTED: i64 = 1_795_428_000;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}

/// An assessment of `web-1`, a Debian 12 machine in need of care.
pub(crate) fn assessment() -> Assessment {
    Assessment {
        snapshot: snapshot(),
        started_at: time(STARTED),
        ended_at: time(STARTED + 1),
        coverage: coverage(),
        exclusions: vec![
            Exclusion {
                rules_package: RulesPackage::Cve,
                code: ExclusionCode::NoAuthority,
                subject: "google-chrome-stable".into(),
                reason: LocalText::new(
                    "built by Google LLC; no feed speaks of its builds",
                    "Google LLC が作成したパッケージで、対応する情報源がありません",
                ),
                place: Some(SourceLine::at("var/lib/dpkg/status", 310)),
            },
            Exclusion {
                rules_package: RulesPackage::BestPractices,
                code: ExclusionCode::Unreadable,
                subject: "etc/shadow".into(),
                reason: LocalText::new("permission denied; run as root", "権限がありません。root で実行してください"),
                place: Some(SourceLine::file("etc/shadow")),
            },
        ],
        findings: vec![openssl(), kernel(), root_login(), unfixed(), held(), unimportant()],
        upgrades: vec![
            Upgrade {
                source: "openssl".into(),
                installed_version: "3.0.15-1~deb12u1".into(),
                fixed_version: "3.0.17-1~deb12u2".into(),
                packages: vec!["libssl3".into(), "openssl".into()],
                repairs: [1, 0, 0, 0, 0],
                known_exploited: 1,
                obstacle: None,
            },
            Upgrade {
                source: "curl".into(),
                installed_version: "7.88.1-10+deb12u5".into(),
                fixed_version: "7.88.1-10+deb12u8".into(),
                packages: vec!["curl".into()],
                repairs: [0, 0, 0, 1, 0],
                known_exploited: 0,
                obstacle: Some(LocalText::new(
                    "on hold: `apt-mark unhold curl` first",
                    "保留中: 先に `apt-mark unhold curl` を実行してください",
                )),
            },
        ],
    }
}

/// What was read of `web-1`.
pub(crate) fn snapshot() -> Snapshot {
    let mut chrome = package("google-chrome-stable", "131.0.6778.85-1", "google-chrome-stable", "131.0.6778.85-1", 310);
    chrome.origin =
        Origin::Foreign { who: "Google LLC".into(), shown_by: "var/lib/apt/lists/dl.google.com_…_Packages".into() };
    let mut curl = package("curl", "7.88.1-10+deb12u5", "curl", "7.88.1-10+deb12u5", 120);
    curl.status.want = "hold".into();
    let mut removed = package("nano", "7.2-1", "nano", "7.2-1", 700);
    removed.status = PackageStatus { want: "deinstall".into(), flag: "ok".into(), state: PackageState::ConfigFiles };
    let mut packages = vec![
        curl,
        chrome,
        package("libssl3", "3.0.15-1~deb12u1", "openssl", "3.0.15-1~deb12u1", 401),
        package("linux-image-6.1.0-28-amd64", "6.1.119-1", "linux-signed-amd64", "6.1.119+1", 520),
        removed,
        package("openssl", "3.0.15-1~deb12u1", "openssl", "3.0.15-1~deb12u1", 812),
        package("zlib1g", "1:1.2.13.dfsg-1", "zlib", "1:1.2.13.dfsg-1", 900),
    ];
    if let Some(zlib) = packages.last_mut() {
        zlib.origin = Origin::Distribution;
    }
    Snapshot {
        host: HostIdentity {
            name: "web-1".into(),
            machine_id: Some("0123456789abcdef0123456789abcdef".into()),
            architecture: Some("amd64".into()),
            virtualization: Virtualization::Machine("kvm".into()),
            root: None,
        },
        release: Some(Release {
            distribution: "debian".into(),
            like: Vec::new(),
            version: Some("12".into()),
            codename: Some("bookworm".into()),
            point_version: Some("12.8".into()),
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
            told_by: "etc/os-release".into(),
        }),
        kernel: Kernel {
            running: Some("6.1.0-27-amd64".into()),
            running_package_version: Some("6.1.115-1".into()),
            installed: vec!["6.1.0-27-amd64".into(), "6.1.0-28-amd64".into()],
            ..Kernel::default()
        },
        package_database: Some("var/lib/dpkg/status".into()),
        packages,
        settings: Settings::default(),
        problems: vec![ReadProblem {
            place: SourceLine::at("var/lib/dpkg/status", 955),
            message: LocalText::new(
                "record without `Package`; the record was left out",
                "`Package` のないレコードを読み飛ばしました",
            ),
        }],
        ..Snapshot::default()
    }
}

fn package(name: &str, version: &str, source: &str, source_version: &str, line: u32) -> Package {
    Package {
        name: name.into(),
        version: version.into(),
        architecture: "amd64".into(),
        source: SourcePackage { name: source.into(), version: source_version.into() },
        status: PackageStatus::installed(),
        origin: Origin::Assumed,
        maintainer: None,
        multi_arch: None,
        record: SourceLine::at("var/lib/dpkg/status", line),
        ..Package::default()
    }
}

fn coverage() -> Vec<Coverage> {
    let age = |day: i64, stale| Some(FeedAge { data_date: time(STARTED - day * 86_400), age_days: day, stale });
    vec![
        Coverage {
            rules_package: RulesPackage::Cve,
            feed: Some(FeedId::new("debian-tracker")),
            state: CoverageState::Assessed,
            reason: Some(LocalText::new(
                "older than 7 days; run `yagura feed sync`",
                "7 日より古いデータです。`yagura feed sync` を実行してください",
            )),
            age: age(94, true),
        },
        Coverage {
            rules_package: RulesPackage::Cve,
            feed: Some(FeedId::new("cisa-kev")),
            state: CoverageState::Assessed,
            reason: None,
            age: age(1, false),
        },
        Coverage {
            rules_package: RulesPackage::Cve,
            feed: Some(FeedId::new("epss")),
            state: CoverageState::NotAssessed,
            reason: Some(LocalText::new(
                "never fetched; run `yagura feed sync --only epss`",
                "未取得です。`yagura feed sync --only epss` を実行してください",
            )),
            age: None,
        },
        Coverage {
            rules_package: RulesPackage::BestPractices,
            feed: None,
            state: CoverageState::Partly,
            reason: Some(LocalText::new(
                "1 of 9 rules could not be judged",
                "9 件中 1 件のルールを判定できませんでした",
            )),
            age: None,
        },
    ]
}

fn cve(key: &str, severity: Severity, reason: LocalText, text: LocalText, evidence: VulnerabilityEvidence) -> Finding {
    let recommendation = match &evidence.state {
        StatementState::Fixed(version) => LocalText::new(
            format!(
                "Upgrade {} to {version} or later: apt-get install --only-upgrade {}",
                evidence.source.name,
                names(&evidence)
            ),
            format!(
                "{} を {version} 以降に更新してください: apt-get install --only-upgrade {}",
                evidence.source.name,
                names(&evidence)
            ),
        ),
        state => LocalText::new(
            format!("No upgrade repairs this today ({}).", state.text().en),
            format!("現時点で修正版はありません ({})。", state.text().ja),
        ),
    };
    Finding {
        key: FindingKey(key.into()),
        rules_package: RulesPackage::Cve,
        rule: evidence.cve.clone(),
        title: LocalText::new(
            format!("Instance web-1 is vulnerable to {}", evidence.cve),
            format!("インスタンス web-1 は {} の影響を受けます", evidence.cve),
        ),
        description: text,
        recommendation,
        severity,
        severity_reason: reason,
        attributes: vec![
            Attribute { key: "INSTANCE_ID".into(), value: "web-1".into() },
            Attribute { key: "CVE_ID".into(), value: evidence.cve.clone() },
            Attribute { key: "package_name".into(), value: evidence.source.name.clone() },
        ],
        evidence: Evidence::Vulnerability(Box::new(evidence)),
    }
}

fn names(evidence: &VulnerabilityEvidence) -> String {
    evidence.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(" ")
}

fn evidence(
    cve: &str,
    source: (&str, &str),
    packages: &[(&str, &str)],
    state: StatementState,
) -> VulnerabilityEvidence {
    let comparison = match &state {
        StatementState::Fixed(fixed) => format!("{} < {fixed} (dpkg)", source.1),
        state => format!("no comparison: {}", state.word()),
    };
    VulnerabilityEvidence {
        cve: cve.into(),
        aliases: Vec::new(),
        advisories: Vec::new(),
        vendor_url: Some(format!("https://security-tracker.debian.org/tracker/{cve}")),
        feed: FeedId::new("debian-tracker"),
        release: "debian:bookworm".into(),
        source: SourcePackage { name: source.0.into(), version: source.1.into() },
        packages: packages
            .iter()
            .map(|(name, version)| AffectedPackage {
                name: (*name).into(),
                version: (*version).into(),
                architecture: "amd64".into(),
                status: None,
                place: None,
            })
            .collect(),
        state,
        urgency: Urgency::NotAssigned,
        note: None,
        scheme: "dpkg",
        comparison,
        entitlement: None,
        kernel: None,
        cvss: Vec::new(),
        kev: None,
        epss: None,
        references: Vec::new(),
    }
}

fn v31(vector: &str, score: f64) -> (CvssVector, f64) {
    let vector = format!("CVSS:3.1/{vector}");
    (CvssVector { version: CvssVersion::V3_1, vector, source: FeedId::new("debian-osv") }, score)
}

fn openssl() -> Finding {
    let mut evidence = evidence(
        "CVE-2026-10001",
        ("openssl", "3.0.15-1~deb12u1"),
        &[("libssl3", "3.0.15-1~deb12u1"), ("openssl", "3.0.15-1~deb12u1")],
        StatementState::Fixed("3.0.17-1~deb12u2".into()),
    );
    evidence.aliases = vec!["GHSA-aaaa-bbbb-cccc".into()];
    evidence.advisories = vec!["DSA-6001-1".into()];
    evidence.cvss = vec![v31("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8)];
    evidence.epss = Some(Epss { probability: 0.9421, percentile: 0.9991 });
    evidence.kev = Some(Kev {
        added: date(2026, 11, 3),
        due: Some(date(2026, 11, 24)),
        ransomware: true,
        action: "Apply mitigations per vendor instructions.".into(),
    });
    evidence.references = vec![
        Reference { kind: ReferenceKind::Advisory, url: "https://www.openssl.org/news/secadv/".into() },
        Reference { kind: ReferenceKind::Fix, url: "https://github.com/openssl/openssl/commit/0a1b".into() },
    ];
    cve(
        "k1openssl001",
        Severity::High,
        LocalText::new("known to be exploited (CISA KEV)", "悪用が確認されています (CISA KEV)"),
        LocalText::new(
            "A crafted handshake lets a peer bypass certificate verification. Every TLS client on the host trusts the attacker.",
            "細工されたハンドシェイクにより証明書の検証を回避できます。このホストのすべての TLS クライアントが攻撃者を信頼してしまいます。",
        ),
        evidence,
    )
}

fn kernel() -> Finding {
    let mut evidence = evidence(
        "CVE-2026-10002",
        ("linux", "6.1.115-1"),
        &[("linux-image-6.1.0-27-amd64", "6.1.115-1")],
        StatementState::Fixed("6.1.119-1".into()),
    );
    evidence.kernel =
        Some(KernelVerdict::RebootPending { running: "6.1.0-27-amd64".into(), installed: "6.1.0-28-amd64".into() });
    evidence.cvss = vec![v31("AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8)];
    cve(
        "k2kernel0001",
        Severity::High,
        LocalText::new("CVSS 3.1 base score 7.8", "CVSS 3.1 基本値 7.8"),
        LocalText::untranslated("A use-after-free in net/sched lets a local user become root."),
        evidence,
    )
}

fn unfixed() -> Finding {
    let mut evidence = evidence(
        "CVE-2023-45853",
        ("zlib", "1:1.2.13.dfsg-1"),
        &[("zlib1g", "1:1.2.13.dfsg-1")],
        StatementState::WillNotFix,
    );
    evidence.note = Some("contrib/minizip not built and src:zlib not producing binary packages".into());
    evidence.urgency = Urgency::Low;
    evidence.cvss = vec![
        v31("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        (
            CvssVector {
                version: CvssVersion::V2,
                vector: "AV:N/AC:L/Au:N/C:P/I:P/A:P".into(),
                source: FeedId::new("debian-osv"),
            },
            7.5,
        ),
    ];
    cve(
        "k3zlib000001",
        Severity::Low,
        LocalText::new("Debian's urgency is low", "Debian の緊急度は「低」です"),
        LocalText::untranslated(
            "MiniZip in zlib through 1.3 has an integer overflow and resultant heap-based buffer overflow.",
        ),
        evidence,
    )
}

fn held() -> Finding {
    let mut evidence = evidence(
        "CVE-2026-10003",
        ("curl", "7.88.1-10+deb12u5"),
        &[("curl", "7.88.1-10+deb12u5")],
        StatementState::Fixed("7.88.1-10+deb12u8".into()),
    );
    if let Some(package) = evidence.packages.first_mut() {
        package.status = Some("hold ok installed".into());
    }
    evidence.epss = Some(Epss { probability: 0.0004, percentile: 0.12 });
    cve(
        "k4curl000001",
        Severity::Low,
        LocalText::new("CVSS 3.1 base score 3.7", "CVSS 3.1 基本値 3.7"),
        LocalText::untranslated("curl may send credentials to a redirect target."),
        evidence,
    )
}

fn unimportant() -> Finding {
    let mut evidence = evidence("CVE-2011-3374", ("apt", "2.6.1"), &[("apt", "2.6.1")], StatementState::Open);
    evidence.urgency = Urgency::Unimportant;
    cve(
        "k6apt0000001",
        Severity::Informational,
        LocalText::new("Debian calls it unimportant", "Debian は重要でないと評価しています"),
        LocalText::untranslated("apt-key does not validate GPG keys with the master keyring."),
        evidence,
    )
}

fn root_login() -> Finding {
    Finding {
        key: FindingKey("k5sshd000001".into()),
        rules_package: RulesPackage::BestPractices,
        rule: "Disable root login over SSH".into(),
        title: LocalText::new("Root may log in over SSH with a password", "root がパスワードで SSH ログインできます"),
        description: LocalText::new(
            "One guessed password gives the whole host.\nThe log shows only `root`, not the person.",
            "パスワードが 1 つ破られるだけでホスト全体を奪われます。\nログには root としか残らず、誰の操作か分かりません。",
        ),
        recommendation: LocalText::new(
            "Set `PermitRootLogin prohibit-password` in /etc/ssh/sshd_config, then `systemctl reload ssh`.",
            "/etc/ssh/sshd_config に `PermitRootLogin prohibit-password` と書き、`systemctl reload ssh` を実行してください。",
        ),
        severity: Severity::Medium,
        severity_reason: LocalText::new("fixed for this rule", "このルールの規定値"),
        attributes: vec![Attribute { key: "INSTANCE_ID".into(), value: "web-1".into() }],
        evidence: Evidence::Setting(SettingEvidence {
            observations: vec![
                Observation {
                    place: Some(SourceLine::at("etc/ssh/sshd_config.d/50-cloud.conf", 3)),
                    found: "PermitRootLogin yes".into(),
                    note: Some(LocalText::new("the first value wins", "最初の値が有効です")),
                },
                Observation { place: None, found: "PasswordAuthentication yes".into(), note: None },
            ],
        }),
    }
}

/// The same assessment with `count` further findings, as a neglected host has them.
pub(crate) fn large(count: usize) -> Assessment {
    let mut assessment = assessment();
    let templates = [openssl(), unfixed(), held(), unimportant(), unimportant()];
    let words = "A flaw was found in the parser of a widely used library; crafted input leads to a heap-based buffer \
                 overflow, and an attacker who controls the input may run code with the rights of the user. ";
    for (number, mut finding) in templates.into_iter().cycle().take(count).enumerate() {
        finding.key = FindingKey(format!("n{number:011}"));
        finding.rule = format!("CVE-2025-{number:05}");
        finding.title = LocalText::untranslated(format!("Instance web-1 is vulnerable to {}", finding.rule));
        finding.description = LocalText::untranslated(words.repeat(3));
        if let Evidence::Vulnerability(evidence) = &mut finding.evidence {
            evidence.cve.clone_from(&finding.rule);
        }
        assessment.findings.push(finding);
    }
    assessment.findings.sort_by_key(|finding| finding.severity);
    assessment
}

/// The same assessment with `poison` in every text that a host or a feed controls.
pub(crate) fn hostile(poison: &str) -> Assessment {
    let mut assessment = assessment();
    let snapshot = &mut assessment.snapshot;
    snapshot.host.name.push_str(poison);
    snapshot.host.architecture = Some(poison.into());
    snapshot.host.virtualization = Virtualization::Container(poison.into());
    if let Some(release) = &mut snapshot.release {
        release.pretty_name.push_str(poison);
        release.distribution.push_str(poison);
        release.version = Some(poison.into());
    }
    snapshot.kernel.running = Some(poison.into());
    snapshot.package_database = Some(format!("var/lib/dpkg/status{poison}"));
    for package in &mut snapshot.packages {
        package.version.push_str(poison);
        package.architecture.push_str(poison);
        package.source.version.push_str(poison);
        package.status.want.push_str(poison);
        package.record.path.push_str(poison);
    }
    for problem in &mut snapshot.problems {
        problem.place.path.push_str(poison);
        problem.message = LocalText::untranslated(poison);
    }
    for line in &mut assessment.coverage {
        line.reason = Some(LocalText::untranslated(poison));
        line.feed = Some(FeedId::new(poison));
    }
    for exclusion in &mut assessment.exclusions {
        exclusion.subject = poison.into();
        exclusion.reason = LocalText::untranslated(poison);
    }
    for upgrade in &mut assessment.upgrades {
        upgrade.source = poison.into();
        upgrade.installed_version = poison.into();
        upgrade.fixed_version = poison.into();
        upgrade.packages = vec![poison.into()];
        upgrade.obstacle = Some(LocalText::untranslated(poison));
    }
    for finding in &mut assessment.findings {
        finding.rule = poison.into();
        finding.title = LocalText::untranslated(poison);
        finding.description = LocalText::untranslated(poison);
        finding.recommendation = LocalText::untranslated(poison);
        finding.severity_reason = LocalText::untranslated(poison);
        for attribute in &mut finding.attributes {
            attribute.value = poison.into();
        }
        match &mut finding.evidence {
            Evidence::Vulnerability(evidence) => {
                evidence.cve = poison.into();
                evidence.aliases = vec![poison.into()];
                evidence.advisories = vec![poison.into()];
                evidence.vendor_url = Some(poison.into());
                evidence.source = SourcePackage { name: poison.into(), version: poison.into() };
                for package in &mut evidence.packages {
                    package.version = poison.into();
                    package.status = Some(poison.into());
                }
                if let StatementState::Fixed(version) = &mut evidence.state {
                    *version = poison.into();
                }
                evidence.note = Some(poison.into());
                evidence.comparison = poison.into();
                for (vector, _) in &mut evidence.cvss {
                    vector.vector = poison.into();
                }
                evidence.references = vec![Reference { kind: ReferenceKind::Web, url: poison.into() }];
                if let Some(kev) = &mut evidence.kev {
                    kev.action = poison.into();
                }
            }
            Evidence::Setting(evidence) => {
                for observation in &mut evidence.observations {
                    observation.found = poison.into();
                    observation.note = Some(LocalText::untranslated(poison));
                    if let Some(place) = &mut observation.place {
                        place.path = poison.into();
                    }
                }
            }
        }
    }
    assessment
}
