//! A system directory is writable by somebody other than root.
//!
//! **Why it matters.** Who may write there replaces a program or a setting that root uses, and
//! then is root.
//!
//! **Remedy.** `chown root:root` and `chmod go-w`.
//!
//! **References.** Filesystem Hierarchy Standard 3.0; CWE-732.

use yagura_model::finding::Observation;
use yagura_model::settings::{Directory, GroupReach};
use yagura_model::{Fact, LocalText, RulesPackage, Severity, Snapshot, SourceLine, Text, Virtualization};

use crate::rule::{Rule, Verdict};

/// Accounts below this number belong to services (Debian policy 9.2.2, `SYS_UID_MAX`).
const ORDINARY_UID_MIN: u32 = 1_000;
const OTHER_WRITE: u32 = 0o002;
const GROUP_WRITE: u32 = 0o020;

/// A system directory is writable by somebody other than root.
pub(super) const RULE: Rule = Rule {
    id: "system-directory-writable",
    name: "Configure permissions for system directories",
    name_ja: "システムディレクトリのアクセス権の設定",
    package: RulesPackage::BestPractices,
    severity: Severity::High,
    severity_reason: Text::new(
        "who may write there can become root without another flaw",
        "書き込めるユーザーは、ほかの脆弱性がなくても root になれます",
    ),
    title: Text::new(
        "Instance {host} is configured with system directories that users other than root can write to",
        "インスタンス {host} には、root 以外のユーザーが書き込めるシステムディレクトリがあります",
    ),
    description: Text::new(
        "A directory that holds programs, libraries, boot files or system configuration can be written to by \
         somebody without root's rights. Such a user can add or replace files that root uses, and so become root.",
        "プログラム、ライブラリ、起動用ファイル、システム設定を収めたディレクトリに、root 権限のないユーザーが書き込めます。\
         そのユーザーは root が使うファイルを追加・差し替えすることで、root になることができます。",
    ),
    recommendation: Text::new(
        "For each directory in the evidence run `chown root:root DIRECTORY` and `chmod go-w DIRECTORY`; then look \
         for files that others have changed there (`find DIRECTORY ! -user root -o -perm /022`, on Debian also \
         `dpkg --verify`).",
        "根拠に挙がったディレクトリごとに `chown root:root ディレクトリ` と `chmod go-w ディレクトリ` を実行してください。\
         その後、root 以外が変更したファイルがないかを確認します (`find ディレクトリ ! -user root -o -perm /022`、\
         Debian では `dpkg --verify` も使えます)。",
    ),
    method: Text::new(
        "Looked at are `/`, `/usr`, `/bin`, `/sbin`, `/lib*`, the same below `/usr` with `libexec` and `games`, \
         `/usr/local` and its `bin`, `sbin`, `lib`, `lib64`, `libexec`, `etc`, `games`, `/etc`, `/boot`, `/boot/grub`, \
         `/boot/grub2`, `/boot/efi`; also the directories down to two levels below `/etc` and one level below \
         `/usr/lib`, `/usr/libexec`, `/usr/local/lib` and `/boot`. A directory with two names (merged `/usr`) is \
         judged once. The rule is broken where others may write (the sticky bit does not help), where the owner is \
         not root, or where the group may write and has a member without root's rights (Debian's `root:staff` of \
         older releases keeps the rule while nobody is in `staff`). A directory that is not on the fixed list and \
         belongs to a service's own account or group (id below 1000) is that service's configuration and not judged \
         by owner and group. A tree unpacked by an ordinary user shows that user everywhere: then the answer is \
         unknown. POSIX access control lists are not read.",
        "対象は `/`、`/usr`、`/bin`、`/sbin`、`/lib*`、`/usr` 以下の同名ディレクトリと `libexec`、`games`、`/usr/local` と\
         その `bin`、`sbin`、`lib`、`lib64`、`libexec`、`etc`、`games`、`/etc`、`/boot`、`/boot/grub`、`/boot/grub2`、\
         `/boot/efi` と、`/etc` の 2 階層下まで、`/usr/lib`、`/usr/libexec`、`/usr/local/lib`、`/boot` の 1 階層下までの\
         ディレクトリです。2 つの名前を持つディレクトリ (統合された `/usr`) は 1 回だけ判定します。その他のユーザーが書き込める\
         場合 (スティッキービットがあっても同様)、所有者が root でない場合、グループに書き込み権があり root 権限のないメンバーが\
         いる場合に違反とします (古い Debian の `root:staff` は、`staff` にメンバーがいなければ適合です)。固定の一覧にない\
         ディレクトリで、サービス専用のアカウントやグループ (ID が 1000 未満) に属するものは、そのサービスの設定とみなし、\
         所有者とグループでは判定しません。一般ユーザーが展開したツリーではすべての所有者がそのユーザーになるため、「不明」と\
         します。POSIX アクセス制御リストは読み取りません。",
    ),
    references: &["Filesystem Hierarchy Standard 3.0", "CWE-732", "CWE-276"],
    evaluate,
};

fn evaluate(snapshot: &Snapshot) -> Verdict {
    let facts = match &snapshot.settings.directories {
        Fact::Known(facts) => facts,
        Fact::NotPresent(reason) => return Verdict::NotApplicable(reason.clone()),
        Fact::Unreadable(reason) => return Verdict::Unknown(reason.clone()),
    };
    let tree = snapshot.host.root.is_some() || snapshot.host.virtualization == Virtualization::Tree;
    if tree && facts.root_uid != 0 {
        let uid = facts.root_uid;
        return Verdict::Unknown(LocalText::new(
            format!(
                "the tree's own root belongs to user {uid}: owners were lost when it was unpacked; unpack it as root"
            ),
            format!(
                "ツリーの最上位の所有者が UID {uid} のため、展開時に所有者情報が失われています。root で展開してください"
            ),
        ));
    }
    let mut broken = Vec::new();
    let mut remarkable = Vec::new();
    for directory in &facts.directories {
        let faults = faults(directory);
        if !faults.is_empty() {
            broken.push(shown(directory, faults));
        } else if let Some(note) = remark(directory) {
            remarkable.push(shown(directory, vec![note]));
        }
    }
    let count = facts.directories.len();
    let mut looked_at = vec![Observation {
        place: None,
        found: format!("directories: {count}"),
        note: Some(LocalText::new("only root may write to them", "書き込めるのは root だけです")),
    }];
    looked_at.append(&mut remarkable);
    Verdict::of(broken, looked_at)
}

/// Says who else may write.
fn faults(directory: &Directory) -> Vec<LocalText> {
    let mut faults = Vec::new();
    if directory.mode & OTHER_WRITE != 0 {
        faults.push(LocalText::new("every user may write", "すべてのユーザーが書き込めます"));
    }
    if directory.uid != 0 && !is_service_s(directory, directory.uid) {
        let owner = named(directory.owner.as_deref(), directory.uid);
        faults.push(LocalText::new(
            format!("the owner is {owner}, not root"),
            format!("所有者が root ではなく {owner} です"),
        ));
    }
    if directory.mode & GROUP_WRITE != 0 && !(directory.gid != 0 && is_service_s(directory, directory.gid)) {
        let group = named(directory.group.as_deref(), directory.gid);
        match &directory.group_reach {
            GroupReach::Nobody => {}
            GroupReach::Users(users) => {
                let users = users.join(", ");
                faults.push(LocalText::new(
                    format!("group {group} may write; members without root's rights: {users}"),
                    format!("グループ {group} が書き込めます (root 権限のないメンバー: {users})"),
                ));
            }
            GroupReach::Unknown if directory.gid == 0 => {}
            GroupReach::Unknown => faults.push(LocalText::new(
                format!("group {group} may write, and its members are not known"),
                format!("グループ {group} が書き込めますが、メンバーを確認できません"),
            )),
        }
    }
    faults
}

/// Says why a directory that looks open keeps the rule.
fn remark(directory: &Directory) -> Option<LocalText> {
    if directory.mode & GROUP_WRITE != 0 && directory.gid != 0 {
        let group = named(directory.group.as_deref(), directory.gid);
        return Some(match directory.group_reach {
            GroupReach::Nobody => LocalText::new(
                format!("group {group} may write, but no user without root's rights is in it"),
                format!("グループ {group} が書き込めますが、root 権限のないメンバーはいません"),
            ),
            _ => LocalText::new(
                format!("configuration of the service whose group is {group}"),
                format!("グループ {group} のサービスの設定です"),
            ),
        });
    }
    (directory.uid != 0).then(|| {
        let owner = named(directory.owner.as_deref(), directory.uid);
        LocalText::new(format!("configuration of the service {owner}"), format!("サービス {owner} の設定です"))
    })
}

/// Tells whether a directory outside the fixed list belongs to a service.
fn is_service_s(directory: &Directory, id: u32) -> bool {
    !directory.listed && id < ORDINARY_UID_MIN
}

fn named(name: Option<&str>, id: u32) -> String {
    name.map_or_else(|| id.to_string(), |name| format!("`{}`", yagura_model::settings::fact::quoted(name)))
}

fn shown(directory: &Directory, notes: Vec<LocalText>) -> Observation {
    let also: String = directory.also.iter().map(|name| format!(" (= /{name})")).collect();
    let name = |name: Option<&String>, id: u32| name.cloned().unwrap_or_else(|| id.to_string());
    let (owner, group) = (name(directory.owner.as_ref(), directory.uid), name(directory.group.as_ref(), directory.gid));
    let found = format!("mode {:04o}, {owner}:{group}{also}", directory.mode);
    let en: Vec<String> = notes.iter().map(|note| note.en.clone()).collect();
    let ja: Vec<String> = notes.into_iter().map(|note| note.ja).collect();
    Observation {
        place: Some(SourceLine::file(&directory.path)),
        found: yagura_model::settings::fact::quoted(&found),
        note: Some(LocalText::new(en.join("; "), ja.join("。"))),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use yagura_model::settings::DirectoryFacts;

    use super::*;
    use crate::testing;

    fn judge(directories: Vec<Directory>) -> String {
        let mut snapshot = testing::host("debian");
        snapshot.settings.directories = Fact::Known(DirectoryFacts { directories, root_uid: 0 });
        testing::shown(&evaluate(&snapshot))
    }

    fn with(path: &str, mode: u32, change: impl FnOnce(&mut Directory)) -> Directory {
        let mut directory = testing::directory(path, mode);
        change(&mut directory);
        directory
    }

    fn staff(reach: GroupReach) -> Directory {
        with("usr/local/lib", 0o2775, |d| (d.gid, d.group, d.group_reach) = (50, Some("staff".into()), reach))
    }

    #[test]
    fn others_and_strange_owners_fail() {
        let bin = with("usr/bin", 0o1777, |d| d.also.push("bin".into()));
        let etc = with("etc", 0o755, |d| (d.uid, d.owner) = (1000, Some("alice".into())));
        assert_snapshot!(judge(vec![bin, etc, testing::directory("usr", 0o755)]), @r"
        fail: /usr/bin: mode 1777, root:root (= /bin)
          en: every user may write
          ja: すべてのユーザーが書き込めます
              /etc: mode 0755, alice:root
          en: the owner is `alice`, not root
          ja: 所有者が root ではなく `alice` です
        ");
    }

    #[test]
    fn a_group_counts_by_its_members() {
        assert_snapshot!(judge(vec![staff(GroupReach::Users(vec!["alice".into(), "bob".into()]))]), @r"
        fail: /usr/local/lib: mode 2775, root:staff
          en: group `staff` may write; members without root's rights: alice, bob
          ja: グループ `staff` が書き込めます (root 権限のないメンバー: alice, bob)
        ");
        assert_snapshot!(judge(vec![staff(GroupReach::Nobody)]), @r"
        pass: directories: 1
          en: only root may write to them
          ja: 書き込めるのは root だけです
              /usr/local/lib: mode 2775, root:staff
          en: group `staff` may write, but no user without root's rights is in it
          ja: グループ `staff` が書き込めますが、root 権限のないメンバーはいません
        ");
        assert!(judge(vec![staff(GroupReach::Unknown)]).starts_with("fail"));
        // Group root needs a member without root's rights, too.
        let root = |reach| with("usr/bin", 0o775, |d| d.group_reach = reach);
        assert!(judge(vec![root(GroupReach::Nobody)]).starts_with("pass"));
        assert!(judge(vec![root(GroupReach::Unknown)]).starts_with("pass"));
        assert!(judge(vec![root(GroupReach::Users(vec!["bob".into()]))]).starts_with("fail"));
    }

    #[test]
    fn a_service_owns_its_own_configuration_only() {
        let postgres = |path: &str, listed, uid| {
            with(path, 0o755, |d| (d.listed, d.uid, d.owner) = (listed, uid, Some("postgres".into())))
        };
        assert!(judge(vec![postgres("etc/postgresql", false, 117)]).starts_with("pass"));
        assert!(judge(vec![postgres("etc/postgresql", false, 1000)]).starts_with("fail"));
        assert!(judge(vec![postgres("usr/bin", true, 117)]).starts_with("fail"));
        let open = with("etc/x", 0o777, |d| (d.listed, d.uid) = (false, 117));
        assert!(judge(vec![open]).starts_with("fail"));
    }

    #[test]
    fn a_tree_without_its_owners_is_unknown() {
        let mut snapshot = testing::host("debian");
        let directories = vec![with("usr/bin", 0o755, |d| d.uid = 1000)];
        snapshot.settings.directories = Fact::Known(DirectoryFacts { directories, root_uid: 1000 });
        assert!(testing::shown(&evaluate(&snapshot)).starts_with("fail"), "a live host");
        snapshot.host.root = Some("/mnt".into());
        assert!(testing::shown(&evaluate(&snapshot)).starts_with("unknown: the tree's own root belongs to user 1000"));
    }

    #[test]
    fn without_directories() {
        let mut snapshot = testing::host("debian");
        snapshot.settings.directories = testing::not_present();
        assert_snapshot!(testing::shown(&evaluate(&snapshot)), @"not applicable: not there / ありません");
        snapshot.settings.directories = testing::unreadable();
        assert_snapshot!(testing::shown(&evaluate(&snapshot)), @"unknown: not readable / 読めません");
    }
}
