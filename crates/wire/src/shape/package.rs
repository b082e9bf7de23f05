//! Installed packages.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yagura_model::package::Provenance;
use yagura_model::{Origin, Package, PackageKind, PackageState, PackageStatus, SourcePackage};

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
        #[serde(default, skip_serializing_if = "KindShape::is_deb")]
        kind: KindShape,
        #[serde(default, skip_serializing_if = "ProvenanceShape::is_empty")]
        provenance: ProvenanceShape,
    }
}

/// The kind of a package, by its word; without one it is Debian's.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct KindShape(PackageKind);

impl KindShape {
    const fn is_deb(&self) -> bool {
        matches!(self.0, PackageKind::Deb)
    }
}

impl Clone for KindShape {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl From<KindShape> for String {
    fn from(shape: KindShape) -> Self {
        shape.0.word().to_owned()
    }
}

impl TryFrom<String> for KindShape {
    type Error = String;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        PackageKind::from_word(&word).map(Self).ok_or_else(|| "no kind of package that this program knows".to_owned())
    }
}

impl Shape<PackageKind> for KindShape {
    fn of(model: &PackageKind) -> Self {
        Self(*model)
    }

    fn model(self) -> PackageKind {
        self.0
    }
}

/// Where a package came from.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProvenanceShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    /// Seconds since 1970: rpm's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    installed_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

impl ProvenanceShape {
    const fn is_empty(&self) -> bool {
        let Self { vendor, signing_key, module, repository, installed_at, owner } = self;
        vendor.is_none()
            && signing_key.is_none()
            && module.is_none()
            && repository.is_none()
            && installed_at.is_none()
            && owner.is_none()
    }
}

impl Shape<Provenance> for ProvenanceShape {
    fn of(model: &Provenance) -> Self {
        let Provenance { vendor, signing_key, module, repository, installed_at, owner } = model.clone();
        Self { vendor, signing_key, module, repository, installed_at: installed_at.map(Timestamp::as_second), owner }
    }

    fn model(self) -> Provenance {
        let Self { vendor, signing_key, module, repository, installed_at, owner } = self;
        // A second that is no time is none: rpm's own field is whatever the builder wrote.
        let installed_at = installed_at.and_then(|second| Timestamp::from_second(second).ok());
        Provenance { vendor, signing_key, module, repository, installed_at, owner }
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
