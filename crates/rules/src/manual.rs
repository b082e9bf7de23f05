//! The manual page of the rules, written from their own texts.

use std::fmt::Write as _;

use yagura_model::{Language, Text};

use crate::best_practices::RULES;
use crate::wording::Wording;

const HEADING: Text = Text::new("Security Best Practices", "セキュリティのベストプラクティス");
const INTRODUCTION: Text = Text::new(
    "Nine rules for Linux hosts. A rule is broken (a finding), kept, not applicable, or unknown: what could not be \
     read is reported with the reason and never counts as kept. Each finding names the file and the line, or the \
     program whose compiled-in default holds.",
    "Linux ホスト向けの 9 つのルールです。判定は「違反 (検出結果)」「適合」「該当なし」「不明」のいずれかで、\
     読み取れなかったものは理由とともに報告し、適合とはみなしません。検出結果には、根拠となるファイルと行、\
     または組み込みの既定値を持つプログラム名を示します。",
);
const GENERATED: &str = "<!-- Generated from the rules' texts: UPDATE_DOCS=1 cargo test -p yagura-rules -->";
const SEVERITY: Text = Text::new("Severity", "重大度");
const IDENTIFIER: Text = Text::new("Identifier", "識別子");
const MATTERS: Text = Text::new("Why it matters", "問題となる理由");
const METHOD: Text = Text::new("How it is judged", "判定方法");
const REMEDY: Text = Text::new("Remedy", "対処");
const REFERENCES: Text = Text::new("References", "参考");

/// Returns the manual page in Markdown. Placeholders read as on a Debian host.
pub fn manual(language: Language) -> String {
    let wording = Wording::manual();
    let text = |text: Text| wording.fill(text).get(language).to_owned();
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write!(page, "{GENERATED}\n\n# {}\n\n{}\n", HEADING.get(language), INTRODUCTION.get(language));
    for rule in RULES {
        let name = match language {
            Language::English => rule.name.to_owned(),
            Language::Japanese => format!("{} ({})", rule.name_ja, rule.name),
        };
        let _ = write!(
            page,
            "\n## {name}\n\n- {}: `{}`\n- {}: {} – {}\n\n**{}.** {}\n\n**{}.** {}\n\n**{}.** {}\n\n**{}.** {}\n",
            IDENTIFIER.get(language),
            rule.id,
            SEVERITY.get(language),
            rule.severity.text().get(language),
            text(rule.severity_reason),
            MATTERS.get(language),
            text(rule.description),
            METHOD.get(language),
            text(rule.method),
            REMEDY.get(language),
            text(rule.recommendation),
            REFERENCES.get(language),
            rule.references.join("; "),
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_committed_pages_are_current() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
        for (language, name) in [(Language::English, "best-practices.md"), (Language::Japanese, "best-practices.ja.md")]
        {
            let path = folder.join(name);
            let page = manual(language);
            if std::env::var_os("UPDATE_DOCS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &page).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(committed, page, "docs/rules/{name} is old; run UPDATE_DOCS=1 cargo test -p yagura-rules");
        }
    }
}
