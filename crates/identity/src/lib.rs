//! Who is calling and what they may do.
//!
//! | part | answers |
//! |---|---|
//! | [`sigv4`] | was this request signed with the secret of the key that it names |
//! | [`secrets`] | access keys, tokens, random ids; how secrets are kept at rest |
//! | [`ca`] | the built-in certificate authority: the server's certificate, the agents' certificates |
//! | [`policy`] | may this caller do this to that: Cedar policies behind one type |
//! | [`audit`] | the record of a call, and the hash chain that shows when one was changed |
//! | [`link`] | addresses that open one document until a moment |
//!
//! # Invariants
//!
//! - The clock is passed in. Randomness comes from aws-lc-rs. The only file that is read or written is the
//!   master key's ([`secrets::MasterKey::load_or_create`]).
//! - Secrets are never in `Debug` output and are compared in constant time.
//! - Whatever cannot be decided is refused: an unknown role, an unknown action, a policy that fails while it is
//!   evaluated, a signature over less than the request.

pub mod audit;
pub mod ca;
mod encoding;
pub mod link;
pub mod policy;
pub mod secrets;
pub mod sigv4;
