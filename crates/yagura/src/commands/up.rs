//! `yagura up`: from nothing to a result worth looking at.

use jiff::Timestamp;
use yagura_model::{Language, RulesPackage};
use yagura_report::{Options, Report};

use super::{Context, assess, feed, memory};
use crate::cli::{Format, Up};
use crate::exit::{Exit, Failure};
use crate::host::{self, Facts};
use crate::output;

pub(crate) fn run(context: &Context, words: &Up) -> Result<Exit, Failure> {
    let data_dir = context.data_dir()?;
    // A network that is down is no reason to show nothing: the best practices need none.
    feed::sync_before(context, &data_dir, words.feed_mirror.as_deref(), None)?;
    let started_at = Timestamp::now();
    let snapshot = host::read(None, Facts::All)?;
    let report = Report::new(assess::judge(snapshot, RulesPackage::ALL, &assess::open(&data_dir), started_at)?);
    let options = Options {
        language: context.language,
        color: output::takes_color(),
        width: output::terminal_width(),
        verbose: false,
    };
    let mut screen = assess::render(&report, Format::Table, &options)?;
    screen.push_str(next_steps(context.language));
    output::write(None, screen.as_bytes())?;
    memory::keep(&data_dir, &report);
    Ok(Exit::Done)
}

const fn next_steps(language: Language) -> &'static str {
    match language {
        Language::English => {
            "
Next:
  yagura assess --format html --output report.html   the same as a page to read or print
  yagura explain KEY                                 the evidence of a finding above
  yagura assess --root DIR                           a mounted image or a container's tree
  yagura assess --fail-on high --strict              a gate for a pipeline
"
        }
        Language::Japanese => {
            "
次の操作:
  yagura assess --format html --output report.html   同じ内容を読みやすいページに書き出す
  yagura explain キー                                上の検出結果の証拠を見る
  yagura assess --root DIR                           マウントしたイメージやコンテナーのツリーを評価する
  yagura assess --fail-on high --strict              パイプラインの関門にする
"
        }
    }
}
