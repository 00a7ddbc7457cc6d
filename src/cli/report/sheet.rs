//! Rows under named columns, written as a table, as CSV or as JSON lines.

use std::fmt::Display;

use convoke_events::{MicroUsd, Timestamp, Tokens};
use serde::Serialize;
use serde_json::Value;

use crate::cli::render::{Table, dollars, grouped};

/// The name of a column for programs, and for people, where `#` marks numbers. For people the
/// bounds of an interval, [`LOW`] and [`HIGH`], stand in the column before them.
pub(super) type Column = (&'static str, &'static str);

/// The lower bound of what stands in the column before.
pub(super) const LOW: &str = "[";

/// The upper bound of it.
pub(super) const HIGH: &str = "]";

/// Rows under named columns, and beside each row everything that is known.
pub(super) struct Sheet {
    /// What it tells, for programs that read several.
    name: &'static str,
    columns: &'static [Column],
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
    pub(super) const fn new(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, columns, rows: Vec::new(), documents: Vec::new() }
    }

    /// One row more, and everything known of what it tells.
    pub(super) fn row(&mut self, cells: Vec<Cell>, document: &impl Serialize) {
        self.rows.push(cells);
        self.documents.push(serde_json::to_value(document).unwrap_or_default());
    }

    /// For people.
    pub(super) fn table(&self) -> Table {
        let shown = self.columns.iter().map(|(_, shown)| *shown);
        let headings: Vec<_> = shown.filter(|shown| ![LOW, HIGH].contains(shown)).collect();
        let mut table = Table::new(&headings);
        for row in &self.rows {
            let mut cells: Vec<String> = Vec::new();
            for (cell, (_, shown)) in row.iter().zip(self.columns) {
                match (*shown, cells.last_mut(), cell) {
                    (LOW | HIGH, _, Cell::None) => {}
                    (LOW, Some(last), cell) => last.extend([" [", &cell.shown()]),
                    (HIGH, Some(last), cell) => last.extend([", ", &cell.shown(), "]"]),
                    (_, _, cell) => cells.push(cell.shown()),
                }
            }
            table.row(cells);
        }
        table
    }
}

/// One document per line, with everything known; of several sheets each says of which it is.
pub(super) fn json_lines(sheets: &[Sheet]) -> String {
    let mut text = String::new();
    for sheet in sheets {
        for document in &sheet.documents {
            let mut document = document.clone();
            if let Some(fields) = document.as_object_mut().filter(|_| sheets.len() > 1) {
                fields.insert(SECTION.to_owned(), sheet.name.into());
            }
            text.extend([&document.to_string(), "\n"]);
        }
    }
    text
}

/// As RFC 4180 has it: a line of names, then a line per row, each ended by CR and LF. Of several
/// sheets it holds the columns of all, each once, and in `section` which a row is of.
pub(super) fn csv(sheets: &[Sheet]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (place, sheet) in sheets.iter().enumerate() {
        for (name, _) in sheet.columns {
            if !names.contains(name) {
                names.push(name);
            }
        }
        // Behind the columns of the first, so that these stay where they are.
        if place == 0 && sheets.len() > 1 {
            names.push(SECTION);
        }
    }
    let mut text = names.join(",") + "\r\n";
    for sheet in sheets {
        for row in &sheet.rows {
            let cell = |name: &&str| {
                let place = sheet.columns.iter().position(|(own, _)| own == name);
                let cell = place.and_then(|place| row.get(place));
                let own = || if *name == SECTION { sheet.name.to_owned() } else { String::new() };
                cell.map_or_else(own, Cell::bare)
            };
            let cells: Vec<String> = names.iter().map(cell).collect();
            text += &(cells.join(",") + "\r\n");
        }
    }
    text
}

/// The column that says which sheet a row is of.
const SECTION: &str = "section";

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
        const COLUMNS: &[Column] = &[("name", "name"), ("bias", "bias#"), ("left", "left#")];
        let mut sheet = Sheet::new("names", COLUMNS);
        sheet.row(vec![Cell::text(text), Cell::Real(-0.25, 2), Cell::None], &());
        super::csv(&[sheet])
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
    fn several_sheets_are_one_table_with_the_columns_of_all() {
        let mut names = Sheet::new("names", &[("name", "name"), ("age", "age#")]);
        names.row(vec![Cell::text("Ada"), Cell::Count(36)], &());
        let mut hats = Sheet::new("hats", &[("size", "size#"), ("name", "name")]);
        hats.row(vec![Cell::Count(7), Cell::text("top, black")], &());
        let expected = "name,age,section,size\r\nAda,36,names,\r\n\"top, black\",,hats,7\r\n";
        assert_eq!(super::csv(&[names, hats]), expected);
    }

    #[test]
    fn the_bounds_of_an_interval_stand_beside_it_for_people_and_apart_for_programs() {
        const COLUMNS: &[Column] =
            &[("share", "share#"), ("share_low", LOW), ("share_high", HIGH), ("cost", "cost#")];
        let mut sheet = Sheet::new("shares", COLUMNS);
        let cells = [0.5, 0.25, 0.75].map(|number| Cell::Real(number, 2));
        sheet.row(cells.into_iter().chain([Cell::Count(3)]).collect(), &());
        sheet.row(vec![Cell::None, Cell::None, Cell::None, Cell::Count(4)], &());
        let expected =
            "            share  cost\n0.50 [0.25, 0.75]     3\n                -     4\n";
        assert_eq!(sheet.table().aligned(), expected);
        assert!(super::csv(&[sheet]).contains("\r\n0.5,0.25,0.75,3\r\n"));
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
