//! Why there is no inventory at all.

use yagura_model::Text;

use crate::host::ReadError;

/// Why there is no inventory. A part of a package database is never given out as the whole.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The package database is there and could not be read.
    #[error("cannot take the inventory from `/{path}`")]
    Unreadable {
        /// Relative to the root.
        path: String,
        /// What stood in the way.
        source: ReadError,
    },
    /// The package database contradicts itself.
    #[error("the package database `/{path}` is damaged: {what}")]
    Damaged {
        /// Relative to the root.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// No host has so many packages.
    #[error("the package database `/{path}` has more than {records_max} records, which is more than we read")]
    TooManyRecords {
        /// Relative to the root.
        path: String,
        /// The limit.
        records_max: usize,
    },
}

impl InventoryError {
    /// Says what to do about it.
    pub const fn advice(&self) -> Text {
        match self {
            Self::Unreadable { source: ReadError::Denied { .. }, .. } => Text::new(
                "run as a user who may read the package database, for instance root",
                "パッケージデータベースを読み取れるユーザー (root など) で実行してください。",
            ),
            Self::Unreadable { source: ReadError::TooLarge { .. }, .. } | Self::TooManyRecords { .. } => Text::new(
                "a real package database is a few MiB; look at the file, it is damaged or made to exhaust its readers",
                "本物のパッケージデータベースは数 MiB 程度です。ファイルが破損しているか、読み手の資源を枯渇させる目的で作られた可能性があるため、内容を確認してください。",
            ),
            Self::Damaged { .. } => Text::new(
                "try again, a package manager may just have been writing; if it stays so, restore the file from a backup (rpm: `rpm --rebuilddb`)",
                "パッケージマネージャーが書き込み中だった可能性があるため、もう一度実行してください。解消しない場合は、バックアップからファイルを復元してください (rpm の場合は `rpm --rebuilddb`)。",
            ),
            Self::Unreadable { source: ReadError::WrongKind { .. } | ReadError::BadLink { .. }, .. } => Text::new(
                "restore the file from a backup; dpkg keeps daily copies in `/var/backups`",
                "バックアップからファイルを復元してください。dpkg は毎日の控えを `/var/backups` に残しています。",
            ),
            Self::Unreadable { source: ReadError::Io { .. }, .. } => Text::new(
                "look at the cause above; the file system may be damaged",
                "上記の原因を確認してください。ファイルシステムが破損している可能性があります。",
            ),
        }
    }
}
