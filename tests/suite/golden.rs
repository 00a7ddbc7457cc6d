//! The bytes of every version of every event stay what they are.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use convoke_events::record::RawRecord;
use convoke_events::testkit::{SampleRecord, sample_records};
use convoke_events::{Event, LogId, record};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden")
}

fn file_of(sample: &SampleRecord) -> PathBuf {
    folder().join(format!("{}.v{}.hex", sample.event_type, sample.version))
}

fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn every_event_is_written_as_it_always_was() {
    let bless = std::env::var_os("CONVOKE_BLESS").is_some();
    for sample in sample_records() {
        let file = file_of(&sample);
        if bless && !file.exists() {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&file, to_hex(&sample.bytes)).unwrap();
        }
        let golden = fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!("{}: {error}; see tests/fixtures/README.md", file.display())
        });
        assert_eq!(to_hex(&sample.bytes), golden, "{} changed on disk", sample.event_type);
    }
}

#[test]
fn every_golden_record_is_read_as_the_event_it_was() {
    for sample in sample_records() {
        let bytes = from_hex(&fs::read_to_string(file_of(&sample)).unwrap());
        let raw = RawRecord::decode(&bytes).unwrap();
        assert_eq!((raw.event_type.as_str(), raw.version), (sample.event_type, sample.version));
        let hash = record::genesis(LogId::derive(&["golden"])).chain(&bytes);
        assert_eq!(raw.into_recorded(hash).unwrap(), sample.recorded);
    }
}

#[test]
fn every_golden_file_belongs_to_an_event_that_can_still_be_read() {
    let mut files = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let raw = RawRecord::decode(&from_hex(&fs::read_to_string(&path).unwrap())).unwrap();
        let name = format!("{}.v{}.hex", raw.event_type, raw.version);
        assert_eq!(path.file_name().unwrap().to_str(), Some(name.as_str()));
        let hash = record::genesis(raw.envelope.log);
        assert!(raw.into_recorded(hash).is_ok(), "{name} can no longer be read");
        files += 1;
    }
    assert!(files >= Event::TYPES.len(), "{files} golden files for {} events", Event::TYPES.len());
}
