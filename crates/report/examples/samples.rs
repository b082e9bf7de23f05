//! Writes one document of every format and language from an invented assessment into a folder,
//! for schema checks and for the eye: `cargo run -p yagura-report --example samples -- DIR [FINDINGS]`.

use std::error::Error;
use std::path::Path;

use yagura_model::Language;
use yagura_report::{Format, Options, Report, inventory_json, inventory_tsv, sbom};

#[path = "../src/fixture.rs"]
mod fixture;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: samples DIR [FINDINGS]")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let further = arguments.next().map(|count| count.parse::<usize>()).transpose()?.unwrap_or_default();
    let assessments =
        [("sample", fixture::large(further)), ("hostile", fixture::hostile("\u{1b}[2J<b>=1,\"[x](y) {0}"))];
    for (name, assessment) in &assessments {
        for format in Format::ALL {
            for language in [Language::English, Language::Japanese] {
                let color = format == Format::Table;
                let options = Options { language, color, width: Some(140), verbose: false };
                let path = folder.join(format!("{name}.{}.{format}", language.tag()));
                std::fs::write(path, Report::new(assessment.clone()).render(format, &options)?)?;
            }
        }
        std::fs::write(
            folder.join(format!("{name}.sbom.cyclonedx")),
            sbom(&assessment.snapshot, assessment.started_at)?,
        )?;
        std::fs::write(folder.join(format!("{name}.inventory.tsv")), inventory_tsv(&assessment.snapshot))?;
        std::fs::write(folder.join(format!("{name}.inventory.json")), inventory_json(&assessment.snapshot)?)?;
    }
    Ok(())
}
