//! `cargo xtask agree NAME`: a version order against the tool whose order it is.
//!
//! The judges are in `oracles/versions`; here is which program runs each of them, and what brings
//! it where it is absent. Half of the versions are real ones, if the sample feeds are there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process::{self, cargo};
use crate::repository;

const PAIRS: &str = "20000";

/// Judges that cost a process for each pair get fewer.
const PAIRS_OF_PROCESSES: &str = "10000";

const SEED: &str = "1";

/// Where Debian's packages put what the judges use.
const NODE_SEMVER: [&str; 2] = ["/usr/lib/node_modules/npm/node_modules/semver", "/usr/share/nodejs/semver"];
const COMPOSER_SEMVER: &str = "/usr/share/php/Composer/Semver/autoload.php";
const GO_LIBRARIES: &str = "/usr/share/gocode";
/// Debian's own Python has Debian's modules, whatever comes first on the path.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];

/// Every scheme that has a judge.
pub(crate) const NAMES: &[&str] =
    &["dpkg", "rpm", "apk", "alpm", "portage", "pep440", "npm", "cargo", "go", "gem", "maven", "composer"];

/// A judge that can be run, or why there is none here.
type Judge = std::result::Result<Vec<String>, String>;

/// Compares one scheme, or with `versions` every one; a judge that is absent is skipped visibly.
pub(crate) fn run(name: &str, arguments: &[&str]) -> Result<()> {
    if let Some(pairs) = arguments.first() {
        pairs.parse::<u64>().with_context(|| format!("`{pairs}` is not a number of pairs"))?;
    }
    let seed = arguments.get(1).copied().unwrap_or(SEED);
    seed.parse::<u64>().with_context(|| format!("`{seed}` is not a seed"))?;
    if name != "versions" {
        return one(name, arguments.first().copied(), seed);
    }
    let mut failed = Vec::new();
    for name in NAMES {
        println!("== {name}");
        if let Err(error) = one(name, arguments.first().copied(), seed) {
            println!("error: {error:#}");
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} differ: {}", failed.len(), NAMES.len(), failed.join(", "));
    }
    Ok(())
}

fn one(name: &str, pairs: Option<&str>, seed: &str) -> Result<()> {
    let folder = repository::root().join("oracles/versions");
    let judge = match judge(name, &folder)? {
        Ok(judge) => judge,
        Err(absent) => {
            println!("skipped: {absent}");
            return Ok(());
        }
    };
    let default = if matches!(name, "dpkg" | "apk") { PAIRS_OF_PROCESSES } else { PAIRS };
    let corpus = corpus(name, &folder)?;
    let mut example = cargo("run");
    example.args(["--quiet", "--locked", "--package", "yagura-version", "--example", "agree", "--"]);
    example.args([name, pairs.unwrap_or(default), seed]);
    process::run(example.arg(corpus.as_deref().unwrap_or(Path::new("-"))).args(judge))
}

/// Writes the real versions of a scheme to a file, if the sample feeds are there and can be read.
fn corpus(name: &str, folder: &Path) -> Result<Option<PathBuf>> {
    let Some(feeds) = repository::shared_data("feeds") else { return Ok(None) };
    let mut program = process::command("python3");
    let versions = match process::output(program.arg(folder.join("corpus.py")).arg(name).arg(feeds.join("..")), &[0]) {
        Ok(versions) => versions,
        Err(error) => {
            println!("skipped: real versions, all are made up: {error:#}");
            return Ok(None);
        }
    };
    let path = super::target().join("agree").join(format!("{name}.versions"));
    std::fs::create_dir_all(path.parent().unwrap_or(&path)).context("cannot make the folder for real versions")?;
    std::fs::write(&path, versions).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(Some(path))
}

/// Finds the program that judges a scheme.
fn judge(name: &str, folder: &Path) -> Result<Judge> {
    let script = |file: &str| folder.join(file).display().to_string();
    let found = |program: &str, file: &str, packages: &str| match process::find(program) {
        Some(path) => Ok(vec![path.display().to_string(), script(file)]),
        None => Err(format!("`{program}` is not installed; try `apt-get install {packages}`")),
    };
    let shell = |file: &str| vec!["sh".to_owned(), script(file)];
    let words = |judge: Judge, more: &str| {
        judge.map(|mut words| {
            words.push(more.to_owned());
            words
        })
    };
    Ok(match name {
        "dpkg" => found("dpkg", "dpkg.sh", "dpkg").map(|_| shell("dpkg.sh")),
        "apk" => match process::find("apk") {
            Some(_) => Ok(shell("apk.sh")),
            None => Err("`apk` is not on the path".to_owned()),
        },
        "rpm" => python("import rpm; rpm.ver", &script("rpm.py"), "python3-rpm"),
        "alpm" => python(
            "import ctypes, ctypes.util; ctypes.CDLL(ctypes.util.find_library('alpm')).alpm_pkg_vercmp",
            &script("alpm.py"),
            "libalpm13",
        ),
        "portage" => python("import portage.versions", &script("portage.py"), "python3-pip` and `pip install portage"),
        "pep440" => python("import packaging.version", &script("pep440.py"), "python3-packaging"),
        "npm" => match NODE_SEMVER.iter().find(|path| Path::new(path).exists()) {
            Some(module) => words(found("node", "npm.js", "nodejs"), module),
            None => Err("node-semver is not installed; try `apt-get install nodejs node-semver`".to_owned()),
        },
        "gem" => found("ruby", "gem.rb", "ruby"),
        "composer" if Path::new(COMPOSER_SEMVER).exists() => {
            words(found("php", "composer.php", "php-cli"), COMPOSER_SEMVER)
        }
        "composer" => Err("Composer is not installed; try `apt-get install composer`".to_owned()),
        "maven" => maven(&script("Maven.java")),
        "go" => go(folder)?,
        "cargo" => cargo_judge(folder)?,
        other => bail!("no judge is called `{other}`"),
    })
}

fn python(import: &str, script: &str, package: &str) -> Judge {
    PYTHONS
        .iter()
        .find(|python| {
            let mut probe = process::command(python);
            probe.args(["-c", import]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            probe.status().is_ok_and(|status| status.success())
        })
        .map(|python| vec![(*python).to_owned(), script.to_owned()])
        .ok_or_else(|| format!("no Python here can `{import}`; try `apt-get install {package}`"))
}

fn maven(script: &str) -> Judge {
    // Debian's Maven 3 orders a few versions otherwise (`rc-10` against `rc.2`).
    let Ok(artifact) = std::env::var("YAGURA_MAVEN_ARTIFACT") else {
        return Err("`YAGURA_MAVEN_ARTIFACT` does not name Maven 4's maven-artifact".to_owned());
    };
    if process::find("java").is_none() {
        return Err("`java` is not installed; try `apt-get install default-jdk-headless`".to_owned());
    }
    Ok(vec!["java".to_owned(), "--class-path".to_owned(), artifact, script.to_owned()])
}

fn go(folder: &Path) -> Result<Judge> {
    if process::find("go").is_none() || !Path::new(GO_LIBRARIES).join("src/golang.org/x/mod/semver").exists() {
        return Ok(Err("Go is not installed; try `apt-get install golang-go golang-golang-x-mod-dev`".to_owned()));
    }
    let program = super::target().join("agree/go-judge");
    let mut build = process::command("go");
    build.args(["build", "-o"]).arg(&program).arg(".").current_dir(folder.join("go"));
    build.env("GO111MODULE", "off").env("GOPATH", GO_LIBRARIES).env("GOCACHE", super::target().join("agree/go-cache"));
    process::run(&mut build)?;
    Ok(Ok(vec![program.display().to_string()]))
}

fn cargo_judge(folder: &Path) -> Result<Judge> {
    let target = super::target().join("agree/cargo-judge");
    let mut build = cargo("build");
    build.args(["--quiet", "--locked", "--manifest-path"]).arg(folder.join("cargo/Cargo.toml"));
    process::run(build.arg("--target-dir").arg(&target))?;
    Ok(Ok(vec![target.join("debug/semver-judge").display().to_string()]))
}

#[test]
fn a_wrong_number_is_refused_before_anything_is_built() {
    assert_eq!(run("dpkg", &["many"]).unwrap_err().to_string(), "`many` is not a number of pairs");
    assert_eq!(run("rpm", &["1", "x"]).unwrap_err().to_string(), "`x` is not a seed");
    assert_eq!(run("svn", &[]).unwrap_err().to_string(), "no judge is called `svn`");
}

#[test]
fn every_judge_has_its_file_and_its_line() {
    let folder = repository::root().join("oracles/versions");
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || page.contains(&name), "`{name}` is not in the page");
    }
}
