//! `yagura usage`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};
use yagura_app::service::metering::{self, Prices, amount_text};

use super::super::Context;
use super::session::{Place, Session, silent};
use super::table::{answer, or_dash, table};
use crate::cli::manage::{Usage, UsageVerb};
use crate::exit::{self, Exit, Failure, Message};
use crate::output;

const READ: &str = "yagura:ReadUsage";
const MANAGE: &str = "yagura:ManageRetention";
/// Bytes of a file with prices.
const PRICES_BYTES_MAX: u64 = 1024 * 1024;

pub(super) fn run(context: &Context, words: &Usage) -> Result<Exit, Failure> {
    let session = Session::open(context, &words.service, Place::Existing)?;
    if let Some(UsageVerb::Prices { set, reset }) = &words.verb {
        return prices(&session, set.as_deref(), *reset);
    }
    let month = words.month.as_deref();
    let usage = session.look(("GetUsage", READ), &json!({ "month": month }), |cx| metering::usage(cx, month))?;
    let currency = &usage.prices.currency;
    answer(
        words.form.format,
        || {
            json!({
                "currency": currency,
                "pricesConfirmed": usage.prices.confirmed,
                "usage": usage.lines.iter().map(|line| json!({
                    "month": line.month, "meter": line.meter, "agentAssessments": line.units,
                    "amount": line.amount.map(amount_text),
                })).collect::<Vec<_>>(),
                "total": { "agentAssessments": usage.units, "amount": amount_text(usage.amount) },
            })
        },
        || {
            let rows = usage.lines.iter().map(|line| {
                [line.month.clone(), line.meter.clone(), line.units.to_string(), or_dash(line.amount.map(amount_text))]
            });
            let total = ["total".to_owned(), String::new(), usage.units.to_string(), amount_text(usage.amount)];
            let amount = format!(">{currency}");
            let mut text =
                table(["MONTH", "METER", ">AGENT-ASSESSMENTS", amount.as_str()], rows.chain(std::iter::once(total)));
            if !usage.prices.confirmed {
                text.push_str(
                    "\nThe prices are built in and not confirmed by any source; `yagura usage prices --set FILE` sets yours.\n",
                );
            }
            text
        },
    )
}

fn prices(session: &Session, set: Option<&Path>, reset: bool) -> Result<Exit, Failure> {
    if set.is_none() && !reset {
        let prices = session.look(("GetPrices", READ), &Value::Null, metering::prices)?;
        let text = serde_json::to_string_pretty(&prices).map_err(|error| exit::failed(&error))?;
        output::write(None, format!("{text}\n").as_bytes())?;
        return Ok(Exit::Done);
    }
    let prices = set.map(read_prices).transpose()?;
    let parameters = json!({ "prices": prices });
    session.change(("SetPrices", MANAGE), &parameters, |cx| silent(metering::set_prices(cx, prices.as_ref())?))?;
    exit::line(if reset { "the built-in prices are back" } else { "the prices are set" });
    Ok(Exit::Done)
}

fn read_prices(file: &Path) -> Result<Prices, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Usage(
            Message::new(format!("cannot read a price list from `{}`: {error}", file.display()))
                .hint("`yagura usage prices` prints one in the right form"),
        )
    };
    let mut text = String::new();
    File::open(file)
        .and_then(|file| file.take(PRICES_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}
