//! Writes the report of an invented run in both formats, kinds and languages into a folder, for
//! the eye: `cargo run -p yagura-report --example run_samples -- DIR [HOSTS FINDINGS]`.
//!
//! With two numbers it also writes a report of a run that large.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use yagura_model::Language;
use yagura_model::run_report::RunReportSource;
use yagura_report::run::{FontFinder, Format, Kind, RunRenderError, render};

#[path = "../src/run/fixture.rs"]
mod fixture;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: run_samples DIR [HOSTS FINDINGS]")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let numbers = arguments.map(|number| number.parse::<u64>()).collect::<Result<Vec<_>, _>>()?;
    write_all(folder, "run", &mut || Box::new(fixture::run()))?;
    write_all(folder, "hostile", &mut || Box::new(fixture::hostile("\u{1b}[2J<b>&\"'`x\u{202e} (\\) {0}")))?;
    if let [hosts, findings] = numbers.as_slice() {
        write_all(folder, "large", &mut || Box::new(fixture::Endless::new(*hosts, *findings)))?;
    }
    Ok(())
}

fn write_all(
    folder: &Path,
    name: &str,
    source: &mut dyn FnMut() -> Box<dyn RunReportSource>,
) -> Result<(), Box<dyn Error>> {
    for format in [Format::Html, Format::Pdf] {
        for kind in [Kind::Finding, Kind::Full] {
            for language in [Language::English, Language::Japanese] {
                let kind_word = kind.word().to_lowercase();
                let file = format!("{name}.{kind_word}.{}.{}", language.tag(), format.extension());
                let mut out = File::create(folder.join(file))?;
                match render(&mut *source(), format, kind, language, &FontFinder::system(), &mut out) {
                    Err(error @ RunRenderError::NoJapaneseFont { .. }) => {
                        writeln!(std::io::stderr(), "skipped: {error}")?;
                    }
                    other => other?,
                }
            }
        }
    }
    Ok(())
}
