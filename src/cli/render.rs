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
        let width = self.terminal.then(|| comfy_table::Table::new().width()).flatten();
        let text = width.map_or_else(|| table.aligned(), |width| table.fitted(width));
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

    /// The table as a terminal of this width shows it best: in a frame, else as aligned columns,
    /// else row by row. Nothing is left out.
    fn fitted(&self, width: u16) -> String {
        let fits = |text: &String| text.lines().all(|line| line.chars().count() <= width.into());
        self.framed(width)
            .or_else(|| Some(self.aligned()).filter(fits))
            .unwrap_or_else(|| self.stacked(width))
    }

    /// The table in a frame; nothing where there is too little room for one. Ids and figures stay
    /// whole, so that they can be copied: only the last column gives way.
    fn framed(&self, width: u16) -> Option<String> {
        let mut table = comfy_table::Table::new();
        let widths = self.widths();
        let (giving, others) = widths.split_last()?;
        let framed: usize = others.iter().map(|width| width.saturating_add(FRAME)).sum();
        let least = framed.saturating_add(FRAME).saturating_add(*giving.min(&LAST));
        Some(width).filter(|width| usize::from(*width) > least)?;
        table
            .set_width(width)
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

    /// Row by row, every cell behind its heading, as many to a line as fit.
    fn stacked(&self, width: u16) -> String {
        if self.rows.is_empty() {
            return "nothing to show\n".to_owned();
        }
        let width = usize::from(width);
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            let mut used = 0;
            for (heading, cell) in self.headings.iter().zip(row) {
                let pair =
                    if heading.is_empty() { cell.clone() } else { format!("{heading}: {cell}") };
                let length = pair.chars().count();
                let (gap, begins) = match used {
                    0 => ("", true),
                    used if used + 2 + length <= width => ("  ", false),
                    _ => ("\n  ", true),
                };
                used =
                    if begins { gap.len().saturating_sub(1) + length } else { used + 2 + length };
                text.extend([gap, &pair]);
            }
            text.push('\n');
        }
        text
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

    /// A table of 3 columns of which the last is long, and of 20 of which all are short.
    fn tables() -> [Table; 2] {
        let mut long = Table::new(&["name", "count#", "note"]);
        for name in ["forge", "mace"] {
            long.row([name.to_owned(), "1,200".to_owned(), "it was asked before ".repeat(6)]);
        }
        let mut wide = Table::new(&["figure#"; 20]);
        for row in 0..3 {
            wide.row((0..20).map(|column| format!("{row}.{column:04}")));
        }
        [long, wide]
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_nothing_is_left_out() {
        for table in tables() {
            let letters = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).count();
            let all: usize = table.rows.iter().flatten().map(|cell| letters(cell)).sum();
            for width in [40, 60, 80, 100, 132, 200, 400] {
                let text = table.fitted(width);
                let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= width.into() || table.headings.len() == 3, "{width}:\n{text}");
                assert!(letters(&text) > all, "{width}:\n{text}");
            }
        }
    }

    #[test]
    fn a_table_without_rows_says_so_on_every_terminal() {
        for headings in [&["name", "note"][..], &["figure#"; 20]] {
            for width in [20, 80, 400] {
                let text = Table::new(headings).fitted(width);
                assert!(!text.trim().is_empty(), "{width}");
            }
        }
        assert_eq!(Table::new(&["figure#"; 20]).fitted(80), "nothing to show\n");
    }

    #[test]
    fn a_table_is_framed_where_there_is_room_and_told_row_by_row_where_there_is_none() {
        let [long, wide] = tables();
        assert!(long.fitted(60).starts_with('┌'));
        assert!(wide.fitted(200).starts_with('┌'));
        assert!(wide.fitted(170).starts_with("figure  figure"), "{}", wide.fitted(170));
        let stacked = wide.fitted(40);
        assert!(
            stacked.starts_with("figure: 0.0000  figure: 0.0001\n  figure: 0.0002"),
            "{stacked}"
        );
        assert_eq!(stacked.split("\n\n").count(), 3);
    }

    #[test]
    fn a_brief_text_is_one_line_of_at_most_its_length() {
        assert_eq!(brief("one\n two  three", 40), "one two three");
        assert_eq!(brief("one two three", 8), "one two…");
    }
}
