//! stub
pub fn snapshot_blob(account: &str, digest: &str) -> String {
    format!("snapshots/{account}/{digest}")
}
