//! From where a host takes its packages.

use serde::{Deserialize, Serialize};
use yagura_model::{Pin, Repository};

use super::{PlaceShape, shape};

/// The body of `InspectorChannelInfo`: products and entitlements.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChannelShape {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) products: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entitlements: Vec<String>,
}

shape! {
    /// The body of `InspectorRepositoryInfo`.
    RepositoryShape = Repository {
        id: String,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        suite: Option<String>,
        enabled: bool,
        place: PlaceShape,
    }
}

shape! {
    /// The body of `InspectorPinInfo`.
    PinShape = Pin { package: String, rule: String, place: PlaceShape, }
}
