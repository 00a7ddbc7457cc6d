//! Words and figures as markup.

use std::fmt::{self, Display, Write};

use convoke_events::Timestamp;
use convoke_events::evidence::{Interval, ReliabilityBin};

use crate::cli::render::plain;

/// Markup on its way to a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// This markup to begin with.
    pub(super) fn of(text: impl Display) -> Self {
        Self(format!("{text}"))
    }

    /// More of it; words must have gone through [`safe`].
    pub(super) fn add(&mut self, text: impl Display) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "{text}");
    }

    /// The same, and then this.
    pub(super) fn and(mut self, text: impl Display) -> Self {
        self.add(text);
        self
    }

    /// Whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Words in which nothing is markup and nothing turns its neighbours around, whoever wrote them.
pub(super) fn safe(words: impl Display) -> String {
    let mut markup = String::new();
    // Line ends are words' own; everything else that commands is spelt out.
    let words = words.to_string();
    for (index, line) in words.split('\n').enumerate() {
        if index > 0 {
            markup.push('\n');
        }
        for sign in plain(line).chars() {
            match sign {
                '&' => markup.push_str("&amp;"),
                '<' => markup.push_str("&lt;"),
                '>' => markup.push_str("&gt;"),
                '"' => markup.push_str("&quot;"),
                '\'' => markup.push_str("&#39;"),
                sign => markup.push(sign),
            }
        }
    }
    markup
}

/// A moment to the second, as a page shows it.
pub(super) fn moment(at: Timestamp) -> String {
    let at = at.to_string();
    let (day, time) = at.split_once('T').unwrap_or((&at, ""));
    let time = time.split(['.', 'Z']).next().unwrap_or_default();
    format!("{day} {time} UTC")
}

/// A table that scrolls sideways where it does not fit. Headings that end in `#` are over numbers;
/// cells are markup already.
pub(super) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Markup {
    let class = |heading: &str| if heading.ends_with('#') { " class=\"n\"" } else { "" };
    let mut markup = Markup::of("<div class=\"wide\"><table>\n<thead><tr>");
    for heading in headings {
        let words = safe(heading.trim_end_matches('#'));
        markup.add(format_args!("<th{}>{words}</th>", class(heading)));
    }
    markup.add("</tr></thead>\n<tbody>\n");
    for row in rows {
        markup.add("<tr>");
        for (cell, heading) in row.iter().zip(headings) {
            markup.add(format_args!("<td{}>{cell}</td>", class(heading)));
        }
        markup.add("</tr>\n");
    }
    markup.and("</tbody></table></div>\n")
}

/// A share from 0 to 1 as a bar, with the interval it may lie in.
pub(super) fn bar(share: f64, interval: Option<Interval>) -> String {
    let wide = share.clamp(0.0, 1.0) * 100.0;
    let whisker = interval.map_or_else(String::new, |interval| {
        let (low, high) = (interval.low * 100.0, interval.high * 100.0);
        format!("<path d=\"M{low:.1} 6H{high:.1}M{low:.1} 3V9M{high:.1} 3V9\" class=\"whisker\"/>")
    });
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{:.0} %\"><rect width=\"100\" height=\"12\" class=\"ground\"/>\
         <rect width=\"{wide:.1}\" height=\"12\" class=\"fill\"/>{whisker}</svg>",
        share * 100.0
    )
}

/// How often answers were right by how sure they were: on the line, an agent knows what it knows.
pub(super) fn reliability(bins: &[ReliabilityBin]) -> String {
    let mut marks = Markup::default();
    for bin in bins.iter().filter(|bin| bin.judged > 0) {
        let (Some(sure), Some(interval)) = (bin.mean_confidence, bin.interval) else {
            continue;
        };
        let right = f64::from(bin.right) / f64::from(bin.judged);
        let (x, y) = (sure * 100.0, 100.0 - right * 100.0);
        let (low, high) = (100.0 - interval.low * 100.0, 100.0 - interval.high * 100.0);
        let size = (2.0 + f64::from(bin.judged).sqrt()).min(8.0);
        marks.add(format_args!(
            "<path d=\"M{x:.1} {low:.1}V{high:.1}\" class=\"whisker\"/>\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{size:.1}\" class=\"mark\">\
             <title>{} of {} right where {:.0} % sure</title></circle>",
            bin.right,
            bin.judged,
            sure * 100.0
        ));
    }
    if marks.is_empty() {
        return "<div><p class=\"quiet\">no judged answer said how sure it was</p></div>"
            .to_owned();
    }
    format!(
        "<div><svg class=\"reliability\" viewBox=\"-14 -10 124 124\" role=\"img\" \
         aria-label=\"share judged right by confidence\"><path d=\"M0 0V100H100\" class=\"axis\"/>\
         <path d=\"M0 100L100 0\" class=\"ideal\"/>{marks}\
         <text x=\"-3\" y=\"8\" text-anchor=\"end\">1</text>\
         <text x=\"-3\" y=\"112\" text-anchor=\"end\">0</text>\
         <text x=\"100\" y=\"112\" text-anchor=\"end\">how sure 1</text></svg>\
         <p class=\"quiet\">Judged right, upwards, by how sure it was.</p></div>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_become_markup() {
        let hostile = "<script>alert('x')</script>\"&\u{202e}\u{1b}[2J";
        let words = safe(hostile);
        assert_eq!(
            words,
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\\u{202e}\\u{1b}[2J"
        );
        assert_eq!(safe("a\nb"), "a\nb");
    }

    #[test]
    fn a_moment_is_shown_to_the_second() {
        let at = |text: &str| moment(text.parse().unwrap());
        assert_eq!(at("2026-03-01T09:00:07.640885Z"), "2026-03-01 09:00:07 UTC");
        assert_eq!(at("2026-03-01T09:00:07Z"), "2026-03-01 09:00:07 UTC");
    }

    #[test]
    fn a_bar_stays_in_its_frame() {
        assert!(bar(7.0, None).contains("<rect width=\"100.0\" height=\"12\" class=\"fill\"/>"));
        assert!(bar(f64::NAN, None).contains("class=\"fill\""));
    }
}
