//! `yagura up`: from nothing to a running service with a result worth looking at.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use yagura_app::service::agents::{NewToken, create_token};
use yagura_app::service::{Answer, App, AppError, Call};
use yagura_model::service::RunState;
use yagura_model::{Language, RulesPackage};
use yagura_report::{Options, Report};

use super::{Context, assess, feed, memory, serve};
use crate::cli::{Format, Up};
use crate::exit::{self, Exit, Failure};
use crate::host::{self, Facts};
use crate::output;
use crate::service::background::FeedSchedule;
use crate::service::{open, running, this_host};

/// How long after the start the feeds of other systems are synced, when the first assessment is on the screen.
const FIRST_SYNC: Duration = Duration::from_secs(60);

pub(crate) fn run(context: &Context, words: &Up) -> Result<Exit, Failure> {
    serve::log_to_standard_error(tracing::Level::WARN);
    let data_dir = context.data_dir()?;
    // A network that is down is no reason to show nothing: the best practices need none.
    // This host's feeds come first; the others follow while the service runs.
    let snapshot = host::read(None, Facts::Inventory)?;
    feed::sync_before(context, &data_dir, words.port.feed_mirror.as_deref(), None, &yagura_app::feeds_for(&snapshot))?;
    let app = Arc::new(open::service(data_dir.clone(), &words.service)?);
    app.first_key().map_err(|error| exit::failed(&error))?;
    let feeds = FeedSchedule {
        data_dir: data_dir.clone(),
        mirror: words.port.feed_mirror.as_deref().map(feed::mirror).transpose()?,
        first: Some(FIRST_SYNC).filter(|_| !words.once),
        every: words.port.feed_sync_hours.filter(|hours| *hours > 0).map(|hours| Duration::from_secs(hours * 3_600)),
    };
    let running = running::start(&app, &data_dir, words.port.listen, &words.port.name, feeds)?;
    output::write(None, format!("listening on {}\n", running.url).as_bytes())?;
    let told = running.tell_when_told_to_end();
    let agent = this_host::start_agent(&app, &data_dir, &running.url);
    let outcome = agent.and_then(|agent| {
        // With `--once` nothing goes on that a next step could speak to.
        let url = (!words.once).then_some(running.url.as_str());
        let outcome = first_assessment(context, &app, &agent.id, &data_dir, url, &|| told.load(Ordering::Relaxed));
        if outcome.is_ok() && !words.once {
            running.wait_until_told();
        }
        agent.end();
        outcome
    });
    running.end();
    outcome.map(|()| Exit::Done)
}

fn first_assessment(
    context: &Context,
    app: &App,
    agent: &str,
    data_dir: &std::path::Path,
    url: Option<&str>,
    ended: &dyn Fn() -> bool,
) -> Result<(), Failure> {
    let started_at = Timestamp::now();
    let assessed = this_host::assess(app, agent, ended)?;
    let mut screen = String::new();
    if let Some(snapshot) = assessed.snapshot {
        let report = Report::new(assess::judge(snapshot, RulesPackage::ALL, &assess::open(data_dir), started_at)?);
        let options = Options {
            language: context.language,
            color: output::takes_color(),
            width: output::terminal_width(),
            verbose: false,
        };
        screen.push_str(&assess::render(&report, Format::Table, &options)?);
        memory::keep(data_dir, &report);
    }
    screen.push_str(&outcome(context.language, &assessed.run.to_string(), assessed.state));
    if let Some(url) = url.filter(|_| !ended()) {
        let token = next_token(app).map_err(|error| exit::failed(&error))?;
        screen.push_str(&next_steps(context.language, data_dir, url, &token));
    }
    output::write(None, screen.as_bytes())
}

/// A token for the next hosts, so that the line on the screen works as it stands.
fn next_token(app: &App) -> Result<String, AppError> {
    const TTL: SignedDuration = SignedDuration::from_hours(1);
    const USES: u64 = 10;
    let caller = this_host::command_line(app);
    let parameters = json!({"uses": USES});
    let call = Call {
        caller: &caller,
        operation: "CreateToken",
        action: "yagura:ManageTokens",
        resources: &[],
        parameters: &parameters,
    };
    app.change(&call, |cx| {
        let Answer { value: (_, text), recorded } =
            create_token(cx, &NewToken { tags: Vec::new(), ttl: TTL, uses: USES })?;
        Ok(Answer { value: text.expose().to_owned(), recorded })
    })
}

fn outcome(language: Language, run: &str, state: RunState) -> String {
    let state = state.word();
    match language {
        Language::English => format!("\nThe run is {state}: {run}\n"),
        Language::Japanese => format!("\n評価の状態は {state} です: {run}\n"),
    }
}

fn next_steps(language: Language, data_dir: &std::path::Path, url: &str, token: &str) -> String {
    let data = data_dir.display();
    match language {
        Language::English => format!(
            "
Next, in another shell:
  eval \"$(yagura env --data-dir '{data}')\"             then: aws inspector list-findings
  yagura-agent enroll --server {url} --token {token}
                                                     enrols another host (10 hosts, within an hour);
                                                     then: yagura-agent run
  yagura explain KEY --data-dir '{data}'               the evidence of a finding above

"
        ),
        Language::Japanese => format!(
            "
次の操作 (別のシェルで):
  eval \"$(yagura env --data-dir '{data}')\"             続けて: aws inspector list-findings
  yagura-agent enroll --server {url} --token {token}
                                                     ほかのホストを登録する (1 時間以内に 10 台まで)。
                                                     続けて: yagura-agent run
  yagura explain キー --data-dir '{data}'              上の検出結果の証拠を見る

"
        ),
    }
}
