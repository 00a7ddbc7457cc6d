//! Rows under named columns, written as a table, as CSV or as JSON lines.

use std::fmt::Display;

use convoke_events::{MicroUsd, Timestamp, Tokens};
use serde::Serialize;
use serde_json::Value;

use crate::cli::render::{Table, dollars, grouped};

/// Rows under named columns, and beside each row everything that is known.
pub(super) struct Sheet {
    /// The name of each column for programs, and for people, where `#` marks numbers.
    columns: &'static [(&'static str, &'static str)],
    rows: Vec<Vec<Cell>>,
    documents: Vec<Value>,
}

/// What stands in one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Nothing is known, or nothing can be.
    None,
    /// Words, whoever wrote them.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A real number, shown to people with this many digits.
    Real(f64, usize),
    /// An amount of money.
    Money(MicroUsd),
    /// A moment.
    Time(Timestamp),
}

impl Cell {
    pub(super) fn text(text: impl Display) -> Self {
        Self::Text(format!("{text}"))
    }

    /// A real number that may not be known.
    pub(super) fn real(number: Option<f64>, digits: usize) -> Self {
        number.map_or(Self::None, |number| Self::Real(number, digits))
    }

    pub(super) const fn tokens(tokens: Tokens) -> Self {
        Self::Count(tokens.get())
    }

    /// For people.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => grouped(*count),
            Self::Real(number, digits) => format!("{number:.digits$}"),
            Self::Money(money) => dollars(money.get()),
            Self::Time(time) => time.to_string(),
        }
    }

    /// For spreadsheets.
    fn bare(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) => field(text),
            Self::Count(count) => count.to_string(),
            Self::Real(number, _) => number.to_string(),
            Self::Money(money) => money.to_string(),
            Self::Time(time) => time.to_string(),
        }
    }
}

impl Sheet {
    pub(super) const fn new(columns: &'static [(&'static str, &'static str)]) -> Self {
        Self { columns, rows: Vec::new(), documents: Vec::new() }
    }

    /// One row more, and everything known of what it tells.
    pub(super) fn row(&mut self, cells: Vec<Cell>, document: &impl Serialize) {
        self.rows.push(cells);
        self.documents.push(serde_json::to_value(document).unwrap_or_default());
    }

    /// For people.
    pub(super) fn table(&self) -> Table {
        let headings: Vec<&'static str> = self.columns.iter().map(|(_, shown)| *shown).collect();
        let mut table = Table::new(&headings);
        for row in &self.rows {
            table.row(row.iter().map(Cell::shown));
        }
        table
    }

    /// As RFC 4180 has it: a line of names, then a line per row, each ended by CR and LF.
    pub(super) fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let mut text = names.join(",") + "\r\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::bare).collect();
            text += &(cells.join(",") + "\r\n");
        }
        text
    }

    /// One document per line, with everything known.
    pub(super) fn json_lines(&self) -> String {
        let lines: Vec<String> = self.documents.iter().map(ToString::to_string).collect();
        lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// Words as a field. A spreadsheet takes what begins with one of these signs for a formula; with an
/// apostrophe before it, it stays words.
fn field(text: &str) -> String {
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', ';', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> String {
        let mut sheet = Sheet::new(&[("name", "name"), ("bias", "bias#"), ("left", "left#")]);
        sheet.row(vec![Cell::text(text), Cell::Real(-0.25, 2), Cell::None], &());
        sheet.csv()
    }

    #[test]
    fn words_with_commas_quotes_and_lines_stay_one_field() {
        assert_eq!(csv("a, \"b\"\nc"), "name,bias,left\r\n\"a, \"\"b\"\"\nc\",-0.25,\r\n");
    }

    #[test]
    fn words_that_look_like_a_formula_are_no_formula() {
        let formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"];
        for formula in formulas {
            let text = csv(formula);
            let field = text.strip_prefix("name,bias,left\r\n").unwrap();
            assert!(field.starts_with('\'') || field.starts_with("\"'"), "{field}");
        }
        assert!(csv("a=b").contains("\r\na=b,"), "only the beginning counts");
    }

    #[test]
    fn numbers_stay_numbers_for_programs_and_are_rounded_for_people() {
        assert_eq!(Cell::Count(12_345).bare(), "12345");
        assert_eq!(Cell::Count(12_345).shown(), "12,345");
        assert_eq!(Cell::Money(MicroUsd::new(1_500_000)).bare(), "1500000");
        assert_eq!(Cell::Money(MicroUsd::new(1_500_000)).shown(), "$1.50");
        assert_eq!(Cell::Real(2.0 / 3.0, 2).shown(), "0.67");
        assert_eq!(Cell::real(None, 2).shown(), "-");
    }
}
