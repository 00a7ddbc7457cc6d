//! The four shapes that are ready, word by word: a change to one is a new version, and the old stays.

use super::{Shape, ShapeField};

const fn text(name: &'static str, about: &'static str) -> ShapeField {
    ShapeField { name, about, list: false }
}

const fn list(name: &'static str, about: &'static str) -> ShapeField {
    ShapeField { name, about, list: true }
}

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        name: "summarise-feedback",
        version: 1,
        task_type: "feedback_summary",
        artifact: "feedback_summary",
        instructions: "\
The request holds pieces of feedback that belong together. Say what they have in common: each theme \
in one sentence, the most frequent first, with words of the people themselves that stand for it. \
Recommend, in one to four words, what most of them ask for. Add nothing that none of them says; \
where they contradict each other, say so in the body.",
        fields: &[
            list("themes", "each theme in one sentence, the most frequent first"),
            list("quotes", "words of theirs that stand for a theme, unchanged"),
        ],
        compares: false,
    },
    Shape {
        name: "draft-requirement",
        version: 1,
        task_type: "requirement_draft",
        artifact: "requirement",
        instructions: "\
Draft one requirement from the request: a single statement of what the system must do and for whom, \
and how anybody can tell that it does. Recommend, in one to four words, how to take it up. Write down \
as assumptions whatever the request leaves open.",
        fields: &[
            text("statement", "what the system must do, and for whom, in one sentence"),
            list("acceptance_criteria", "how anybody can tell that it does, one check each"),
        ],
        compares: false,
    },
    Shape {
        name: "propose-implementation",
        version: 1,
        task_type: "implementation",
        artifact: "implementation",
        instructions: "\
The request holds a decision that has been taken. Propose how to carry it out: steps in their order, \
each small enough to be undone, and what can go wrong on the way. Recommend, in one to four words, \
the way to go. Do not reopen the decision; if it cannot be carried out as it stands, say why in the \
body.",
        fields: &[
            list("steps", "what to do, in order, each small enough to be undone"),
            list("risks", "what can go wrong, and how it would show"),
        ],
        compares: false,
    },
    Shape {
        name: "detect-duplicates",
        version: 1,
        task_type: "duplicate_check",
        artifact: "duplicate",
        instructions: "\
The documents hold the titles of earlier requests. Say which of them ask for the same as this \
request, so that a person can put them together: recommend `duplicate` if at least one does, else \
`unique`. Similar words are not enough; the same wish in other words is.",
        fields: &[list("candidates", "the titles that ask for the same, the likeliest first")],
        compares: true,
    },
];
