//! What an operator may set, by name. A new setting is one line in [`CONFIGURATION`].
//!
//! Settings stand in the store, so that every server on one database has the same; a server reads
//! them when it starts.

use yagura_store::{StoreError, Tx};

use super::Settings;

/// What belongs to the server as a whole and to no account.
const SERVER: &str = "";

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// `limits.targets`.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// Its value as text.
    pub get: fn(&Settings) -> String,
    /// Takes a value; `None` when it is not one.
    pub set: fn(&mut Settings, &str) -> Option<()>,
}

macro_rules! number {
    ($name:literal, $field:ident, $what:literal) => {
        Setting {
            name: $name,
            what: $what,
            get: |settings| settings.$field.to_string(),
            set: |settings, text| {
                settings.$field = text.parse().ok()?;
                Some(())
            },
        }
    };
}

macro_rules! switch {
    ($name:literal, $field:ident, $what:literal) => {
        Setting {
            name: $name,
            what: $what,
            get: |settings| if settings.$field { "on" } else { "off" }.to_owned(),
            set: |settings, text| {
                settings.$field = match text {
                    "on" => true,
                    "off" => false,
                    _ => return None,
                };
                Some(())
            },
        }
    };
}

/// Every setting, by name.
pub const CONFIGURATION: &[Setting] = &[
    switch!(
        "compatibility.busy-is-an-error",
        busy_is_an_error,
        "a single busy host makes the start of a run fail, as in 2016, instead of being excluded"
    ),
    switch!(
        "compatibility.nothing-found-finding",
        nothing_found_finding,
        "a rules package that found nothing says so with one informational finding, as in 2016"
    ),
    switch!("continuous", continuous, "judge stored snapshots again when the feed index changes"),
    number!("limits.live-agents", live_agents_max, "hosts in live runs at once, for an account in a region"),
    number!("limits.resource-groups", resource_groups_max, "resource groups of an account in a region"),
    number!("limits.runs", runs_max, "assessment runs of an account in a region"),
    number!("limits.subscriptions", subscriptions_max, "event subscriptions of one template"),
    number!("limits.targets", targets_max, "assessment targets of an account in a region"),
    number!("limits.templates", templates_max, "assessment templates of an account in a region"),
];

/// Finds a setting by its name.
pub fn find(name: &str) -> Option<&'static Setting> {
    CONFIGURATION.iter().find(|setting| setting.name == name)
}

/// Puts what an operator set over the defaults.
///
/// # Errors
/// When the store cannot be read, or holds a value that is none.
pub fn load(tx: &mut Tx<'_>, settings: &mut Settings) -> Result<(), StoreError> {
    for setting in CONFIGURATION {
        if let Some(text) = tx.setting(SERVER, setting.name)? {
            (setting.set)(settings, &text)
                .ok_or_else(|| StoreError::Form(format!("`{text}` is no value of `{}`", setting.name)))?;
        }
    }
    Ok(())
}

/// Sets a value, or with `None` goes back to the default. Servers take it up when they start.
///
/// # Errors
/// When the store refuses.
pub fn store(tx: &mut Tx<'_>, setting: &Setting, value: Option<&str>) -> Result<(), StoreError> {
    match value {
        Some(value) => tx.put_setting(SERVER, setting.name, value),
        None => tx.remove_setting(SERVER, setting.name),
    }
}

#[cfg(test)]
mod tests {
    use yagura_model::service::Scope;

    use super::*;

    #[test]
    fn names_are_sorted_and_every_value_reads_back() {
        assert!(CONFIGURATION.is_sorted_by_key(|setting| setting.name));
        let mut settings = Settings::new(Scope::new("123456789012", "us-east-1").unwrap());
        let before = settings.clone();
        for setting in CONFIGURATION {
            let text = (setting.get)(&settings);
            assert_eq!((setting.set)(&mut settings, &text), Some(()), "{}", setting.name);
            assert_eq!((setting.set)(&mut settings, "perhaps"), None, "{}", setting.name);
        }
        assert_eq!(settings, before);
    }
}
