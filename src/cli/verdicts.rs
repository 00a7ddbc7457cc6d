//! Verdicts in words, and their figures.

use std::io;

use convoke_events::{Verdict, VerdictFigures, VerdictRule};

use super::render::Output;

/// What a verdict is, and what it says.
pub(super) fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Consensus { key } => format!("consensus on `{key}`"),
        Verdict::Divergent { leading } => {
            let leading: Vec<String> = leading.iter().map(|key| format!("`{key}`")).collect();
            format!("divergent, led by {}", leading.join(" and "))
        }
        Verdict::Insufficient { because } => format!("insufficient ({because})"),
    }
}

/// The figures beside a verdict.
pub(super) fn tell_figures(
    rule: VerdictRule,
    figures: &VerdictFigures,
    output: &mut Output,
) -> io::Result<()> {
    let VerdictFigures { share, margin, entropy, leading, contributions, .. } = figures;
    let VerdictFigures { keys, leading_families, families, missing, .. } = figures;
    let of = match rule {
        VerdictRule::Classic => "contributions",
        VerdictRule::Weighted => "weight",
    };
    output.fact("share", format_args!("{share:.4} of the {of} on the leading recommendation"))?;
    output.fact("margin", format_args!("{margin:.4} before the next one"))?;
    output.fact("entropy", format_args!("{entropy:.4}, from 0: all on one, to 1: on all alike"))?;
    output.fact("families", format_args!("{leading_families} of {families} name it"))?;
    output.fact(
        "figures",
        format_args!(
            "{leading} of {contributions} name the leading recommendation; {keys} different ones, \
             {families} model families, {missing} without an answer"
        ),
    )
}
