//! The disk is full; the database is locked by somebody else.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use yagura_app::service::AppError;

use super::lane::{Lane, World};
use super::{Story, Told};
use crate::clock::Stopwatch;
use crate::inside::Outcome;
use crate::server::{Server, Setup};

/// The small disk.
const DISK: &str = "size=96m";
/// How long it stays full.
const FULL: Duration = Duration::from_secs(4);
/// How long somebody else has the database; longer than the store itself waits.
const LOCKED: Duration = Duration::from_secs(12);
/// A call that waits longer than the store does hangs.
const ANSWER: Duration = Duration::from_secs(25);

pub(super) fn stories(world: &Arc<World>, undisturbed: &Arc<Outcome>) -> Vec<Story> {
    let parts = || (Arc::clone(world), Arc::clone(undisturbed));
    let ((w1, u1), (w2, u2)) = (parts(), parts());
    vec![
        Story::new("the disk is full", full(w1, u1)),
        Story::new("the database is locked by another process", locked(w2, u2)),
    ]
}

/// A mounted disk in memory. Unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path)?;
        let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(path).output();
        let output = mounted.context("no program `mount`")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(Self(path.to_owned()))
    }

    /// Fills it to the last byte.
    fn fill(&self) -> Result<PathBuf> {
        const PIECE: usize = 4_096;
        let ballast = self.0.join("ballast");
        let mut file = std::fs::File::options().append(true).create(true).open(&ballast)?;
        // Until the disk refuses, which is what is wanted.
        while file.write_all(&[0; PIECE]).is_ok() {}
        Ok(ballast)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A disk that is in use goes when its last user does.
        let _ = std::process::Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn full(world: Arc<World>, undisturbed: Arc<Outcome>) -> Result<Told> {
    let folder = world.folder("full")?;
    let data = folder.path().join("data");
    let disk = match Disk::mount(&data) {
        Ok(disk) => disk,
        Err(why) => return Ok(Told::Skipped(format!("no small disk can be mounted: {why}"))),
    };
    world.fill(&data)?;
    let server = Server::start(Setup::new(&world.server, &data)).await?;
    let mut lane = Lane::open(&world, folder, server).await?;
    // What the agents send from now on is refused, and stays with them.
    let run = lane.api.start(&lane.template, "full").await?;
    let ballast = disk.fill()?;
    let mut answers = Vec::new();
    let watch = Stopwatch::start();
    while watch.elapsed() < FULL {
        // What frees itself by a checkpoint is filled again.
        disk.fill()?;
        let request = json!({"assessmentTargetName": format!("target {}", answers.len())});
        let answer = lane.api.send("CreateAssessmentTarget", &request).await?;
        if answer.status == 200 {
            answers.push("took it".to_owned());
        } else if answer.text().contains("Exception") && answer.status >= 400 {
            answers.push(answer.text());
        } else {
            bail!("a full disk was answered with {} {}", answer.status, answer.text());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let refused = answers.iter().filter(|answer| *answer != "took it").count();
    if refused == 0 {
        bail!("nothing was refused on a full disk");
    }
    if !lane.server.is_alive() {
        bail!("the server ended on a full disk:\n{}", lane.server.log_end());
    }
    let refusal = answers.iter().find(|answer| *answer != "took it").cloned().unwrap_or_default();
    std::fs::remove_file(&ballast)?;
    let listed = lane.api.call("ListAssessmentTargets", &json!({"maxResults": 500})).await?;
    let targets = listed.get("assessmentTargetArns").and_then(|arns| arns.as_array()).map_or(0, Vec::len);
    let taken = answers.len() - refused;
    if targets != taken + 1 {
        bail!("{taken} targets were taken on a full disk, and {} are there", targets - 1);
    }
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    drop(lane);
    drop(disk);
    Ok(Told::Well(format!("{refused} calls refused: {refusal}")))
}

async fn locked(world: Arc<World>, undisturbed: Arc<Outcome>) -> Result<Told> {
    let mut lane = Lane::start(&world, "locked", |_| ()).await?;
    let run = lane.api.start(&lane.template, "locked").await?;
    let inside = super::lane::inside(&lane.server)?;
    let holder = tokio::task::spawn_blocking(move || {
        inside.with(|app| {
            Ok(app.store.write(|tx| {
                // Any change takes the one right to write.
                tx.put_setting("laboratory", "lock", "held")?;
                std::thread::sleep(LOCKED);
                Ok::<_, AppError>(())
            })?)
        })
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let watch = Stopwatch::start();
    let request = json!({"assessmentTargetName": "while it was locked"});
    let answer = tokio::time::timeout(ANSWER, lane.api.send("CreateAssessmentTarget", &request)).await;
    let answer = answer.context("a call on a locked database was not answered")??;
    let waited = watch.seconds();
    if answer.status != 200 && !answer.text().contains("Exception") {
        bail!("a locked database was answered with {} {}", answer.status, answer.text());
    }
    let said = if answer.status == 200 { "done".to_owned() } else { answer.text() };
    holder.await??;
    if !lane.server.is_alive() {
        bail!("the server ended on a locked database:\n{}", lane.server.log_end());
    }
    lane.finish(&run).await?;
    lane.check(&run, &undisturbed)?;
    Ok(Told::Well(format!("a call was answered after {waited:.0} s: {said}")))
}
