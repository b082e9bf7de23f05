//! Who a host is and what it runs.

use serde::{Deserialize, Serialize};
use yagura_model::{HostIdentity, Kernel, Release, Virtualization};

use super::{Shape, shape};

/// The body of `InspectorInstanceMetaData`: the host's identity, and where its packages were read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstanceShape {
    pub(crate) host: HostShape,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) package_database: Option<String>,
}

shape! {
    /// Names a host.
    HostShape = HostIdentity {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        machine_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        architecture: Option<String>,
        virtualization: VirtualizationShape,
        #[serde(skip_serializing_if = "Option::is_none")]
        root: Option<String>,
    }
}

/// What a host runs in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum VirtualizationShape {
    None,
    Machine(String),
    Container(String),
    Tree,
}

impl Shape<Virtualization> for VirtualizationShape {
    fn of(model: &Virtualization) -> Self {
        match model {
            Virtualization::None => Self::None,
            Virtualization::Machine(name) => Self::Machine(name.clone()),
            Virtualization::Container(name) => Self::Container(name.clone()),
            Virtualization::Tree => Self::Tree,
        }
    }

    fn model(self) -> Virtualization {
        match self {
            Self::None => Virtualization::None,
            Self::Machine(name) => Virtualization::Machine(name),
            Self::Container(name) => Virtualization::Container(name),
            Self::Tree => Virtualization::Tree,
        }
    }
}

shape! {
    /// The body of `InspectorOperatingSystem`.
    ReleaseShape = Release {
        distribution: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        like: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        codename: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        point_version: Option<String>,
        pretty_name: String,
        told_by: String,
    }
}

shape! {
    /// The body of `InspectorKernelModule`. Further lines go on with the installed kernels.
    KernelShape = Kernel {
        #[serde(skip_serializing_if = "Option::is_none")]
        running: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        running_package_version: Option<String>,
        installed: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        livepatches: Vec<String>,
    }
}
