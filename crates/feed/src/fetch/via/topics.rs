//! Amazon Linux 2's catalogue of extras: one repository for each topic.

use reqwest::Url;
use serde::Deserialize;

use super::{Target, address, no_document, repomd};
use crate::fetch::{FetchError, Fetcher};
use crate::json::{List, Str};
use crate::mirror::DOCUMENT_FILES_MAX;
use crate::progress::DocumentRef;
use crate::reading;

/// The most bytes of the catalogue; that of 2025 has 60,000.
pub(super) const CATALOGUE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The longest name of a topic, in bytes.
const TOPIC_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
struct Catalogue<'a> {
    #[serde(borrow)]
    topics: List<Topic<'a>, DOCUMENT_FILES_MAX>,
}

#[derive(Deserialize)]
struct Topic<'a> {
    #[serde(borrow)]
    n: Str<'a>,
}

pub(super) async fn find(
    fetcher: &Fetcher<'_>,
    what: DocumentRef,
    url: &Url,
    each: &str,
) -> Result<Vec<Target>, FetchError> {
    let json = fetcher.small(what, url, CATALOGUE_BYTES_MAX).await?;
    let mut targets = Vec::new();
    for topic in topics(&json).map_err(|why| no_document(url, why))? {
        let list = address(&each.replace("{}", &topic))?;
        // A topic without advisories is everyday life; one that cannot be read is not.
        let Some(found) = repomd::find(fetcher, what, &list, true).await? else { continue };
        let file = crate::fetch::listing::last_component(&found.url).unwrap_or_default();
        targets.push(Target { name: Some(format!("{topic}/repodata/{file}")), ..found });
    }
    if targets.is_empty() {
        return Err(no_document(url, "none of its topics has an updateinfo"));
    }
    Ok(targets)
}

/// Returns the names of the topics, each once.
fn topics(json: &[u8]) -> Result<Vec<String>, String> {
    let catalogue: Catalogue<'_> =
        serde_json::from_slice(json).map_err(|error| format!("it is not the catalogue of topics: {error}"))?;
    if catalogue.topics.over {
        return Err(format!("it has more than {DOCUMENT_FILES_MAX} topics"));
    }
    let mut names = Vec::new();
    for topic in &catalogue.topics.items {
        let plain = |name: &&str| {
            let allowed = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
            allowed && !name.starts_with('.')
        };
        let name = reading::word(&topic.n, TOPIC_BYTES_MAX).filter(plain);
        let name = name.ok_or_else(|| format!("`{}` is not the name of a topic", reading::text(&topic.n, 64)))?;
        names.push(name.to_owned());
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_plain_names() {
        let json = br#"{"motd":"","topics":[{"n":"kernel-5.15","inst":["kernel"]},{"n":"R3.4"},{"n":"R3.4"}]}"#;
        assert_eq!(topics(json).unwrap(), ["R3.4", "kernel-5.15"]);
        assert_eq!(topics(br#"{"topics":[{"n":"../x"}]}"#).unwrap_err(), "`../x` is not the name of a topic");
        assert!(topics(br#"[{"n":"emacs"}]"#).unwrap_err().starts_with("it is not the catalogue of topics"));
        assert!(topics(b"{}").is_err());
        let many: Vec<String> = (0..=DOCUMENT_FILES_MAX).map(|n| format!(r#"{{"n":"t{n}"}}"#)).collect();
        let error = topics(format!(r#"{{"topics":[{}]}}"#, many.join(",")).as_bytes()).unwrap_err();
        assert_eq!(error, format!("it has more than {DOCUMENT_FILES_MAX} topics"));
    }
}
