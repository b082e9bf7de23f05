//! This host as the first one of its own service: enrolled, in a target, assessed.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use yagura_agent::{Agent, Enrolment, Proxy, RunOptions, ServerUrl, Stop, SystemClock};
use yagura_api::dispatch;
use yagura_app::service::agents::{NewToken, create_token};
use yagura_app::service::{Answer, App, AppError, Call, Caller, Via};
use yagura_model::service::{Arn, ArnKind, RunState, Tag};
use yagura_model::{RulesPackage, Snapshot};
use yagura_store::Phase;

use crate::exit::{Failure, Message};

/// The tag by which the target finds this host, whatever it is called.
const TAG: &str = "yagura:this-host";
/// What target and template are called.
const NAME: &str = "this host";
/// The run is stopped as soon as the host's data is there, so the shortest duration will do.
const DURATION_S: u32 = 180;
/// How often the run is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A host whose data is not there by then has trouble that the run's exclusions name.
const PATIENCE: SignedDuration = SignedDuration::from_secs(120);

/// The agent of this host, in the server's own process.
pub(crate) struct OwnAgent {
    /// Its id.
    pub(crate) id: String,
    stop: Stop,
    thread: JoinHandle<()>,
}

/// Who the command line is to the service.
pub(crate) fn command_line(app: &App) -> Caller {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "operator".into());
    Caller {
        scope: app.settings.home.clone(),
        user,
        role: "Administrator".into(),
        access_key_id: None,
        source_ip: "localhost".into(),
        user_agent: format!("yagura/{}", env!("CARGO_PKG_VERSION")),
        request_id: uuid::Uuid::new_v4().to_string(),
        via: Via::CommandLine,
    }
}

/// Enrols this host if it is not yet, and starts its agent on a thread.
pub(crate) fn start_agent(app: &Arc<App>, data_dir: &Path, url: &str) -> Result<OwnAgent, Failure> {
    let state = data_dir.join("agent");
    let cannot = |what: &str, error: &dyn std::error::Error| {
        Failure::Failed(Message::new(format!("cannot {what}: {}", crate::commands::chain(error))))
    };
    let known = Agent::open(&state).ok();
    // A server that listens elsewhere now, or one that does not know the agent any more, enrols
    // this host anew.
    let still = known.filter(|agent| {
        let known = app.store.read(|tx| Ok::<_, AppError>(tx.agent_by_id(agent.id())?));
        agent.server() == url && known.is_ok_and(|known| known.is_some_and(|known| !known.revoked && !known.cloned))
    });
    let agent = match still {
        Some(agent) => agent,
        None => {
            let token = token(app).map_err(|error| cannot("make an enrolment token", &error))?;
            let server = ServerUrl::parse(url).map_err(|error| cannot("reach the own server", &error))?;
            let enrolment = Enrolment {
                server,
                token,
                ca_sha256: None,
                tags: Vec::new(),
                auto_scaling_group: None,
                root: None,
                // The way to the own process goes through no proxy.
                proxy: Proxy::default(),
                remember_proxy: false,
                force: true,
            };
            yagura_agent::enroll(&state, &enrolment, &SystemClock(Timestamp::now))
                .map_err(|error| cannot("enrol this host", &error))?;
            Agent::open(&state).map_err(|error| cannot("open the agent's state", &error))?
        }
    };
    let stop = Stop::new();
    let id = agent.id().to_owned();
    let until = stop.clone();
    let thread = std::thread::Builder::new()
        .name("agent".into())
        .spawn(move || {
            let options =
                RunOptions { tell: Arc::new(|line| tracing::info!("agent: {line}")), ..RunOptions::default() };
            if let Err(error) = agent.run(&until, &SystemClock(Timestamp::now), &options) {
                tracing::error!("the agent of this host ended: {}", crate::commands::chain(&error));
            }
        })
        .map_err(|error| cannot("start the agent", &error))?;
    Ok(OwnAgent { id, stop, thread })
}

impl OwnAgent {
    /// Ends the agent in good order.
    pub(crate) fn end(self) {
        self.stop.set();
        // An agent that panicked has said so.
        let _ = self.thread.join();
    }
}

fn token(app: &App) -> Result<String, AppError> {
    const TTL: SignedDuration = SignedDuration::from_mins(10);
    let caller = command_line(app);
    let parameters = json!({"tags": [{"key": TAG, "value": "yes"}], "uses": 1});
    let call = Call {
        caller: &caller,
        operation: "CreateToken",
        action: "yagura:ManageTokens",
        resources: &[],
        parameters: &parameters,
    };
    let wanted = NewToken { tags: vec![Tag::new(TAG, "yes")], ttl: TTL, uses: 1 };
    app.change(&call, |cx| {
        let Answer { value: (_, text), recorded } = create_token(cx, &wanted)?;
        Ok(Answer { value: text.expose().to_owned(), recorded })
    })
}

/// What the first assessment came to.
pub(crate) struct Assessed {
    /// The run's name in the API.
    pub(crate) run: Arn,
    /// How it ended.
    pub(crate) state: RunState,
    /// What the agent sent, if it did.
    pub(crate) snapshot: Option<Snapshot>,
}

/// Assesses this host with every rules package, as a client would by the API.
pub(crate) fn assess(app: &App, agent: &str, ended: &dyn Fn() -> bool) -> Result<Assessed, Failure> {
    let template = template(app)?;
    let answer = call(app, "StartAssessmentRun", &json!({"assessmentTemplateArn": template}))?;
    let run = arn_of(&answer, "assessmentRunArn", ArnKind::Run)?;
    let mut stopped = false;
    let started = Timestamp::now();
    loop {
        let (state, sent) = look(app, &run, agent).map_err(|error| crate::exit::failed(&error))?;
        if state.is_terminal() || ended() {
            let snapshot = snapshot(app, agent).map_err(|error| crate::exit::failed(&error))?;
            return Ok(Assessed { run, state, snapshot });
        }
        if !stopped
            && state == RunState::CollectingData
            && (sent || Timestamp::now().duration_since(started) > PATIENCE)
        {
            call(app, "StopAssessmentRun", &json!({"assessmentRunArn": run.to_string()}))?;
            stopped = true;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn look(app: &App, run: &Arn, agent: &str) -> Result<(RunState, bool), AppError> {
    app.store.read(|tx| {
        let found = tx.run_by_arn(&app.settings.home, run)?;
        let found = found.ok_or_else(|| AppError::internal("the run that was started is gone"))?;
        let sent = tx.run_agent(found.seq, agent)?.is_some_and(|member| member.phase == Phase::Flushed);
        Ok((found.state, sent))
    })
}

fn snapshot(app: &App, agent: &str) -> Result<Option<Snapshot>, AppError> {
    let digest = app.store.read(|tx| Ok::<_, AppError>(tx.agent_by_id(agent)?.and_then(|agent| agent.snapshot)))?;
    digest.map(|digest| app.stored_snapshot(&app.settings.home.account, &digest)).transpose()
}

/// Finds the template of the first assessment, or makes it with its target.
fn template(app: &App) -> Result<String, Failure> {
    let listed = call(app, "ListAssessmentTargets", &json!({"filter": {"assessmentTargetNamePattern": NAME}}))?;
    let target = match first(&listed, "assessmentTargetArns") {
        Some(target) => target,
        None => {
            let group = json!({"resourceGroupTags": [{"key": TAG, "value": "yes"}]});
            let group = text(&call(app, "CreateResourceGroup", &group)?, "resourceGroupArn");
            let target = json!({"assessmentTargetName": NAME, "resourceGroupArn": group});
            text(&call(app, "CreateAssessmentTarget", &target)?, "assessmentTargetArn")
        }
    };
    let wanted = json!({"assessmentTargetArns": [target], "filter": {"namePattern": NAME}});
    if let Some(template) = first(&call(app, "ListAssessmentTemplates", &wanted)?, "assessmentTemplateArns") {
        return Ok(template);
    }
    let catalogue = yagura_model::service::catalogue(&app.settings.home.region);
    let rules: Vec<&str> = catalogue
        .iter()
        .filter(|entry| RulesPackage::ALL.contains(&entry.package))
        .map(|entry| entry.arn.as_str())
        .collect();
    let wanted = json!({
        "assessmentTargetArn": target, "assessmentTemplateName": NAME, "durationInSeconds": DURATION_S,
        "rulesPackageArns": rules,
    });
    Ok(text(&call(app, "CreateAssessmentTemplate", &wanted)?, "assessmentTemplateArn"))
}

/// Calls an operation as the command line: the same way in, the same record.
fn call(app: &App, operation: &str, request: &Value) -> Result<Value, Failure> {
    let target = format!("InspectorService.{operation}");
    let reply = dispatch::answer(app, &command_line(app), &target, request.to_string().as_bytes());
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status == 200 {
        return Ok(body);
    }
    let message = text(&body, "message");
    Err(Failure::Failed(Message::new(format!("{operation} was refused: {message}"))))
}

fn text(answer: &Value, name: &str) -> String {
    answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn first(answer: &Value, name: &str) -> Option<String> {
    answer.get(name)?.as_array()?.first()?.as_str().map(str::to_owned)
}

fn arn_of(answer: &Value, name: &str, kind: ArnKind) -> Result<Arn, Failure> {
    Arn::parse(&text(answer, name))
        .filter(|arn| arn.kind() == kind)
        .ok_or_else(|| Failure::Failed(Message::new(format!("the answer has no `{name}`"))))
}
