//! Installed packages.

use serde::{Deserialize, Serialize};
use yagura_model::{Origin, Package, PackageState, PackageStatus, SourcePackage};

use super::{PlaceShape, Shape, shape, words};

shape! {
    /// The body of `InspectorPackageInfo`.
    PackageShape = Package {
        name: String,
        version: String,
        architecture: String,
        source: SourcePackageShape,
        status: StatusShape,
        origin: OriginShape,
        #[serde(skip_serializing_if = "Option::is_none")]
        maintainer: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        multi_arch: Option<String>,
        record: PlaceShape,
    }
}

shape! {
    /// What a package was built from.
    SourcePackageShape = SourcePackage { name: String, version: String, }
}

shape! {
    /// dpkg's three words.
    StatusShape = PackageStatus { want: String, flag: String, state: StateShape, }
}

words! {
    /// dpkg's states, in dpkg's words.
    StateShape = PackageState {
        NotInstalled = "not-installed",
        ConfigFiles = "config-files",
        HalfInstalled = "half-installed",
        Unpacked = "unpacked",
        HalfConfigured = "half-configured",
        TriggersAwaited = "triggers-awaited",
        TriggersPending = "triggers-pending",
        Installed = "installed",
    }
}

/// Who built a package.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OriginShape {
    Assumed,
    Distribution,
    #[serde(rename_all = "camelCase")]
    Foreign {
        who: String,
        shown_by: String,
    },
}

impl Shape<Origin> for OriginShape {
    fn of(model: &Origin) -> Self {
        match model {
            Origin::Assumed => Self::Assumed,
            Origin::Distribution => Self::Distribution,
            Origin::Foreign { who, shown_by } => Self::Foreign { who: who.clone(), shown_by: shown_by.clone() },
        }
    }

    fn model(self) -> Origin {
        match self {
            Self::Assumed => Origin::Assumed,
            Self::Distribution => Origin::Distribution,
            Self::Foreign { who, shown_by } => Origin::Foreign { who, shown_by },
        }
    }
}
