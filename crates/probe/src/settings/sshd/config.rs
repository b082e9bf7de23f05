//! Walks sshd_config(5) through its Include lines and Match blocks, in sshd's order.
//!
//! sshd reads the configuration twice: once at its start, when no Match block but `Match all`
//! holds, and once per connection, when only Match blocks count and override. This walk does
//! both at once: a directive is *global*, or belongs to a *block*, or (under `Match all`) both.

use yagura_model::settings::Criterion;
use yagura_model::settings::fact::quoted;
use yagura_model::{LocalText, ReadProblem, SourceLine};

use super::line::{self, Line};
use crate::host::{ByteLimit, Host};
use crate::settings::{glob, numbered, read_text};

/// sshd itself refuses a deeper nesting of Include lines.
pub(super) const INCLUDE_DEPTH_MAX: usize = 16;
/// Files that one configuration may consist of.
pub(super) const FILES_MAX: usize = 256;
/// One file; a large real one has a few hundred lines.
const FILE_LIMIT: ByteLimit = ByteLimit::mib(1);
/// Directives of interest that are kept.
pub(super) const DIRECTIVES_MAX: usize = 10_000;

/// A directive of interest, where it stands and when it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    /// Folded to lower case.
    pub keyword: String,
    /// As in the file.
    pub arguments: Vec<String>,
    /// Where.
    pub place: SourceLine,
    /// The whole line, for people.
    pub written: String,
    /// Counts when sshd starts.
    pub global: bool,
    /// Counts in this block of [`Config::blocks`] when a connection matches it.
    pub block: Option<usize>,
}

/// A Match line with the conditions of the blocks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The Match line.
    pub place: SourceLine,
    /// All must hold; none for `Match all`.
    pub criteria: Vec<Criterion>,
}

/// The directives of interest of a whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Config {
    /// In the order in which sshd meets them.
    pub directives: Vec<Directive>,
    /// In the order in which sshd asks them.
    pub blocks: Vec<Block>,
    /// The folder of the first Include line, where that stands before everything else.
    pub drop_in_folder: Option<String>,
}

/// Keywords that the rules judge, aliases included.
const KEYWORDS: [&str; 8] = [
    "permitrootlogin",
    "protocol",
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "challengeresponseauthentication",
    "skeyauthentication",
    "usepam",
    "authenticationmethods",
];

/// Tells whether the rules judge a keyword.
pub(super) fn is_of_interest(keyword: &str) -> bool {
    KEYWORDS.contains(&keyword)
}

/// Reads the configuration that begins with `path`.
///
/// # Errors
/// A file that cannot be read, or a bound: what sshd decides there stays unknown.
pub(super) fn walk(host: &dyn Host, path: &str, problems: &mut Vec<ReadProblem>) -> Result<Config, LocalText> {
    let mut walk = Walk { host, problems, config: Config::default(), files: 0 };
    walk.file(path, Where { global: true, block: None }, 0)?;
    Ok(walk.config)
}

/// When the lines that follow hold.
#[derive(Debug, Clone, Copy)]
struct Where {
    global: bool,
    block: Option<usize>,
}

struct Walk<'a> {
    host: &'a dyn Host,
    problems: &'a mut Vec<ReadProblem>,
    config: Config,
    files: usize,
}

impl Walk<'_> {
    fn file(&mut self, path: &str, outer: Where, depth: usize) -> Result<(), LocalText> {
        self.files += 1;
        if depth > INCLUDE_DEPTH_MAX {
            return Err(bound(path, "more than 16 Include lines deep", "Include の入れ子が 16 段を超えています"));
        }
        if self.files > FILES_MAX {
            return Err(bound(path, "more than 256 included files", "Include されたファイルが 256 個を超えています"));
        }
        let Some(text) = read_text(self.host, path, FILE_LIMIT, self.problems)? else {
            return Ok(());
        };
        let mut here = outer;
        let mut first = depth == 0;
        for (number, raw) in numbered(&text) {
            let place = SourceLine::at(path, number);
            let (keyword, arguments) = match line::split(raw) {
                Line::Blank => continue,
                Line::Refused(why) => {
                    self.refused(place, raw, why);
                    continue;
                }
                Line::Directive { keyword, arguments } => (keyword, arguments),
            };
            match keyword.as_str() {
                "include" => self.include(&arguments, here, depth, first)?,
                "match" => match criteria(&arguments) {
                    Some(own) => here = self.enter(place, own, outer),
                    None => self.refused(place, raw, "the condition is incomplete"),
                },
                _ if is_of_interest(&keyword) => self.keep(keyword, arguments, place, raw, here)?,
                _ => {}
            }
            first = false;
        }
        Ok(())
    }

    /// Begins a Match block. A block inside an included file holds only where the Include line
    /// itself does, so the conditions around it come along.
    fn enter(&mut self, place: SourceLine, own: Vec<Criterion>, outer: Where) -> Where {
        let global = outer.global && own.is_empty();
        let around = outer.block.and_then(|at| self.config.blocks.get(at));
        let mut criteria = around.map(|block| block.criteria.clone()).unwrap_or_default();
        criteria.extend(own);
        self.config.blocks.push(Block { place, criteria });
        Where { global, block: Some(self.config.blocks.len() - 1) }
    }

    fn include(&mut self, patterns: &[String], here: Where, depth: usize, first: bool) -> Result<(), LocalText> {
        for pattern in patterns {
            let absolute = if pattern.starts_with('/') { pattern.clone() } else { format!("/etc/ssh/{pattern}") };
            if first
                && self.config.drop_in_folder.is_none()
                && let Some(folder) = absolute.strip_suffix("/*.conf").filter(|folder| !glob::is_pattern(folder))
            {
                self.config.drop_in_folder = Some(folder.trim_matches('/').to_owned());
            }
            for path in glob::expand(self.host, &absolute, self.problems)? {
                self.file(&path, here, depth + 1)?;
            }
        }
        Ok(())
    }

    fn keep(
        &mut self,
        keyword: String,
        arguments: Vec<String>,
        place: SourceLine,
        raw: &str,
        here: Where,
    ) -> Result<(), LocalText> {
        if self.config.directives.len() >= DIRECTIVES_MAX {
            return Err(bound(&place.path, "more than 10000 directives", "設定行が 10000 行を超えています"));
        }
        self.config.directives.push(Directive {
            keyword,
            arguments,
            place,
            written: quoted(raw),
            global: here.global,
            block: here.block,
        });
        Ok(())
    }

    fn refused(&mut self, place: SourceLine, raw: &str, why: &str) {
        self.problems.push(refusal(place, raw, why));
    }
}

/// The most criteria of one Match line; sshd knows nine kinds.
const CRITERIA_MAX: usize = 32;

/// Reads the pairs of a Match line. Empty for `all`; `None` for what sshd refuses.
pub(super) fn criteria(arguments: &[String]) -> Option<Vec<Criterion>> {
    if let [only] = arguments
        && only.eq_ignore_ascii_case("all")
    {
        return Some(Vec::new());
    }
    let mut found = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        // `invalid-user` stands alone (OpenSSH 9.8 and later).
        let (attribute, patterns) = if word.eq_ignore_ascii_case("invalid-user") {
            (word.clone(), String::new())
        } else if let Some((attribute, patterns)) = word.split_once('=') {
            (attribute.to_owned(), patterns.to_owned())
        } else {
            (word.clone(), words.next()?.clone())
        };
        if attribute.eq_ignore_ascii_case("all") || found.len() >= CRITERIA_MAX {
            return None;
        }
        found.push(Criterion { attribute, patterns });
    }
    (!found.is_empty()).then_some(found)
}

/// Reports a line with which sshd does not start.
pub(super) fn refusal(place: SourceLine, raw: &str, why: &str) -> ReadProblem {
    let line = quoted(raw);
    ReadProblem {
        place,
        message: LocalText::new(
            format!("sshd does not start with the line `{line}`: {why}; the line is left out"),
            format!("sshd は `{line}` の行があると起動しません。この行は除外して判定します"),
        ),
    }
}

fn bound(path: &str, en: &str, ja: &str) -> LocalText {
    LocalText::new(format!("the configuration of sshd is too large at `/{path}`: {en}"), format!("`/{path}`: {ja}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::MemoryHost;

    fn shown(host: &MemoryHost) -> Vec<String> {
        let config = walk(host, "etc/ssh/sshd_config", &mut Vec::new()).unwrap();
        let condition = |at: usize| {
            let criteria = &config.blocks[at].criteria;
            criteria.iter().map(|c| format!("{} {}", c.attribute, c.patterns)).collect::<Vec<_>>().join(" ")
        };
        let show = |d: &Directive| {
            let block = d.block.map_or(String::new(), |at| format!(" [{}]", condition(at)));
            format!("{}{} {}{block}", if d.global { "G " } else { "" }, d.place, d.written)
        };
        config.directives.iter().map(show).collect()
    }

    #[test]
    fn includes_inherit_the_block_and_do_not_leak_theirs() {
        let host = MemoryHost::new()
            .file(
                "etc/ssh/sshd_config",
                "Include sshd_config.d/*.conf\nUsePAM yes\nMatch User a\n Include /etc/ssh/more\n UsePAM no\n\
                 Match all\nPasswordAuthentication no\n",
            )
            .file("etc/ssh/sshd_config.d/20.conf", "UsePAM 20\nMatch Group g\nUsePAM 21\n")
            .file("etc/ssh/sshd_config.d/10.conf", "UsePAM 10\n")
            .file("etc/ssh/more", "UsePAM 30\nMatch Address 10.0.0.0/8\nUsePAM 31\nMatch all\nUsePAM 32\n");
        assert_eq!(
            shown(&host),
            [
                "G /etc/ssh/sshd_config.d/10.conf:1 UsePAM 10",
                "G /etc/ssh/sshd_config.d/20.conf:1 UsePAM 20",
                "/etc/ssh/sshd_config.d/20.conf:3 UsePAM 21 [Group g]",
                "G /etc/ssh/sshd_config:2 UsePAM yes",
                "/etc/ssh/more:1 UsePAM 30 [User a]",
                "/etc/ssh/more:3 UsePAM 31 [User a Address 10.0.0.0/8]",
                "/etc/ssh/more:5 UsePAM 32 [User a]",
                "/etc/ssh/sshd_config:5 UsePAM no [User a]",
                "G /etc/ssh/sshd_config:7 PasswordAuthentication no []",
            ]
        );
    }

    #[test]
    fn the_first_include_names_the_drop_in_folder() {
        let folder = |text: &str| {
            let host = MemoryHost::new().file("etc/ssh/sshd_config", text);
            walk(&host, "etc/ssh/sshd_config", &mut Vec::new()).unwrap().drop_in_folder
        };
        assert_eq!(folder("# c\nInclude /etc/ssh/sshd_config.d/*.conf\n").as_deref(), Some("etc/ssh/sshd_config.d"));
        assert_eq!(folder("UsePAM yes\nInclude /etc/ssh/sshd_config.d/*.conf\n"), None);
        assert_eq!(folder("Include /etc/ssh/one.conf\n"), None);
    }

    #[test]
    fn circles_and_crowds_end() {
        let circle = MemoryHost::new().file("etc/ssh/sshd_config", "Include sshd_config\n");
        let error = walk(&circle, "etc/ssh/sshd_config", &mut Vec::new()).unwrap_err();
        assert!(error.en.contains("more than 16"), "{error:?}");

        let crowd = (0..FILES_MAX).fold(MemoryHost::new().file("etc/ssh/sshd_config", "Include d/*"), |host, n| {
            host.file(&format!("etc/ssh/d/{n:03}"), "")
        });
        let error = walk(&crowd, "etc/ssh/sshd_config", &mut Vec::new()).unwrap_err();
        assert!(error.en.contains("more than 256"), "{error:?}");

        let long = MemoryHost::new().file("etc/ssh/sshd_config", "UsePAM yes\n".repeat(DIRECTIVES_MAX + 1));
        let error = walk(&long, "etc/ssh/sshd_config", &mut Vec::new()).unwrap_err();
        assert!(error.en.contains("more than 10000"), "{error:?}");

        let large = MemoryHost::new().file("etc/ssh/sshd_config", "#".repeat(1024 * 1024 + 1));
        assert!(walk(&large, "etc/ssh/sshd_config", &mut Vec::new()).is_err());
    }

    #[test]
    fn a_broken_line_is_reported_and_the_others_are_read() {
        let host = MemoryHost::new().file("etc/ssh/sshd_config", "UsePAM \"yes\nMatch User\nPermitRootLogin no\n");
        let mut problems = Vec::new();
        let config = walk(&host, "etc/ssh/sshd_config", &mut problems).unwrap();
        assert_eq!(config.directives.len(), 1);
        let places: Vec<String> = problems.iter().map(|p| p.place.to_string()).collect();
        assert_eq!(places, ["/etc/ssh/sshd_config:1", "/etc/ssh/sshd_config:2"]);
    }

    #[test]
    fn match_lines() {
        let read = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            criteria(&words).map(|c| c.len())
        };
        assert_eq!(read("all"), Some(0));
        assert_eq!(read("User a Address=10.0.0.0/8"), Some(2));
        assert_eq!(read("invalid-user"), Some(1));
        assert_eq!(read("User"), None);
        assert_eq!(read("all User a"), None);
        let crowd = vec!["User=a".to_owned(); CRITERIA_MAX + 1];
        assert_eq!(criteria(&crowd), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let host = MemoryHost::new().file("etc/ssh/sshd_config", bytes);
            let _ = walk(&host, "etc/ssh/sshd_config", &mut Vec::new());
        }
    }
}
