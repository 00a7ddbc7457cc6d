//! Texts too long for a record lie beside the log, are checked wherever they are read, and go when
//! no event names them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use convoke_events::testkit::interaction;
use convoke_events::{
    Append, AppendError, BodyError, Clock, Digest, Expected, Log, MAX_TEXT, Options, Query,
    ReadError, SystemClock, TextBody, TextName, Texts,
};

fn long(length: usize) -> String {
    "All work and no play. ".chars().cycle().take(length).collect()
}

fn open(directory: &Path) -> Log {
    Log::open(directory, Options::default()).unwrap()
}

fn body(log: &Log, position: u64) -> Option<String> {
    let at = position.to_string().parse().unwrap();
    let event = log.read(Query::all().from(at).to(at)).next().unwrap().unwrap();
    event.texts.get(&TextName::BODY).map(str::to_owned)
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn file_of(directory: &Path, content: &str) -> PathBuf {
    let digest = Digest::of(content.as_bytes()).to_string();
    directory.join("bodies/samples").join(&digest[..2]).join(digest)
}

#[test]
fn a_long_text_is_read_like_a_short_one() {
    let directory = tempfile::tempdir().unwrap();
    for log in [Log::in_memory(), open(directory.path())] {
        for length in [0, 4_096, 4_097, 100_000, MAX_TEXT] {
            let receipt = log.append(interaction("a", &long(length))).wait().unwrap();
            assert_eq!(body(&log, receipt.first.get()), Some(long(length)), "{length} bytes");
        }
        assert_eq!(log.verify().unwrap().events, 5);
    }
    let log = open(directory.path());
    assert_eq!(body(&log, 5), Some(long(MAX_TEXT)));
    assert_eq!(files(&directory.path().join("bodies")).len(), 3, "only what is long is beside it");
}

#[test]
fn a_long_text_lies_under_its_hub_and_digest_before_the_append_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let content = long(10_000);
    let landing = log.append(interaction("a", &content));
    assert_eq!(fs::read_to_string(file_of(directory.path(), &content)).unwrap(), content);
    landing.wait().unwrap();
}

#[test]
fn a_query_can_leave_long_texts_where_they_lie() {
    let log = Log::in_memory();
    let content = long(10_000);
    log.append(interaction("a", &content)).wait().unwrap();
    let event = log.read(Query::all().without_bodies()).next().unwrap().unwrap();
    assert_eq!(event.texts.get(&TextName::BODY), None);
    let stored = TextBody::Stored { digest: Digest::of(content.as_bytes()), length: 10_000 };
    assert_eq!(event.texts.iter().next().unwrap().body, stored);
}

#[test]
fn texts_leave_an_event_that_would_pass_its_bound_the_longest_first() {
    let log = Log::in_memory();
    let mut append = interaction("a", "");
    let lengths = [3_000, 3_900, 3_500, 3_800, 3_700, 100];
    let name = |nth: usize| TextName::new(&"t".repeat(nth + 1)).unwrap();
    let texts = lengths.iter().enumerate();
    append.events[0].texts =
        texts.fold(Texts::none(), |texts, (nth, length)| texts.with(name(nth), long(*length)));
    append.clone().prepare().unwrap();
    log.append(append).wait().unwrap();
    let event = log.read(Query::all().without_bodies()).next().unwrap().unwrap();
    let inline = event.texts.iter().map(|text| matches!(text.body, TextBody::Inline(_)));
    assert_eq!(inline.collect::<Vec<_>>(), [true, false, true, true, true, true]);
    let event = log.read(Query::all()).next().unwrap().unwrap();
    for (nth, length) in lengths.into_iter().enumerate() {
        assert_eq!(event.texts.get(&name(nth)), Some(long(length).as_str()));
    }
}

#[test]
fn a_text_past_the_limit_is_refused_with_both_numbers_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { max_text: 20_000, ..Options::default() };
    let log = Log::open(directory.path(), options).unwrap();
    let append = interaction("a", &long(20_001));
    let refused = log.append(append.clone()).wait().unwrap_err();
    assert_eq!(refused.to_string(), "a text takes 20001 bytes, more than the 20000 allowed");
    assert_eq!(log.reader().prepare(append.clone()), Err(refused));
    assert!(log.append(interaction("a", &long(20_000))).wait().is_ok());
    assert_eq!(files(&directory.path().join("bodies")).len(), 1);
    assert!(append.prepare().is_ok() && interaction("a", &long(MAX_TEXT + 1)).prepare().is_err());
}

#[test]
fn an_event_read_from_one_log_can_be_appended_to_another() {
    let (from, to) = (Log::in_memory(), Log::in_memory());
    from.append(interaction("a", &long(10_000))).wait().unwrap();
    let event = from.read(Query::all()).next().unwrap().unwrap();
    let mut append = interaction("a", "");
    append.events[0].texts = event.texts;
    to.append(append).wait().unwrap();
    assert_eq!(body(&to, 1), Some(long(10_000)));
}

#[test]
fn a_text_named_by_digest_alone_must_be_there() {
    let log = Log::in_memory();
    let receipt = log.append(interaction("a", &long(10_000))).wait().unwrap();
    let event = log.read(Query::all().without_bodies()).next().unwrap().unwrap();
    let append = |hub: &str| {
        let mut append = interaction("a", "");
        append.events[0].texts = event.texts.clone();
        Append { hub: hub.parse().unwrap(), ..append }
    };
    assert!(log.append(append("samples")).wait().is_ok());
    let elsewhere = log.append(append("other")).wait().unwrap_err();
    assert!(matches!(elsewhere, AppendError::Body(BodyError::Missing { .. })), "{elsewhere}");
    assert_eq!(log.head().position, receipt.last.get() + 1);
}

#[test]
fn a_changed_or_missing_text_is_named_by_reading_and_by_verifying() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let content = long(10_000);
    log.append(interaction("a", "short")).wait().unwrap();
    log.append(interaction("a", &content)).wait().unwrap();
    let file = file_of(directory.path(), &content);
    let damages: [&dyn Fn(&Path); 4] = [
        &|file| fs::write(file, content.replacen('A', "B", 1)).unwrap(),
        &|file| fs::write(file, &content[..9_999]).unwrap(),
        &|file| fs::write(file, format!("{content}.")).unwrap(),
        &|file| fs::remove_file(file).unwrap(),
    ];
    for damage in damages {
        damage(&file);
        let read: Vec<_> = log.read(Query::all()).collect();
        assert!(read[0].is_ok());
        let error = read[1].as_ref().unwrap_err();
        assert!(matches!(error, ReadError::Body { .. }) && !error.is_retryable(), "{error}");
        let broken = log.verify().unwrap_err();
        assert_eq!(broken.first_bad.get(), 2);
        assert!(broken.why.starts_with("its text `body`: the body store "), "{broken}");
        assert!(log.read(Query::all().without_bodies()).all(|event| event.is_ok()));
        // The same text, written again, heals it.
        log.append(interaction("a", &content)).wait().unwrap();
        log.verify().unwrap();
    }
}

#[test]
fn a_text_that_no_event_names_goes_after_a_day_and_no_other_does() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let (named, orphaned) = (long(10_000), long(20_000));
    log.append(interaction("a", &named)).wait().unwrap();
    let mut refused = interaction("a", &orphaned);
    refused.expected = vec![(refused.events[0].stream.clone(), Expected::Empty)];
    log.append(refused).wait().unwrap_err();
    fs::write(file_of(directory.path(), &orphaned).with_extension("7"), "unfinished").unwrap();
    let here = |content: &str| file_of(directory.path(), content).exists();
    let now = SystemClock::start().now();
    let hours = |hours| now.plus(Duration::from_hours(hours));
    assert_eq!(log.sweep(hours(23)).unwrap().bodies, 0);
    assert!(here(&named) && here(&orphaned));
    let swept = log.sweep(hours(25)).unwrap();
    assert_eq!((swept.bodies, swept.bytes), (1, 20_000));
    assert!(here(&named) && !here(&orphaned));
    assert_eq!(files(&directory.path().join("bodies/samples")).len(), 1);
    assert_eq!(log.sweep(hours(49)).unwrap().bodies, 0);
    log.verify().unwrap();
}

#[test]
fn what_is_left_of_long_ago_is_swept_when_the_log_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let content = long(10_000);
    open(directory.path()).append(interaction("a", &content)).wait().unwrap();
    let orphan = file_of(directory.path(), "nobody names it");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    let file = fs::File::create(&orphan).unwrap();
    let long_ago = fs::metadata(&orphan).unwrap().modified().unwrap() - Duration::from_hours(48);
    file.set_modified(long_ago).unwrap();
    let log = open(directory.path());
    log.close().unwrap();
    // Closing stops a sweep that has not come far; the next opening goes on.
    for _ in 0..100 {
        if !orphan.exists() {
            break;
        }
        let log = open(directory.path());
        log.sweep(SystemClock::start().now()).unwrap();
    }
    assert!(!orphan.exists());
    assert_eq!(body(&open(directory.path()), 1), Some(content));
}
