//! Charts as inline SVG, coloured by the page's style sheet through classes.
//!
//! The callers give the text alternative; the shapes are hidden from screen readers.

use std::fmt::Write as _;

/// The circumference of the donut's ring, in the units of its drawing.
const RING: f64 = 100.0;

/// Draws shares of a whole as a ring; an empty ring where there is nothing.
pub(crate) fn donut(parts: &[(&'static str, usize)]) -> String {
    let total: usize = parts.iter().map(|(_, count)| count).sum();
    // The radius at which the circumference is 100, so that shares are percentages.
    let mut svg = String::from(
        "<svg class=\"donut\" viewBox=\"0 0 42 42\" aria-hidden=\"true\"><circle class=\"ring\" cx=\"21\" cy=\"21\" r=\"15.9155\"/>",
    );
    let mut begin = 0.0;
    let mut arcs = Vec::new();
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        let share = RING * share(*count, total);
        // A share too thin to see would hide that it exists.
        let length = share.max(0.8);
        arcs.push(format!(
            "<circle class=\"part {class}\" cx=\"21\" cy=\"21\" r=\"15.9155\" stroke-dasharray=\"{length:.2} {:.2}\" stroke-dashoffset=\"{:.2}\"/>",
            RING - length,
            25.0 - begin,
        ));
        begin += share;
    }
    // The first is painted last, so that a widened share lies over its neighbour.
    svg.extend(arcs.into_iter().rev());
    svg.push_str("</svg>");
    svg
}

/// Draws counts side by side, the whole bar's length in proportion to `most`.
pub(crate) fn bar(parts: &[(&'static str, usize)], most: usize) -> String {
    let mut svg =
        String::from("<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let mut x = 0.0;
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        let width = 100.0 * share(*count, most);
        let _ = write!(svg, "<rect class=\"part {class}\" x=\"{x:.2}\" y=\"0\" width=\"{width:.2}\" height=\"6\"/>");
        x += width;
    }
    svg.push_str("</svg>");
    svg
}

fn share(count: usize, total: usize) -> f64 {
    let number = |count: usize| u32::try_from(count).map_or(f64::from(u32::MAX), f64::from);
    if total == 0 { 0.0 } else { number(count) / number(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_the_ring_follow_each_other() {
        let svg = donut(&[("high", 1), ("low", 3), ("medium", 0)]);
        assert!(svg.contains(
            "part high\" cx=\"21\" cy=\"21\" r=\"15.9155\" stroke-dasharray=\"25.00 75.00\" stroke-dashoffset=\"25.00\""
        ));
        assert!(svg.contains(
            "part low\" cx=\"21\" cy=\"21\" r=\"15.9155\" stroke-dasharray=\"75.00 25.00\" stroke-dashoffset=\"0.00\""
        ));
        assert!(!svg.contains("medium"));
    }

    #[test]
    fn nothing_draws_an_empty_ring_and_an_empty_bar() {
        assert!(!donut(&[("high", 0)]).contains("part"));
        assert!(!bar(&[("high", 0)], 0).contains("part"));
    }

    #[test]
    fn a_share_of_one_in_thousands_can_still_be_seen() {
        assert!(donut(&[("high", 1), ("low", 9_999)]).contains("stroke-dasharray=\"0.80 99.20\""));
    }
}
