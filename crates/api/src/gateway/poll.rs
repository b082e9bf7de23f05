//! A heartbeat that is held until there is something to do. It holds no thread meanwhile.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use yagura_app::service::agents::{HEARTBEAT_SECONDS, Heard, Peer, Work};
use yagura_wire::{HeartbeatAnswer, HeartbeatRequest, PROTOCOL};

use super::{Failure, LOOK_EVERY};
use crate::server::Server;

/// Seconds until the next heartbeat of an agent that got something to do.
const BUSY_HEARTBEAT_SECONDS: u32 = 5;

/// Takes a heartbeat, and answers when there is something to do or the time is over.
pub(super) async fn heartbeat(
    server: &Arc<Server>,
    peer: &Peer,
    request: HeartbeatRequest,
) -> Result<HeartbeatAnswer, Failure> {
    let request = Arc::new(request);
    let (app, caller, said) = (Arc::clone(&server.app), peer.clone(), Arc::clone(&request));
    let heard = server.agent_jobs.run(move || app.hear(&caller, &said)).await??;
    // Whoever listens before looking misses nothing.
    let busy = request.runs.iter().any(|run| !run.done);
    let ring = server.waiting.listen(&heard.agent, busy);
    let over = sleep(Duration::from_secs(request.wait_seconds.into()));
    tokio::pin!(over);
    let end = server.end();
    tokio::pin!(end);
    loop {
        let work = look(server, &heard, &request).await?;
        let at_once = !work.is_empty() || heard.renew || request.wait_seconds == 0 || *server.stopping.borrow();
        if at_once {
            return Ok(answer(server, heard, work));
        }
        tokio::select! {
            () = &mut over => return Ok(answer(server, heard, Work::default())),
            () = ring.heard() => {}
            // Whether its run goes on is told by no bell of another server.
            () = sleep(LOOK_EVERY), if busy => {}
            () = &mut end => return Ok(answer(server, heard, Work::default())),
        }
    }
}

async fn look(server: &Arc<Server>, heard: &Heard, request: &Arc<HeartbeatRequest>) -> Result<Work, Failure> {
    let (app, heard, said) = (Arc::clone(&server.app), heard.clone(), Arc::clone(request));
    Ok(server.agent_jobs.run(move || app.work_for(&heard, &said.runs)).await??)
}

fn answer(server: &Server, heard: Heard, work: Work) -> HeartbeatAnswer {
    let heartbeat_seconds = if work.is_empty() { HEARTBEAT_SECONDS } else { BUSY_HEARTBEAT_SECONDS };
    HeartbeatAnswer {
        protocol: PROTOCOL,
        nonce: heard.nonce,
        instructions: work.instructions,
        stop: work.stop,
        heartbeat_seconds,
        renew: heard.renew,
        server_time: server.app.now(),
    }
}
