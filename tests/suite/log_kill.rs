//! `convoke log append` killed at random moments: every receipt that was printed is in the log.

use std::hint;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use convoke_events::testkit::interaction;
use convoke_events::{Log, Options, Query};
use serde_json::Value;

use crate::binary::{command, convoke, fresh};
use crate::image::Seeded;

const SEED: u64 = 0x0c0f_fee5;

const ROUNDS: u64 = 50;

const KILLED: i32 = 9;

/// Appends until it is killed, after so many receipts and then some; answers what was printed.
fn round(data: &Path, receipts: u64, then: u64) -> Vec<(u64, String)> {
    let mut child = command(data).args(["log", "append"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let feeder = thread::spawn(move || {
        for nth in 0_u64.. {
            let line = format!("{{\"stream\":\"kill\",\"kind\":\"outcome\",\"body\":{nth}}}\n");
            if input.write_all(line.as_bytes()).is_err() {
                break;
            }
        }
    });
    let mut printed = Vec::new();
    let mut line = String::new();
    for _ in 0..receipts {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        printed.push(line.clone());
    }
    for _ in 0..then {
        hint::spin_loop();
    }
    child.kill().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    printed.extend(rest.split_inclusive('\n').map(str::to_owned));
    let ended = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.signal(), Some(KILLED), "{complaint}");
    feeder.join().unwrap();
    // The last line may have been cut short, and nobody could have read it as a receipt.
    let whole = printed.iter().filter(|line| line.ends_with('\n'));
    whole
        .map(|line| {
            let receipt: Value = serde_json::from_str(line).unwrap();
            let hash = receipt["hash"].as_str().unwrap().to_owned();
            (receipt["position"].as_u64().unwrap(), hash)
        })
        .collect()
}

#[test]
fn every_receipt_printed_before_a_kill_is_there_in_order_with_its_hash() {
    let (_place, data) = fresh();
    Log::open(&data, Options::default()).unwrap().close().unwrap();
    let mut seeded = Seeded(SEED);
    let mut receipts: Vec<(u64, String)> = Vec::new();
    for nth in 0..ROUNDS {
        let wanted = if nth % 5 == 0 { 0 } else { seeded.below(300) };
        let printed = round(&data, wanted, seeded.below(2_000_000));
        let last = receipts.last().map_or(0, |(position, _)| *position);
        for (position, _) in printed.iter().take(1) {
            assert!(*position > last, "seed {SEED:#x}, round {nth}: {position} after {last}");
        }
        receipts.extend(printed);
    }
    assert!(receipts.len() > 1_000, "{} receipts are no test", receipts.len());
    let log = Log::open_existing(&data, Options::default()).unwrap();
    let hashes: Vec<String> =
        log.read(Query::all()).map(|event| event.unwrap().hash.to_string()).collect();
    for (position, hash) in &receipts {
        let found = hashes.get(usize::try_from(*position - 1).unwrap());
        assert_eq!(found, Some(hash), "seed {SEED:#x}: position {position}");
    }
    assert!(receipts.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let verified = log.verify().unwrap();
    assert_eq!(verified.events, u64::try_from(hashes.len()).unwrap());
}

#[test]
fn the_second_process_on_one_directory_is_refused_at_once_by_name() {
    let (_place, data) = fresh();
    let log = Log::open(&data, Options::default()).unwrap();
    log.append(interaction("a", "{}")).wait().unwrap();
    // The fastest of a few: how long it takes to start a process is not ours to promise.
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        let complaint = convoke(&data, &["log", "verify"]).failed(1);
        fastest = fastest.min(began.elapsed());
        assert!(complaint.contains(&format!("process {}", std::process::id())), "{complaint}");
    }
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}
