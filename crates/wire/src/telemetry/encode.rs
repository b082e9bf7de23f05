//! A snapshot becomes messages.

use serde::{Deserialize, Serialize};
use yagura_model::settings::{Account, Directory, Fact};
use yagura_model::{Channels, Kernel, LocalText, ReadProblem, Settings, Snapshot, SourceLine};

use super::envelope::{Line, MessageType};
use crate::bounds::{
    ACCOUNTS_MAX, DIRECTORIES_MAX, KERNELS_A_LINE, KERNELS_MAX, LINE_BYTES_MAX, LIVEPATCHES_MAX, MESSAGE_BYTES_MAX,
    PACKAGES_MAX, PINS_MAX, PROBLEMS_MAX, RECORDS_BYTES_MAX, REPOSITORIES_MAX,
};
use crate::hash::Sha256;
use crate::shape::{
    AccountShape, AslrShape, ChannelShape, DirectoryShape, FactShape, InstanceShape, KernelShape, LoginDefsShape,
    NxShape, PackageShape, PasswordStackShape, PinShape, ProblemShape, ReleaseShape, RepositoryShape, Shape, SshdShape,
};

/// The body of `InspectorConfigurationInfo`. Accounts and directories follow their fact, one a message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "fact", content = "state", rename_all = "snake_case")]
pub(super) enum FactBody {
    Sshd(Box<FactShape<SshdShape>>),
    LoginDefs(FactShape<LoginDefsShape>),
    Accounts(FactShape<()>),
    PasswordStack(FactShape<PasswordStackShape>),
    Aslr(FactShape<AslrShape>),
    Nx(FactShape<NxShape>),
    Directories(FactShape<DirectoriesShape>),
}

/// What stands before the directories.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DirectoriesShape {
    pub(super) root_uid: u32,
}

/// Writes a snapshot as messages, in the one order that there is.
///
/// A message beyond [`MESSAGE_BYTES_MAX`], and records beyond their number or [`RECORDS_BYTES_MAX`], are left out, and a read problem at the
/// end says so: a host must not be able to stop its own assessment by being odd, nor to hide something.
///
/// # Errors
/// What `visit` answers.
pub fn visit_snapshot_lines<E>(snapshot: &Snapshot, visit: &mut dyn FnMut(Line) -> Result<(), E>) -> Result<(), E> {
    let Snapshot { host, release, kernel, package_database, packages, channels, settings, problems } = snapshot;
    let mut writer = Writer { visit, left_out: Vec::new(), records_bytes: 0 };
    let instance = InstanceShape { host: Shape::of(host), package_database: package_database.clone() };
    writer.message(MessageType::InstanceMetaData, &instance, "the host's identity", "ホストの識別情報")?;
    if let Some(release) = release {
        let shape = ReleaseShape::of(release);
        writer.message(MessageType::OperatingSystem, &shape, "the release", "リリース情報")?;
    }
    writer.kernel(kernel)?;
    writer.records::<_, PackageShape>(MessageType::PackageInfo, packages, PACKAGES_MAX, "packages", "パッケージ")?;
    writer.channels(channels)?;
    writer.settings(settings)?;
    // Room is kept for what this side has to say itself.
    writer.records::<_, ProblemShape>(
        MessageType::ReadProblem,
        problems,
        PROBLEMS_MAX.saturating_sub(LEFT_OUT_MAX),
        "problems",
        "問題",
    )?;
    let left_out = std::mem::take(&mut writer.left_out);
    left_out.iter().try_for_each(|problem| writer.send(Line::of(MessageType::ReadProblem, &ProblemShape::of(problem))))
}

/// Problems that this side adds: one for each kind of message at most.
const LEFT_OUT_MAX: usize = 32;

/// Returns a snapshot's messages.
pub fn snapshot_lines(snapshot: &Snapshot) -> Vec<Line> {
    let mut lines = Vec::new();
    let Ok(()) = visit_snapshot_lines::<std::convert::Infallible>(snapshot, &mut |line| {
        lines.push(line);
        Ok(())
    });
    lines
}

/// Returns the digest of a snapshot: the SHA-256 over its messages, each followed by a line feed.
pub fn snapshot_digest(snapshot: &Snapshot) -> String {
    let mut hash = Sha256::new();
    let Ok(()) = visit_snapshot_lines::<std::convert::Infallible>(snapshot, &mut |line| {
        hash.update(line.text().as_bytes());
        hash.update(b"\n");
        Ok(())
    });
    hash.finish()
}

struct Writer<'v, E> {
    visit: &'v mut dyn FnMut(Line) -> Result<(), E>,
    left_out: Vec<ReadProblem>,
    /// Bytes of the records so far, as they travel.
    records_bytes: usize,
}

impl<E> Writer<'_, E> {
    fn send(&mut self, line: Line) -> Result<(), E> {
        (self.visit)(line)
    }

    /// Sends one message, or remembers that it is too long.
    fn message<B: Serialize>(&mut self, kind: MessageType, body: &B, en: &str, ja: &str) -> Result<bool, E> {
        let line = Line::of(kind, body);
        if line.text().len() <= MESSAGE_BYTES_MAX {
            self.send(line)?;
            return Ok(true);
        }
        self.left_out.push(too_long(en, ja));
        Ok(false)
    }

    fn kernel(&mut self, kernel: &Kernel) -> Result<(), E> {
        let Kernel { running, running_package_version, installed, livepatches } = kernel;
        let mut rest = installed.get(..KERNELS_MAX).unwrap_or(installed).chunks(KERNELS_A_LINE);
        let first = KernelShape {
            running: running.clone(),
            running_package_version: running_package_version.clone(),
            installed: rest.next().unwrap_or_default().to_vec(),
            livepatches: livepatches.iter().take(LIVEPATCHES_MAX).cloned().collect(),
        };
        self.message(MessageType::KernelModule, &first, "the kernels", "カーネル")?;
        for more in rest {
            let (installed, livepatches) = (more.to_vec(), Vec::new());
            let shape = KernelShape { running: None, running_package_version: None, installed, livepatches };
            self.message(MessageType::KernelModule, &shape, "the kernels", "カーネル")?;
        }
        self.note_number(installed.len(), KERNELS_MAX, "kernels", "カーネル");
        self.note_number(livepatches.len(), LIVEPATCHES_MAX, "live patches", "ライブパッチ");
        Ok(())
    }

    /// Sends nothing where nothing is known, so that the digests of hosts without such facts stay.
    fn channels(&mut self, channels: &Channels) -> Result<(), E> {
        let Channels { repositories, products, entitlements, pins } = channels;
        if !products.is_empty() || !entitlements.is_empty() {
            let shape = ChannelShape { products: products.clone(), entitlements: entitlements.clone() };
            self.message(MessageType::ChannelInfo, &shape, "products and entitlements", "製品とエンタイトルメント")?;
        }
        self.records::<_, RepositoryShape>(
            MessageType::RepositoryInfo,
            repositories,
            REPOSITORIES_MAX,
            "repositories",
            "リポジトリー",
        )?;
        self.records::<_, PinShape>(MessageType::PinInfo, pins, PINS_MAX, "pins", "バージョン固定")
    }

    fn records<M, S: Shape<M> + Serialize>(
        &mut self,
        kind: MessageType,
        records: &[M],
        max: usize,
        en: &str,
        ja: &str,
    ) -> Result<(), E> {
        let mut long: usize = 0;
        for record in records.iter().take(max) {
            let line = Line::of(kind, &S::of(record));
            let length = line.text().len();
            // In parts, quotation at most doubles a message.
            let travels = if length > LINE_BYTES_MAX { length.saturating_mul(2) } else { length };
            let bytes = self.records_bytes.saturating_add(travels);
            if length > MESSAGE_BYTES_MAX || bytes > RECORDS_BYTES_MAX {
                long = long.saturating_add(1);
            } else {
                self.records_bytes = bytes;
                self.send(line)?;
            }
        }
        if long > 0 {
            self.left_out.push(too_long(&format!("{long} of the {en}"), &format!("{ja} {long} 件")));
        }
        self.note_number(records.len(), max, en, ja);
        Ok(())
    }

    fn note_number(&mut self, found: usize, max: usize, en: &str, ja: &str) {
        if found > max {
            let message = LocalText::new(
                format!("the host has {found} {en}, and the first {max} were sent; the others are not assessed"),
                format!("このホストには{ja}が {found} 件あり、先頭の {max} 件だけを送信しました。残りは評価されません"),
            );
            self.left_out.push(ReadProblem { place: SourceLine::default(), message });
        }
    }

    fn settings(&mut self, settings: &Settings) -> Result<(), E> {
        let Settings { sshd, login_defs, accounts, password_stack, aslr, nx, directories } = settings;
        self.fact(|fact| FactBody::Sshd(Box::new(fact)), sshd, "the settings of the SSH server", "SSH サーバーの設定")?;
        self.fact(FactBody::LoginDefs, login_defs, "`login.defs`", "`login.defs`")?;
        self.accounts(accounts)?;
        self.fact(FactBody::PasswordStack, password_stack, "the password stack", "パスワードのスタック")?;
        self.fact(FactBody::Aslr, aslr, "the ASLR settings", "ASLR の設定")?;
        self.fact(FactBody::Nx, nx, "the NX settings", "NX の設定")?;
        let head = map(directories, |facts| DirectoriesShape { root_uid: facts.root_uid });
        self.send(Line::of(MessageType::ConfigurationInfo, &FactBody::Directories(head)))?;
        let list: &[Directory] = directories.known().map_or(&[], |facts| &facts.directories);
        self.records::<_, DirectoryShape>(
            MessageType::DirectoryInfo,
            list,
            DIRECTORIES_MAX,
            "directories",
            "ディレクトリー",
        )
    }

    fn accounts(&mut self, accounts: &Fact<Vec<Account>>) -> Result<(), E> {
        let head = map(accounts, |_| ());
        self.send(Line::of(MessageType::ConfigurationInfo, &FactBody::Accounts(head)))?;
        let list: &[Account] = accounts.known().map_or(&[], Vec::as_slice);
        self.records::<_, AccountShape>(MessageType::User, list, ACCOUNTS_MAX, "accounts", "アカウント")
    }

    /// Sends a fact. One that is too long becomes one that could not be read, so that its rules say "unknown".
    fn fact<M, S: Shape<M> + Serialize>(
        &mut self,
        body: fn(FactShape<S>) -> FactBody,
        fact: &Fact<M>,
        en: &str,
        ja: &str,
    ) -> Result<(), E> {
        let whole = body(Shape::of(fact));
        if !self.message(MessageType::ConfigurationInfo, &whole, en, ja)? {
            let why = Fact::<M>::Unreadable(too_long(en, ja).message);
            self.send(Line::of(MessageType::ConfigurationInfo, &body(Shape::of(&why))))?;
        }
        Ok(())
    }
}

/// Keeps why there is no fact, and shortens the one that there is.
fn map<M, S>(fact: &Fact<M>, known: impl FnOnce(&M) -> S) -> FactShape<S> {
    match fact {
        Fact::Known(value) => FactShape::Known(known(value)),
        Fact::NotPresent(why) => FactShape::NotPresent(Shape::of(why)),
        Fact::Unreadable(why) => FactShape::Unreadable(Shape::of(why)),
    }
}

fn too_long(en: &str, ja: &str) -> ReadProblem {
    ReadProblem {
        place: SourceLine::default(),
        message: LocalText::new(
            format!("{en}: too long to be sent, and not assessed"),
            format!("{ja}: 長すぎるため送信できず、評価されません"),
        ),
    }
}
