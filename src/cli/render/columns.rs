//! Columns: things side by side, as many as the terminal is wide; else one below the other.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{FRAME, plain};

/// The least width of a column that holds somebody's words.
const LEAST: usize = 28;

/// Things that are told apart by the same fields.
pub(in crate::cli) struct Columns {
    fields: Vec<&'static str>,
    columns: Vec<(String, Vec<String>)>,
}

impl Columns {
    /// Things with these fields.
    pub(in crate::cli) fn new(fields: &[&'static str]) -> Self {
        Self { fields: fields.to_vec(), columns: Vec::new() }
    }

    /// One thing more, with a value for every field; an empty one is not shown.
    pub(in crate::cli) fn column(
        &mut self,
        heading: &str,
        values: impl IntoIterator<Item = String>,
    ) {
        let clean = |text: String| text.lines().map(plain).collect::<Vec<_>>().join("\n");
        self.columns.push((plain(heading), values.into_iter().map(clean).collect()));
    }

    /// The things side by side, in bands of as many as fit; nothing where not even two do.
    pub(super) fn drawn(&self, width: usize) -> Option<String> {
        let names = self.fields.iter().map(|field| field.chars().count()).max()?;
        let room = width.checked_sub(names.saturating_add(FRAME).saturating_add(1))?;
        let fit = room / LEAST.saturating_add(FRAME);
        if fit < 2 || self.columns.len() < 2 {
            return None;
        }
        // Bands of about the same number, so that none is left with one.
        let bands = self.columns.len().div_ceil(fit);
        let in_band = self.columns.len().div_ceil(bands);
        let each = (room / in_band).saturating_sub(FRAME);
        Some(self.columns.chunks(in_band).map(|band| self.band(band, each)).collect())
    }

    fn band(&self, band: &[(String, Vec<String>)], each: usize) -> String {
        let mut table = Table::new();
        table
            .load_preset(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(
                std::iter::once("").chain(band.iter().map(|(heading, _)| heading.as_str())),
            );
        for (place, field) in self.fields.iter().enumerate() {
            let values = || band.iter().filter_map(|(_, values)| values.get(place));
            if values().any(|value| !value.is_empty()) {
                table.add_row(std::iter::once(*field).chain(values().map(String::as_str)));
            }
        }
        // The padding belongs to the width of a column.
        let each = u16::try_from(each.saturating_add(2)).unwrap_or(u16::MAX);
        for column in table.column_iter_mut().skip(1) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(each)));
        }
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(u16::MAX);
        format!("{table}\n")
    }

    /// The things one below the other.
    pub(super) fn stacked(&self) -> String {
        let names = self.fields.iter().map(|field| field.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (heading, values) in &self.columns {
            text.push_str(heading);
            text.push('\n');
            for (field, value) in self.fields.iter().zip(values) {
                let mut name = *field;
                for line in value.lines() {
                    let line = format!("  {name:<names$}  {line}");
                    text.push_str(line.trim_end());
                    text.push('\n');
                    name = "";
                }
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Columns {
        let mut columns = Columns::new(&["recommends", "says", "assumes"]);
        columns.column(
            "forge",
            ["fix", "It is broken, and has been for a year", ""].map(str::to_owned),
        );
        columns.column("helm", ["wait", "one\ntwo", ""].map(str::to_owned));
        columns.column("quill", ["fix\u{1b}[2J", "", ""].map(str::to_owned));
        columns
    }

    fn widest(drawn: &str) -> usize {
        drawn.lines().map(|line| line.chars().count()).max().unwrap()
    }

    #[test]
    fn as_many_stand_side_by_side_as_the_terminal_is_wide() {
        let wide = three().drawn(120).unwrap();
        assert_eq!(wide.matches("recommends").count(), 1, "{wide}");
        assert!(
            wide.lines().any(|line| line.contains("forge") && line.contains("quill")),
            "{wide}"
        );
        assert!(widest(&wide) <= 120, "{wide}");
        let less = three().drawn(80).unwrap();
        assert_eq!(less.matches("recommends").count(), 2, "{less}");
        assert!(widest(&less) <= 80, "{less}");
        assert!(less.lines().any(|line| line.contains("forge") && line.contains("helm")), "{less}");
    }

    #[test]
    fn a_terminal_that_is_too_narrow_for_two_gets_them_one_below_the_other() {
        assert_eq!(three().drawn(60), None);
        let expected = "forge\n  recommends  fix\n  says        It is broken, and has been for a \
                        year\n\nhelm\n  recommends  wait\n  says        one\n              two\n\n\
                        quill\n  recommends  fix\\u{1b}[2J\n\n";
        assert_eq!(three().stacked(), expected);
    }

    #[test]
    fn a_field_that_is_empty_for_all_is_left_out_and_nothing_else_is() {
        let drawn = three().drawn(200).unwrap();
        assert!(!drawn.contains("assumes"), "{drawn}");
        for part in ["It is broken, and has been for a year", "one", "two", "\\u{1b}[2J"] {
            assert!(drawn.contains(part), "{part} is not in {drawn}");
        }
    }
}
