//! `yagura explain`: the evidence of a finding; why a vulnerability does or does not concern a
//! host.

mod finding;
mod vulnerability;

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;
use yagura_app::Explanation;
use yagura_model::{Language, RulesPackage};
use yagura_report::{Format, Options, Report};

use super::{Context, assess, memory};
use crate::cli::{Explain, ListFormat};
use crate::exit::{Exit, Failure, Message};
use crate::host::{self, Facts};
use crate::output;

pub(crate) fn run(context: &Context, words: &Explain) -> Result<Exit, Failure> {
    let data_dir = context.data_dir()?;
    let text = match &words.host {
        Some(name) => remembered(&data_dir, name, words, context.language)?,
        None if is_vulnerability(&words.subject) => judged(&data_dir, words, context.language)?,
        None => found(&data_dir, words, context)?,
    };
    output::write(None, text.as_bytes())?;
    Ok(Exit::Done)
}

/// A finding's key is 13 characters without a hyphen; vulnerability ids have hyphens.
fn is_vulnerability(subject: &str) -> bool {
    subject.contains('-')
}

/// Explains a vulnerability for a host that is judged now.
fn judged(data_dir: &Path, words: &Explain, language: Language) -> Result<String, Failure> {
    let snapshot = host::read(words.root.as_deref(), Facts::Inventory)?;
    let current = match assess::open(data_dir) {
        assess::Found::Index(current) => current,
        assess::Found::Missing(reason) => return Err(Failure::Failed(Message::new(reason.en))),
        assess::Found::NotWanted => return Err(Failure::Failed(Message::new("there is no feed index"))),
    };
    let index = current.index().map_err(|error| Failure::Failed(Message::from_error(&error)))?;
    let explanation = yagura_app::explain(&words.subject, &snapshot, &index);
    if explanation.facts.is_none()
        && explanation.reasoning.is_empty()
        && index.statements_about(&explanation.cve).next().is_none()
    {
        return Err(Failure::Failed(
            Message::new(format!("no feed knows `{}`", words.subject))
                .hint("check the id; `yagura feed status` tells how old the feeds are"),
        ));
    }
    Ok(render(&explanation, words.format, language))
}

fn render(explanation: &Explanation, format: ListFormat, language: Language) -> String {
    match format {
        ListFormat::Table => vulnerability::text(explanation, language),
        ListFormat::Json => format!("{:#}\n", vulnerability::json(explanation, language)),
    }
}

/// Explains a finding by its key: the host is judged again, so that the evidence is of now; what
/// is not found any more is looked up among the last assessments.
fn found(data_dir: &Path, words: &Explain, context: &Context) -> Result<String, Failure> {
    let snapshot = host::read(words.root.as_deref(), Facts::All)?;
    let assessment = assess::judge(snapshot, RulesPackage::ALL, &assess::open(data_dir), Timestamp::now())?;
    let options = Options { language: context.language, ..Options::default() };
    let result = Report::new(assessment)
        .render(Format::Json, &options)
        .map_err(|error| Failure::Failed(Message::from_error(&error)))?;
    let result: Value = serde_json::from_str(&result).map_err(|error| Failure::Failed(Message::from_error(&error)))?;
    let subject = words.subject.to_ascii_lowercase();
    if let Some(member) = memory::findings(&result).find(|member| memory::text(member, "key") == subject) {
        return Ok(show(member, None, words.format, context.language));
    }
    let memories = memory::recall(data_dir);
    for remembered in &memories {
        if let Some(member) = memory::findings(remembered).find(|member| memory::text(member, "key") == subject) {
            return Ok(show(member, Some(remembered), words.format, context.language));
        }
    }
    Err(unknown(&words.subject))
}

/// Explains from the last assessment of a host, by the host's name.
fn remembered(data_dir: &Path, name: &str, words: &Explain, language: Language) -> Result<String, Failure> {
    let memories = memory::recall(data_dir);
    let Some(result) = memories.iter().find(|result| memory::host_name(result) == name) else {
        let known: Vec<&str> = memories.iter().map(memory::host_name).collect();
        return Err(Failure::Failed(Message::new(format!("there is no assessment of a host `{name}`")).hint(format!(
            "assessed here: {}",
            if known.is_empty() { "none yet".to_owned() } else { known.join(", ") }
        ))));
    };
    let wanted = |member: &&Value| {
        memory::text(member, "key").eq_ignore_ascii_case(&words.subject)
            || memory::text(member, "id").eq_ignore_ascii_case(&words.subject)
    };
    let texts: Vec<String> = memory::findings(result)
        .filter(wanted)
        .map(|member| show(member, Some(result), words.format, language))
        .collect();
    if texts.is_empty() { Err(unknown(&words.subject)) } else { Ok(texts.join("\n")) }
}

fn show(member: &Value, remembered: Option<&Value>, format: ListFormat, language: Language) -> String {
    match format {
        ListFormat::Json => format!("{member:#}\n"),
        ListFormat::Table => finding::text(member, remembered, language),
    }
}

fn unknown(subject: &str) -> Failure {
    Failure::Failed(
        Message::new(format!("there is no finding `{subject}`"))
            .hint("keys stand in the table and in the member `key` of the JSON result; a CVE id works too"),
    )
}
