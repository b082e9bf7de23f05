//! Day keys: derived from the secret for one date, region and service, and kept because that takes four hashes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::{digest, hmac};

use crate::secrets::SecretText;

/// The most day keys that are kept: callers × regions × services of a day.
pub(super) const DAY_KEYS_MAX: usize = 4096;

/// What a day key is derived from.
pub(super) struct Derivation<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) secret: &'a SecretText,
}

impl Derivation<'_> {
    pub(super) fn derive(&self) -> hmac::Key {
        let start = zeroize::Zeroizing::new(format!("AWS4{}", self.secret.expose()));
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, start.as_bytes());
        for part in [self.date, self.region, self.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        key
    }

    /// Names the day key without holding the secret. The secret is in it, so that a key that was given a new
    /// secret is not let in with the old one.
    fn fingerprint(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [self.access_key_id, self.date, self.region, self.service, self.secret.expose()] {
            // Every part is far shorter than 4 GiB; a longer one would only be derived anew.
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        fingerprint
    }
}

/// Keeps the newest day keys.
#[derive(Default)]
pub(super) struct DayKeys {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: HashMap<[u8; 32], hmac::Key>,
    /// Oldest first.
    order: VecDeque<[u8; 32]>,
}

impl DayKeys {
    /// Finds or derives the day key and gives it to `test`; keeps it only where that agrees, so that nobody can push
    /// others' keys out with requests that are not signed.
    pub(super) fn with(&self, derivation: &Derivation<'_>, test: impl FnOnce(&hmac::Key) -> bool) -> bool {
        let fingerprint = derivation.fingerprint();
        let known = self.lock().keys.get(&fingerprint).cloned();
        if let Some(key) = known {
            return test(&key);
        }
        let key = derivation.derive();
        if !test(&key) {
            return false;
        }
        let mut kept = self.lock();
        if kept.keys.insert(fingerprint, key).is_none() {
            kept.order.push_back(fingerprint);
        }
        if kept.order.len() > DAY_KEYS_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.keys.remove(&oldest);
        }
        true
    }

    /// Keys are put in whole, so what a panicking thread left behind is sound.
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let kept = self.lock();
        assert_eq!(kept.keys.len(), kept.order.len());
        kept.keys.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derivation<'a>(region: &'a str, secret: &'a SecretText) -> Derivation<'a> {
        Derivation { access_key_id: "AKIDEXAMPLE", date: "20150830", region, service: "iam", secret }
    }

    #[test]
    fn keys_are_kept_only_when_they_proved_right_and_never_too_many() {
        let keys = DayKeys::default();
        let secret = SecretText::new("s");
        assert!(!keys.with(&derivation("r", &secret), |_| false));
        assert_eq!(keys.len(), 0);
        for number in 0..DAY_KEYS_MAX + 10 {
            assert!(keys.with(&derivation(&number.to_string(), &secret), |_| true));
        }
        assert_eq!(keys.len(), DAY_KEYS_MAX);
    }

    #[test]
    fn a_new_secret_is_another_key() {
        let keys = DayKeys::default();
        let sign = |key: &hmac::Key| hmac::sign(key, b"x").as_ref().to_vec();
        let (old, new) = (SecretText::new("old"), SecretText::new("new"));
        let mut first = Vec::new();
        assert!(keys.with(&derivation("r", &old), |key| {
            first = sign(key);
            true
        }));
        assert!(keys.with(&derivation("r", &new), |key| sign(key) != first));
        assert!(keys.with(&derivation("r", &old), |key| sign(key) == first));
    }
}
