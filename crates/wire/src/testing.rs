//! Snapshots for tests: one with every variant, and any.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use yagura_model::settings::*;
use yagura_model::*;

/// A snapshot that has every member and every variant of every noun.
pub(crate) fn sample() -> Snapshot {
    let states = ["not-installed", "config-files", "half-installed", "unpacked"];
    let more = ["half-configured", "triggers-awaited", "triggers-pending", "installed"];
    let states = states.iter().chain(&more).filter_map(|word| PackageState::from_word(word));
    let origins = [
        Origin::Assumed,
        Origin::Distribution,
        Origin::Foreign { who: "Docker".into(), shown_by: "its package list".into() },
    ];
    let packages = states.enumerate().map(|(number, state)| Package {
        name: format!("package-{number}"),
        version: "1:1.2-3+b1".into(),
        architecture: "amd64".into(),
        source: SourcePackage { name: "package".into(), version: "1.2-3".into() },
        status: PackageStatus { want: "hold".into(), flag: "ok".into(), state },
        origin: origins[number % origins.len()].clone(),
        maintainer: (number % 2 == 0).then(|| "Jürgen \"J\" <j@example.org>".into()),
        multi_arch: (number % 2 == 1).then(|| "same".into()),
        record: SourceLine::at("var/lib/dpkg/status", 7),
        ..Package::default()
    });
    Snapshot {
        host: HostIdentity {
            name: "tower".into(),
            machine_id: Some("0123456789abcdef0123456789abcdef".into()),
            architecture: Some("amd64".into()),
            virtualization: Virtualization::Machine("kvm".into()),
            root: Some("/mnt/image".into()),
        },
        release: Some(Release {
            distribution: "debian".into(),
            like: vec!["unix".into()],
            version: Some("12".into()),
            codename: Some("bookworm".into()),
            point_version: Some("12.11".into()),
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
            told_by: "etc/os-release".into(),
        }),
        kernel: Kernel {
            running: Some("6.1.0-28-amd64".into()),
            running_package_version: Some("6.1.119-1".into()),
            installed: vec!["6.1.0-28-amd64".into(), "6.1.0-29-amd64".into()],
            livepatches: Vec::new(),
        },
        package_database: Some("var/lib/dpkg/status".into()),
        packages: packages.collect(),
        channels: Channels::default(),
        settings: settings(),
        problems: vec![ReadProblem {
            place: SourceLine::file("etc/ssh/sshd_config.d"),
            message: LocalText::new("it cannot be read", "読み取れません"),
        }],
    }
}

fn settings() -> Settings {
    let place = |line| SourceLine::at("etc/ssh/sshd_config", line);
    let modules = [QualityModule::Pwquality, QualityModule::Cracklib, QualityModule::Passwdqc];
    let values = |login| SshdValues {
        root_login: Some(Setting::at(login, "PermitRootLogin", place(9))),
        password: Some(Setting::at(false, "PasswordAuthentication no", place(10))),
        keyboard_interactive: Some(Setting::at(true, "KbdInteractiveAuthentication yes", place(11))),
        methods: Some(Setting::at(vec!["publickey".into()], "AuthenticationMethods publickey", place(12))),
    };
    let logins = [RootLogin::No, RootLogin::ForcedCommandsOnly, RootLogin::KeyOnly, RootLogin::Yes];
    Settings {
        sshd: Fact::Known(Sshd {
            version: Some("9.2p1".into()),
            root_login: Setting::compiled_in(RootLogin::KeyOnly, "PermitRootLogin prohibit-password", "OpenSSH 9.2p1"),
            protocol_1: Setting::compiled_in(None, "", "OpenSSH"),
            password: Setting::at(true, "PasswordAuthentication yes", place(3)),
            keyboard_interactive: Setting::at(false, "KbdInteractiveAuthentication no", place(4)),
            use_pam: Setting::at(true, "UsePAM yes", place(5)),
            methods: Setting::compiled_in(vec!["any".into()], "any", "OpenSSH"),
            blocks: logins
                .into_iter()
                .map(|login| MatchBlock {
                    place: place(8),
                    criteria: vec![Criterion { attribute: "User".into(), patterns: "backup,!root".into() }],
                    values: values(login),
                })
                .collect(),
            config_path: "etc/ssh/sshd_config".into(),
            drop_in_folder: Some("etc/ssh/sshd_config.d".into()),
        }),
        login_defs: Fact::Known(LoginDefs {
            pass_max_days: Setting::at(99_999, "PASS_MAX_DAYS 99999", SourceLine::at("etc/login.defs", 160)),
        }),
        accounts: Fact::Known(
            [PasswordState::Usable, PasswordState::Locked, PasswordState::Empty, PasswordState::Disabled]
                .into_iter()
                .zip(0..)
                .map(|(password, uid)| Account {
                    name: format!("user-{uid}"),
                    uid,
                    password,
                    max_days: (uid % 2 == 0).then_some(90),
                    place: SourceLine::at("etc/shadow", uid + 1),
                })
                .collect(),
        ),
        password_stack: Fact::Known(PasswordStack {
            entry: SourceLine::file("etc/pam.d/passwd"),
            quality: modules
                .into_iter()
                .map(|module| QualityCheck {
                    module,
                    line: Setting::at((), "password requisite", SourceLine::at("etc/pam.d/common-password", 25)),
                    enforced: true,
                    installed: Some(true),
                    min_length: Setting::compiled_in(8, "minlen=8", module.name()),
                    shortest: 8,
                    classes: -1,
                    decisive: vec![Setting::at(8, "minlen = 8", SourceLine::at("etc/security/pwquality.conf", 11))],
                    enforce_for_root: Setting::compiled_in(false, "", module.name()),
                    retry: Setting::compiled_in(1, "", module.name()),
                })
                .collect(),
            unix: Some(UnixModule {
                line: Setting::at((), "pam_unix.so obscure", SourceLine::at("etc/pam.d/common-password", 26)),
                min_length: Some(Setting::compiled_in(6, "minlen=6", "pam_unix")),
                obscure: true,
            }),
            remember: Some(Setting::at(5, "remember=5", SourceLine::at("etc/pam.d/common-password", 24))),
        }),
        aslr: Fact::Known(Aslr {
            live: Some(Setting::kernel(2, "2")),
            configured: Setting::compiled_in(2, "2", "Linux"),
        }),
        nx: Fact::Known(Nx {
            architecture: Architecture::X86,
            cpu: Some(Setting::kernel(true, "flags: nx")),
            turned_off: vec![Setting::at((), "noexec=off", SourceLine::at("etc/default/grub", 9))],
        }),
        directories: Fact::Known(DirectoryFacts {
            directories: [GroupReach::Nobody, GroupReach::Users(vec!["alice".into()]), GroupReach::Unknown]
                .into_iter()
                .map(|group_reach| Directory {
                    path: "usr/bin".into(),
                    also: vec!["bin".into()],
                    listed: true,
                    mode: 0o755,
                    uid: 0,
                    owner: Some("root".into()),
                    gid: 0,
                    group: Some("root".into()),
                    group_reach,
                })
                .collect(),
            root_uid: 0,
        }),
    }
}

fn word() -> BoxedStrategy<String> {
    prop_oneof![any::<String>(), "[a-z]{0,8}", Just("\"\\\u{0}\u{7f}\n櫓".to_owned())].boxed()
}

fn place() -> BoxedStrategy<SourceLine> {
    (word(), option::of(any::<u32>())).prop_map(|(path, line)| SourceLine { path, line }).boxed()
}

fn text() -> BoxedStrategy<LocalText> {
    (word(), word()).prop_map(|(en, ja)| LocalText { en, ja }).boxed()
}

fn setting<T: std::fmt::Debug + 'static>(value: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Setting<T>> {
    let provenance =
        prop_oneof![place().prop_map(Provenance::Line), word().prop_map(Provenance::Default), Just(Provenance::Kernel)];
    (value, word(), provenance).prop_map(|(value, written, provenance)| Setting { value, written, provenance }).boxed()
}

fn fact<T: std::fmt::Debug + 'static>(value: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Fact<T>> {
    prop_oneof![
        3 => value.prop_map(Fact::Known),
        1 => text().prop_map(Fact::NotPresent),
        1 => text().prop_map(Fact::Unreadable),
    ]
    .boxed()
}

fn root_login() -> BoxedStrategy<RootLogin> {
    prop::sample::select(vec![RootLogin::No, RootLogin::ForcedCommandsOnly, RootLogin::KeyOnly, RootLogin::Yes]).boxed()
}

fn block() -> BoxedStrategy<MatchBlock> {
    let values = (
        option::of(setting(root_login())),
        option::of(setting(any::<bool>())),
        option::of(setting(any::<bool>())),
        option::of(setting(vec(word(), 0..3))),
    );
    let values = values.prop_map(|(root_login, password, keyboard_interactive, methods)| SshdValues {
        root_login,
        password,
        keyboard_interactive,
        methods,
    });
    let criterion = (word(), word()).prop_map(|(attribute, patterns)| Criterion { attribute, patterns });
    (place(), vec(criterion, 0..3), values)
        .prop_map(|(place, criteria, values)| MatchBlock { place, criteria, values })
        .boxed()
}

fn sshd() -> BoxedStrategy<Sshd> {
    let switches = (setting(any::<bool>()), setting(any::<bool>()), setting(any::<bool>()));
    let names = (option::of(word()), word(), option::of(word()));
    (
        names,
        setting(root_login()),
        setting(option::of(any::<bool>())),
        switches,
        setting(vec(word(), 0..3)),
        vec(block(), 0..3),
    )
        .prop_map(|((version, config_path, drop_in_folder), root_login, protocol_1, switches, methods, blocks)| Sshd {
            version,
            root_login,
            protocol_1,
            password: switches.0,
            keyboard_interactive: switches.1,
            use_pam: switches.2,
            methods,
            blocks,
            config_path,
            drop_in_folder,
        })
        .boxed()
}

fn stack() -> BoxedStrategy<PasswordStack> {
    let module = prop::sample::select(vec![QualityModule::Pwquality, QualityModule::Cracklib, QualityModule::Passwdqc]);
    let numbers = (setting(any::<i64>()), any::<i64>(), any::<i64>(), vec(setting(any::<i64>()), 0..2));
    let check = (
        module,
        setting(Just(())),
        any::<bool>(),
        option::of(any::<bool>()),
        numbers,
        setting(any::<bool>()),
        setting(any::<i64>()),
    );
    let check = check.prop_map(|(module, line, enforced, installed, numbers, enforce_for_root, retry)| QualityCheck {
        module,
        line,
        enforced,
        installed,
        min_length: numbers.0,
        shortest: numbers.1,
        classes: numbers.2,
        decisive: numbers.3,
        enforce_for_root,
        retry,
    });
    let unix = (setting(Just(())), option::of(setting(any::<i64>())), any::<bool>());
    let unix = unix.prop_map(|(line, min_length, obscure)| UnixModule { line, min_length, obscure });
    (place(), vec(check, 0..2), option::of(unix), option::of(setting(any::<i64>())))
        .prop_map(|(entry, quality, unix, remember)| PasswordStack { entry, quality, unix, remember })
        .boxed()
}

fn account() -> BoxedStrategy<Account> {
    let states = vec![PasswordState::Usable, PasswordState::Locked, PasswordState::Empty, PasswordState::Disabled];
    (word(), any::<u32>(), prop::sample::select(states), option::of(any::<i64>()), place())
        .prop_map(|(name, uid, password, max_days, place)| Account { name, uid, password, max_days, place })
        .boxed()
}

fn directory() -> BoxedStrategy<Directory> {
    let reach =
        prop_oneof![Just(GroupReach::Nobody), vec(word(), 0..3).prop_map(GroupReach::Users), Just(GroupReach::Unknown)];
    let owners = (any::<u32>(), option::of(word()), any::<u32>(), option::of(word()));
    (word(), vec(word(), 0..3), any::<bool>(), any::<u32>(), owners, reach)
        .prop_map(|(path, also, listed, mode, (uid, owner, gid, group), group_reach)| Directory {
            path,
            also,
            listed,
            mode,
            uid,
            owner,
            gid,
            group,
            group_reach,
        })
        .boxed()
}

fn any_settings() -> BoxedStrategy<Settings> {
    let architecture = prop::sample::select(vec![Architecture::X86, Architecture::Arm, Architecture::Other]);
    let nx = (architecture, option::of(setting(any::<bool>())), vec(setting(Just(())), 0..2));
    let nx = nx.prop_map(|(architecture, cpu, turned_off)| Nx { architecture, cpu, turned_off });
    let aslr = (option::of(setting(any::<i64>())), setting(any::<i64>()));
    let aslr = aslr.prop_map(|(live, configured)| Aslr { live, configured });
    let directories = (vec(directory(), 0..3), any::<u32>());
    let directories = directories.prop_map(|(directories, root_uid)| DirectoryFacts { directories, root_uid });
    let login_defs = setting(any::<i64>()).prop_map(|pass_max_days| LoginDefs { pass_max_days });
    let facts = (
        fact(sshd()),
        fact(login_defs),
        fact(vec(account(), 0..3)),
        fact(stack()),
        fact(aslr),
        fact(nx),
        fact(directories),
    );
    facts
        .prop_map(|(sshd, login_defs, accounts, password_stack, aslr, nx, directories)| Settings {
            sshd,
            login_defs,
            accounts,
            password_stack,
            aslr,
            nx,
            directories,
        })
        .boxed()
}

fn package() -> BoxedStrategy<Package> {
    let states = ["not-installed", "config-files", "half-installed", "unpacked", "half-configured", "installed"];
    let states: Vec<PackageState> = states.iter().filter_map(|word| PackageState::from_word(word)).collect();
    let status = (word(), word(), prop::sample::select(states));
    let status = status.prop_map(|(want, flag, state)| PackageStatus { want, flag, state });
    let origin = prop_oneof![
        Just(Origin::Assumed),
        Just(Origin::Distribution),
        (word(), word()).prop_map(|(who, shown_by)| Origin::Foreign { who, shown_by })
    ];
    let source = (word(), word()).prop_map(|(name, version)| SourcePackage { name, version });
    let words = || option::of(word());
    let provenance = (words(), words(), words(), words(), option::of(0..2_000_000_000_i64), words());
    let provenance =
        provenance.prop_map(|(vendor, signing_key, module, repository, second, owner)| package::Provenance {
            vendor,
            signing_key,
            module,
            repository,
            installed_at: second.and_then(|second| jiff::Timestamp::from_second(second).ok()),
            owner,
        });
    let build = (prop::sample::select(PackageKind::ALL.to_vec()), provenance);
    let maker = (option::of(word()), option::of(word()));
    (word(), word(), word(), source, status, origin, maker, place(), build)
        .prop_map(|(name, version, architecture, source, status, origin, maker, record, build)| Package {
            kind: build.0,
            provenance: build.1,
            name,
            version,
            architecture,
            source,
            status,
            origin,
            maintainer: maker.0,
            multi_arch: maker.1,
            record,
        })
        .boxed()
}

fn channels() -> BoxedStrategy<Channels> {
    let repository = (word(), word(), option::of(word()), option::of(word()), any::<bool>(), place());
    let repository = repository.prop_map(|(id, name, url, suite, enabled, place)| Repository {
        id,
        name,
        url,
        suite,
        enabled,
        place,
    });
    let pin = (word(), word(), place()).prop_map(|(package, rule, place)| Pin { package, rule, place });
    (vec(repository, 0..3), vec(word(), 0..3), vec(word(), 0..3), vec(pin, 0..3))
        .prop_map(|(repositories, products, entitlements, pins)| Channels {
            repositories,
            products,
            entitlements,
            pins,
        })
        .boxed()
}

/// Any snapshot.
pub(crate) fn any_snapshot() -> BoxedStrategy<Snapshot> {
    let virtualization = prop_oneof![
        Just(Virtualization::None),
        word().prop_map(Virtualization::Machine),
        word().prop_map(Virtualization::Container),
        Just(Virtualization::Tree)
    ];
    let host = (word(), option::of(word()), option::of(word()), virtualization, option::of(word()));
    let host = host.prop_map(|(name, machine_id, architecture, virtualization, root)| HostIdentity {
        name,
        machine_id,
        architecture,
        virtualization,
        root,
    });
    let names = (option::of(word()), option::of(word()), option::of(word()));
    let release = (word(), vec(word(), 0..3), names, word(), word());
    let release = release.prop_map(|(distribution, like, names, pretty_name, told_by)| Release {
        distribution,
        like,
        version: names.0,
        codename: names.1,
        point_version: names.2,
        pretty_name,
        told_by,
    });
    // Live patches come with a running kernel: only its line has them.
    let kernel = (word(), option::of(word()), vec(word(), 0..600), vec(word(), 0..3));
    let kernel = kernel.prop_map(|(running, running_package_version, installed, livepatches)| Kernel {
        running: Some(running),
        running_package_version,
        installed,
        livepatches,
    });
    let kernel =
        prop_oneof![kernel, vec(word(), 0..600).prop_map(|installed| Kernel { installed, ..Kernel::default() })];
    let problem = (place(), text()).prop_map(|(place, message)| ReadProblem { place, message });
    let inventory = (option::of(word()), vec(package(), 0..4), channels());
    (host, option::of(release), kernel, inventory, any_settings(), vec(problem, 0..3))
        .prop_map(|(host, release, kernel, (package_database, packages, channels), settings, problems)| Snapshot {
            channels,
            host,
            release,
            kernel,
            package_database,
            packages,
            settings,
            problems,
        })
        .boxed()
}
