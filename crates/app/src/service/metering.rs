//! What was used: agent-assessments per month and meter, with what they would have cost.
//!
//! The unit is one agent in one run; excluded agents do not count. Prices are an operator's
//! setting, a list of steps that get cheaper with volume, within each month and meter. Amounts are
//! whole tenths of a cent, so that nothing is rounded.

use serde::{Deserialize, Serialize};

use super::{AppError, Cx};

/// The setting under which an account's prices stand.
const PRICES: &str = "metering.prices";
/// Steps of one meter.
pub const STEPS_MAX: usize = 50;
/// Meters of a price list.
pub const METERS_MAX: usize = 20;
/// The dearest unit, in tenths of a cent: a million of the currency.
pub const PRICE_MAX: u64 = 1_000_000_000;

/// A price list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Prices {
    /// The currency's code.
    pub currency: String,
    /// The operator has set them. The built-in ones are from memory of a price list of 2018 that
    /// no source at hand confirms.
    #[serde(default)]
    pub confirmed: bool,
    /// Each meter's steps.
    pub meters: Vec<Meter>,
}

/// The prices of one meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Meter {
    /// `host`, `network`.
    pub name: String,
    /// In order; the last has no end.
    pub steps: Vec<Step>,
}

/// A step of a price list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Counts for units up to this number of the month; `None` for all that follow.
    pub up_to: Option<u64>,
    /// Price of one unit, in tenths of a cent.
    pub price: u64,
}

impl Default for Prices {
    fn default() -> Self {
        let meter = |name: &str, prices: [u64; 5]| {
            let ends = [Some(250), Some(1_000), Some(5_000), Some(50_000), None];
            let steps = ends.into_iter().zip(prices).map(|(up_to, price)| Step { up_to, price }).collect();
            Meter { name: name.to_owned(), steps }
        };
        Self {
            currency: "USD".to_owned(),
            confirmed: false,
            meters: vec![meter("host", [300, 250, 150, 100, 50]), meter("network", [150, 130, 100, 70, 40])],
        }
    }
}

/// The use of one meter in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLine {
    /// `2026-11`.
    pub month: String,
    /// `host`, `network`.
    pub meter: String,
    /// Agent-assessments.
    pub units: u64,
    /// What they cost, in tenths of a cent; `None` where the meter has no price.
    pub amount: Option<u64>,
}

/// The use of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The prices that were used.
    pub prices: Prices,
    /// By month and meter, oldest month first.
    pub lines: Vec<UsageLine>,
    /// All units.
    pub units: u64,
    /// All amounts, in tenths of a cent.
    pub amount: u64,
}

/// Sums the use up, of all months or of one (`2026-11`).
///
/// # Errors
/// When the kept price list is damaged.
pub fn usage(cx: &mut Cx<'_, '_>, month: Option<&str>) -> Result<Usage, AppError> {
    let account = cx.scope().account.clone();
    let prices = prices(cx)?;
    let counted = cx.tx.usage(&account)?.into_iter().filter(|(of, ..)| month.is_none_or(|month| of == month));
    let lines: Vec<UsageLine> = counted
        .map(|(month, meter, units)| {
            let amount = prices.meters.iter().find(|priced| priced.name == meter).map(|priced| priced.amount(units));
            UsageLine { month, meter, units, amount }
        })
        .collect();
    let units = lines.iter().map(|line| line.units).fold(0, u64::saturating_add);
    let amount = lines.iter().filter_map(|line| line.amount).fold(0, u64::saturating_add);
    Ok(Usage { prices, lines, units, amount })
}

/// Returns the account's prices, or the built-in ones.
///
/// # Errors
/// When the kept price list is damaged.
pub fn prices(cx: &mut Cx<'_, '_>) -> Result<Prices, AppError> {
    let account = cx.scope().account.clone();
    match cx.tx.setting(&account, PRICES)? {
        Some(kept) => serde_json::from_str(&kept).map_err(AppError::internal),
        None => Ok(Prices::default()),
    }
}

/// Replaces the account's prices; `None` brings the built-in ones back.
///
/// # Errors
/// When the list is not one: no steps, steps out of order, a last step with an end.
pub fn set_prices(cx: &mut Cx<'_, '_>, prices: Option<&Prices>) -> Result<(), AppError> {
    let account = cx.scope().account.clone();
    let Some(prices) = prices else { return Ok(cx.tx.remove_setting(&account, PRICES)?) };
    prices.check().map_err(AppError::Validation)?;
    let kept = Prices { confirmed: true, ..prices.clone() };
    let text = serde_json::to_string(&kept).map_err(AppError::internal)?;
    Ok(cx.tx.put_setting(&account, PRICES, &text)?)
}

impl Prices {
    fn check(&self) -> Result<(), String> {
        if self.currency.is_empty() || self.currency.len() > 8 || self.meters.len() > METERS_MAX {
            return Err(format!("a price list has a currency's code and {METERS_MAX} meters at most"));
        }
        for Meter { name, steps } in &self.meters {
            let Some((last, before)) = steps.split_last().filter(|_| steps.len() <= STEPS_MAX) else {
                return Err(format!("the meter `{name}` needs 1 to {STEPS_MAX} steps"));
            };
            let ends: Vec<u64> = before.iter().map(|step| step.up_to.unwrap_or_default()).collect();
            if last.up_to.is_some() || !ends.is_sorted_by(|a, b| a < b) || ends.first() == Some(&0) {
                return Err(format!("the steps of `{name}` must have growing `upTo`, and the last one none"));
            }
            if steps.iter().any(|step| step.price > PRICE_MAX) {
                return Err(format!("a price of `{name}` is above {PRICE_MAX} tenths of a cent"));
            }
        }
        Ok(())
    }
}

impl Meter {
    /// What so many units of one month cost, in tenths of a cent.
    pub fn amount(&self, units: u64) -> u64 {
        let (mut amount, mut from) = (0_u64, 0_u64);
        for Step { up_to, price } in &self.steps {
            let to = up_to.unwrap_or(u64::MAX).min(units);
            amount = amount.saturating_add(to.saturating_sub(from).saturating_mul(*price));
            from = from.max(to);
        }
        amount
    }
}

/// Writes tenths of a cent as an amount of the currency: `1234.560`, three digits behind the point.
pub fn amount_text(tenths: u64) -> String {
    format!("{}.{:03}", tenths / 1_000, tenths % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_costs_what_its_step_says() {
        let prices = Prices::default();
        let amount = |meter: usize, units| prices.meters[meter].amount(units);
        assert_eq!(amount(0, 0), 0);
        assert_eq!(amount(0, 1), 300);
        assert_eq!(amount(0, 250), 75_000);
        assert_eq!(amount(0, 251), 75_250);
        assert_eq!(amount(0, 1_000), 75_000 + 750 * 250);
        assert_eq!(amount(0, 60_000), 75_000 + 187_500 + 600_000 + 4_500_000 + 500_000);
        assert_eq!(amount(1, 251), 250 * 150 + 130);
        assert_eq!(amount(0, u64::MAX), u64::MAX, "nothing overflows");
        assert_eq!(amount_text(75_250), "75.250");
        assert_eq!(amount_text(5), "0.005");
        assert!(prices.check().is_ok());
    }

    #[test]
    fn lists_that_leave_a_unit_without_a_price_are_refused() {
        let list = |steps: &[(Option<u64>, u64)]| Prices {
            currency: "JPY".to_owned(),
            confirmed: false,
            meters: vec![Meter {
                name: "host".to_owned(),
                steps: steps.iter().map(|(up_to, price)| Step { up_to: *up_to, price: *price }).collect(),
            }],
        };
        assert!(list(&[(None, 0)]).check().is_ok());
        assert!(list(&[(Some(10), 5), (Some(20), 4), (None, 3)]).check().is_ok());
        for wrong in [
            &[][..],
            &[(Some(10), 5)],
            &[(None, 5), (None, 4)],
            &[(Some(0), 5), (None, 4)],
            &[(Some(20), 5), (Some(10), 4), (None, 3)],
            &[(None, PRICE_MAX + 1)],
            &[(None, 1); STEPS_MAX + 1],
        ] {
            assert!(list(wrong).check().is_err(), "{wrong:?}");
        }
    }
}
