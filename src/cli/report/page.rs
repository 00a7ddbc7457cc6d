//! `convoke report --html`: everything on one page that needs neither network nor script.

mod agents;
mod budgets;
mod collectives;
mod decisions;
mod governance;
mod lifecycle;
mod markup;
mod timeline;
mod trust;

use std::fs;
use std::path::Path;

use convoke_projections::{
    Agents, Budgets, Collectives, Governance, Lifecycle, Performance, Proposals, Routing, Tasks,
    Trust,
};

use self::markup::{Markup, moment, safe};
use super::{Asked, whole};
use crate::cli::failure::Failure;

/// How many collectives, decisions and entries of the timeline the page shows, the newest: a page
/// is read, a whole log is queried.
const NEWEST: usize = 100;

const STYLE: &str = include_str!("page/style.css");

/// Writes the page.
///
/// A view that an event stopped is named in its place on the page, and is the failure that the
/// command ends with.
pub(super) fn write(asked: &Asked<'_>, file: &Path) -> Result<(), Failure> {
    let mut lineup = asked.lineup();
    let agents = lineup.add::<Agents>();
    let performance = lineup.add::<Performance>();
    let collectives = lineup.add::<Collectives>();
    let budgets = lineup.add::<Budgets>();
    let governance = lineup.add::<Governance>();
    let routing = lineup.add::<Routing>();
    let tasks = lineup.add::<Tasks>();
    let proposals = lineup.add::<Proposals>();
    let (lives, records) = (lineup.add::<Lifecycle>(), lineup.add::<Trust>());
    let position = lineup.run(Some(asked.until))?;
    let (tasks, proposals) = (whole(&tasks), whole(&proposals));
    let told = tasks.and_then(|tasks| Ok(timeline::section(&tasks, &*proposals?, asked.hub)));
    let mut page = Page::of(asked, position);
    page.section(
        "Agents",
        whole(&agents).and_then(|agents| {
            Ok(agents::section(&agents, &*whole(&performance)?, asked.hub, asked.days))
        }),
    );
    page.section(
        "Collectives",
        whole(&collectives).map(|view| collectives::section(&view, asked.hub)),
    );
    page.section(
        "Budgets",
        whole(&budgets).map(|view| budgets::section(&view, asked.hub, asked.now)),
    );
    page.section(
        "Governance",
        whole(&governance).map(|view| governance::section(&view, asked.hub, asked.now)),
    );
    let lives = whole(&lives).map(|view| lifecycle::section(&view, asked.hub, asked.now));
    page.section("Lifecycle", lives);
    page.section("Trust", whole(&records).map(|view| trust::section(&view, asked.hub)));
    page.section("Timeline", told);
    page.section("Decisions", whole(&routing).map(|view| decisions::section(&view, asked.hub)));
    page.finish(file)
}

struct Page {
    text: Markup,
    failure: Option<Failure>,
}

impl Page {
    fn of(asked: &Asked<'_>, position: u64) -> Self {
        let hub = asked.hub.hub.as_ref().map_or_else(|| "all hubs".to_owned(), ToString::to_string);
        let (hub, log) = (safe(&hub), safe(asked.log.id()));
        let text = Markup::of(format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n\
             <title>Convoke: {hub} as of position {position}</title>\n<style>\n{STYLE}</style>\n\
             </head>\n<body>\n<header><h1>{hub}</h1>\n\
             <p>As of position {position} of log <code>{log}</code>, {now}. Every figure is counted \
             from that log alone.</p>\n\
             <nav><a href=\"#agents\">Agents</a> <a href=\"#collectives\">Collectives</a> \
             <a href=\"#budgets\">Budgets</a> <a href=\"#governance\">Governance</a> \
             <a href=\"#lifecycle\">Lifecycle</a> <a href=\"#trust\">Trust</a> \
             <a href=\"#timeline\">Timeline</a> <a href=\"#decisions\">Decisions</a></nav>\n\
             </header>\n<main>\n",
            now = moment(asked.now),
        ));
        Self { text, failure: None }
    }

    /// A section more, or a notice in its place.
    fn section(&mut self, title: &str, markup: Result<Markup, Failure>) {
        let id = title.to_lowercase();
        let markup = markup.unwrap_or_else(|failure| {
            let notice = notice(&failure);
            self.failure.get_or_insert(failure);
            notice
        });
        self.text
            .add(format_args!("<section id=\"{id}\">\n<h2>{title}</h2>\n{markup}</section>\n"));
    }

    fn finish(self, file: &Path) -> Result<(), Failure> {
        let text = self.text.and("</main>\n</body>\n</html>\n");
        fs::write(file, text.as_bytes())
            .map_err(|source| Failure::Write { file: file.to_owned(), source })?;
        self.failure.map_or(Ok(()), Err)
    }
}

/// What stands where a view stopped.
fn notice(failure: &Failure) -> Markup {
    let mut words = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(why) = source {
        words = format!("{words}: {why}");
        source = why.source();
    }
    Markup::of(format_args!("<p class=\"notice\">Nothing can be said here: {}.</p>\n", safe(words)))
}

/// Says that there is more than is shown.
fn more(shown: usize, all: usize, what: &str) -> Markup {
    if shown == all {
        return Markup::default();
    }
    Markup::of(format_args!("<p class=\"quiet\">The newest {shown} of {all} {what}.</p>\n"))
}
