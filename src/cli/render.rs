//! How answers look: tables for people on a terminal, plain aligned lines otherwise, JSON on demand.

mod columns;

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, presets};
use serde::Serialize;

pub(super) use self::columns::Columns;

/// Where answers go, and in what shape.
pub(in crate::cli) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    /// Whether programs read it.
    pub(super) json: bool,
    terminal: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let out = io::stdout().lock();
        let terminal = out.is_terminal();
        Self { out: BufWriter::new(out), json, terminal }
    }

    /// Writes one line; what people or models wrote must have gone through [`plain`].
    pub(super) fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// Writes one JSON document on a line of its own.
    pub(super) fn json(&mut self, document: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, document)?;
        writeln!(self.out)
    }

    /// Where lines go that are JSON already.
    pub(super) fn writer(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Writes a table.
    pub(super) fn table(&mut self, table: &Table) -> io::Result<()> {
        let drawn = if self.terminal { table.drawn() } else { None };
        let text = drawn.unwrap_or_else(|| table.aligned());
        self.out.write_all(text.as_bytes())
    }

    /// Writes things side by side, or one below the other where nobody's terminal is wide enough.
    pub(super) fn columns(&mut self, columns: &Columns) -> io::Result<()> {
        let width = comfy_table::Table::new().width().filter(|_| self.terminal);
        let drawn = width.and_then(|width| columns.drawn(usize::from(width)));
        let text = drawn.unwrap_or_else(|| columns.stacked());
        self.out.write_all(text.as_bytes())
    }

    /// Writes a name and a value of one thing.
    pub(super) fn fact(&mut self, name: &str, value: impl Display) -> io::Result<()> {
        self.line(format_args!("{name:<14}{value}"))
    }

    /// Writes a text of several lines, indented.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            self.line(format_args!("  {}", plain(line)))?;
        }
        Ok(())
    }

    /// Hands everything written so far to whoever reads it.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What a frame adds to the width of a column.
const FRAME: usize = 3;

/// The least width of the column that gives way.
const LAST: usize = 24;

/// Rows under headings.
pub(super) struct Table {
    headings: Vec<&'static str>,
    numbers: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings; one that ends in `#` heads a column of numbers.
    pub(super) fn new(headings: &[&'static str]) -> Self {
        let numbers = (0..).zip(headings).filter(|(_, heading)| heading.ends_with('#'));
        Self {
            numbers: numbers.map(|(index, _)| index).collect(),
            headings: headings.iter().map(|heading| heading.trim_end_matches('#')).collect(),
            rows: Vec::new(),
        }
    }

    /// One row more.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// The table in a frame; nothing where the terminal is too narrow for one. Ids and figures stay
    /// whole, so that they can be copied: only the last column gives way.
    fn drawn(&self) -> Option<String> {
        let mut table = comfy_table::Table::new();
        let widths = self.widths();
        let (giving, others) = widths.split_last()?;
        let framed: usize = others.iter().map(|width| width.saturating_add(FRAME)).sum();
        let least = framed.saturating_add(FRAME).saturating_add(*giving.min(&LAST));
        table.width().filter(|width| usize::from(*width) > least)?;
        table
            .load_preset(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(self.headings.clone());
        for row in &self.rows {
            table.add_row(row);
        }
        for index in &self.numbers {
            if let Some(column) = table.column_mut(*index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for index in 0..others.len() {
            if let Some(column) = table.column_mut(index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        Some(format!("{table}\n"))
    }

    /// The longest cell of every column, in characters.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> =
            self.headings.iter().map(|name| name.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        widths
    }

    /// The table as lines of aligned columns.
    pub(super) fn aligned(&self) -> String {
        let headings: Vec<String> = self.headings.iter().map(ToString::to_string).collect();
        let widths = self.widths();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                let number = self.numbers.contains(&index);
                let (before, after) = if number { (pad.as_str(), "") } else { ("", pad.as_str()) };
                line.extend([before, cell, after, "  "]);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// The text without the characters that could command a terminal or turn its words around.
pub(super) fn plain(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (c.is_control() && c != '\t') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// The beginning of a text, on one line.
pub(super) fn brief(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// A number with its thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Micro-dollars as dollars, to the last digit that is not zero and at least to the cent.
pub(super) fn dollars(micro_usd: u64) -> String {
    let (whole, rest) = (micro_usd / 1_000_000, micro_usd % 1_000_000);
    let rest = format!("{rest:06}");
    let rest = rest.trim_end_matches('0');
    format!("${}.{rest:0<2}", grouped(whole))
}

/// The value, or a dash where there is none.
pub(super) fn or_dash<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let grouped: Vec<String> = [0, 999, 1_000, 1_234_567].map(grouped).into();
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn money_keeps_every_digit_that_counts() {
        let dollars: Vec<String> = [0, 1_500_000, 12, 1_000_000_010].map(dollars).into();
        assert_eq!(dollars, ["$0.00", "$1.50", "$0.000012", "$1,000.00001"]);
    }

    #[test]
    fn a_text_cannot_command_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }

    #[test]
    fn plain_tables_are_aligned_and_end_their_lines_without_blanks() {
        let mut table = Table::new(&["name", "count#", "note"]);
        table.row(["forge".to_owned(), "7".to_owned(), "first".to_owned()]);
        table.row(["mace".to_owned(), "1,200".to_owned(), String::new()]);
        let expected = "name   count  note\nforge      7  first\nmace   1,200\n";
        assert_eq!(table.aligned(), expected);
    }

    #[test]
    fn a_brief_text_is_one_line_of_at_most_its_length() {
        assert_eq!(brief("one\n two  three", 40), "one two three");
        assert_eq!(brief("one two three", 8), "one two…");
    }
}
