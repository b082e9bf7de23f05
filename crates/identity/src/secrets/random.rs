//! Random ids in the forms that scripts expect.

use aws_lc_rs::rand;

use crate::encoding::hex;

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct RandomError;

/// Draws `N` random bytes.
///
/// # Errors
///
/// [`RandomError`], which no healthy system gives.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

/// Draws `N` random bytes as lower-case hexadecimal.
///
/// # Errors
///
/// See [`random_bytes`].
pub fn random_hex<const N: usize>() -> Result<String, RandomError> {
    Ok(hex(&random_bytes::<N>()?))
}

/// Draws an agent id, `i-` and 17 hexadecimal digits, as an instance id looks.
///
/// # Errors
///
/// See [`random_bytes`].
pub fn random_agent_id() -> Result<String, RandomError> {
    let digits: String = random_hex::<9>()?.chars().take(17).collect();
    Ok(format!("i-{digits}"))
}

/// Draws the last part of an ARN, `0-` and eight letters or digits.
///
/// # Errors
///
/// See [`random_bytes`].
pub fn random_resource_id() -> Result<String, RandomError> {
    let mut id = String::from("0-");
    while id.len() < 10 {
        let [byte] = random_bytes()?;
        // Above 247 the remainder would favour the first letters.
        if byte < 248 {
            id.extend(ALPHANUMERIC.get(usize::from(byte % 62)).map(|letter| char::from(*letter)));
        }
    }
    Ok(id)
}

/// Draws a random UUID (version 4), for request and event ids.
///
/// # Errors
///
/// See [`random_bytes`].
pub fn random_uuid() -> Result<String, RandomError> {
    let mut bytes: [u8; 16] = random_bytes()?;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let digits = hex(&bytes);
    let mut uuid = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    Ok(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_that_scripts_expect() {
        for _ in 0..200 {
            let agent = random_agent_id().unwrap();
            let digits = agent.strip_prefix("i-").unwrap();
            assert_eq!(digits.len(), 17);
            assert!(digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));

            let resource = random_resource_id().unwrap();
            assert_eq!(resource.len(), 10);
            assert!(resource.strip_prefix("0-").unwrap().bytes().all(|byte| byte.is_ascii_alphanumeric()));

            let uuid = random_uuid().unwrap();
            assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
            assert_eq!(&uuid[14..15], "4");
            assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"));
        }
    }

    #[test]
    fn two_draws_differ() {
        assert_ne!(random_bytes::<16>().unwrap(), random_bytes::<16>().unwrap());
        assert_ne!(random_agent_id().unwrap(), random_agent_id().unwrap());
    }
}
