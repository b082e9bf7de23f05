//! `systemdunitproperty` and `systemdunitdependency`.

use yagura_scap::{Collected, Object};

use crate::host::Host;

/// The units of the service manager.
#[derive(Debug, Default)]
pub(super) struct Units {}

impl Units {
    pub(super) fn properties(&self, host: &dyn Host, _: &Object) -> Collected {
        self.answer(host)
    }

    pub(super) fn dependencies(&self, host: &dyn Host, _: &Object) -> Collected {
        self.answer(host)
    }

    fn answer(&self, host: &dyn Host) -> Collected {
        if host.is_live() {
            Collected::error("the service manager does not answer")
        } else {
            Collected::not_collected("no service manager runs in a directory tree")
        }
    }
}
