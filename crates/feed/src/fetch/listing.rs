//! Reads a web server's list of a folder: the links of an HTML page.
//!
//! Python's, nginx's and Apache's lists differ in everything but that each file is a link. Only
//! links to files of the very folder count, so what else a page holds does no harm.

use std::collections::BTreeMap;

use reqwest::Url;

/// Returns the files of a folder by their names.
pub(super) fn files(page: &str, folder: &Url) -> BTreeMap<String, Url> {
    let links = link_targets(page).filter_map(|target| folder.join(&unescape(target)).ok());
    let within = links.filter(|url| is_within(url, folder) && url.query().is_none() && url.fragment().is_none());
    within.filter_map(|url| Some((last_component(&url)?, url))).collect()
}

/// Returns the folders of a folder by their names.
pub(super) fn folders(page: &str, folder: &Url) -> BTreeMap<String, Url> {
    let links = link_targets(page).filter_map(|target| folder.join(&unescape(target)).ok());
    let plain = links.filter(|url| url.query().is_none() && url.fragment().is_none());
    let within = plain.filter_map(|url| {
        let mut bare = url.clone();
        bare.set_path(url.path().strip_suffix('/')?);
        let name = is_within(&bare, folder).then(|| last_component(&bare)).flatten()?;
        (name != "." && name != "..").then_some((name, url))
    });
    within.collect()
}

/// Returns the name of the file that an address points at, without percent signs.
pub(super) fn last_component(url: &Url) -> Option<String> {
    let name = percent_decode(url.path_segments()?.next_back()?);
    (!name.is_empty() && !name.contains(['/', '\0'])).then_some(name)
}

fn is_within(url: &Url, folder: &Url) -> bool {
    let same_place = url.origin() == folder.origin();
    let rest = url.path().strip_prefix(folder.path());
    same_place && rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

/// Returns the values of all `href` attributes, however they are quoted.
fn link_targets(page: &str) -> impl Iterator<Item = &str> {
    page.split(['<', '>']).filter_map(|tag| {
        let lower = tag.to_ascii_lowercase();
        let at = lower.starts_with("a ").then(|| lower.find("href")).flatten()?;
        let value = tag.get(at + "href".len()..)?.trim_start().strip_prefix('=')?.trim_start();
        match value.chars().next()? {
            quote @ ('"' | '\'') => value.get(1..)?.split(quote).next(),
            _ => value.split_ascii_whitespace().next(),
        }
    })
}

fn unescape(text: &str) -> String {
    // `&amp;` last, so that an escaped escape stays one.
    text.replace("&#39;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(page: &str) -> Vec<String> {
        files(page, &Url::parse("http://mirror.example/feeds/osv/").unwrap()).into_keys().collect()
    }

    #[test]
    fn pythons_list() {
        let page = "<!DOCTYPE HTML>\n<html lang=\"en\">\n<ul>\n<li><a href=\"all-2025-02-12.tar.zst\">all</a></li>\n\
                    <li><a href=\"older/\">older/</a></li>\n<li><a href=\"a%20b%26c.json\">a b&amp;c.json</a></li>\n</ul>";
        assert_eq!(names(page), ["a b&c.json", "all-2025-02-12.tar.zst"]);
    }

    #[test]
    fn nginxs_and_apaches_lists() {
        let nginx =
            "<h1>Index of /feeds/osv/</h1><pre><a href=\"../\">../</a>\n<a href=\"all.zip\">all.zip</a> 12-Feb-2025";
        assert_eq!(names(nginx), ["all.zip"]);
        let apache = "<tr><th><a href=\"?C=N;O=D\">Name</a></th></tr><tr><td><a href=\"/feeds/\">Parent Directory</a></td>\
                      <td><A HREF='/feeds/osv/all.zip'>all.zip</A></td><td><a class=x href=list>list</a></td></tr>";
        assert_eq!(names(apache), ["all.zip", "list"]);
    }

    #[test]
    fn folders_end_in_a_slash() {
        let page = "<a href=\"../\">..</a><a href=\"docker/\">d</a><a href=\"all.zip\">z</a><a href=\"/feeds/osv/R3.4/\">r</a>\
                    <a href=\"a/b/\">deep</a><a href=\"/\">root</a><a href=\"./\">self</a><a href=\"http://evil.example/feeds/osv/x/\">x</a>";
        let found = folders(page, &Url::parse("http://mirror.example/feeds/osv/").unwrap());
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(names, ["R3.4", "docker"]);
        assert_eq!(found["docker"].as_str(), "http://mirror.example/feeds/osv/docker/");
    }

    #[test]
    fn links_elsewhere_do_not_count() {
        let page = "<a href=\"http://evil.example/feeds/osv/all.zip\">x</a><a href=\"../../etc/passwd\">x</a>\
                    <a href=\"..%2f..%2fpasswd\">x</a><a href=\"%00\">x</a><a href=\"javascript:alert(1)\">x</a><a href=>x</a>";
        assert!(names(page).is_empty(), "{:?}", names(page));
    }

    proptest! {
        #[test]
        fn any_page_is_survived(page in "(<a href=|\"|'|%|&amp;|\\PC| ){0,40}") {
            for name in names(&page) {
                prop_assert!(!name.contains('/'));
            }
        }
    }
}
