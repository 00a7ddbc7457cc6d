//! Whatever happens in whatever order: every way to a view gives the same view.

use std::fmt::Debug;
use std::path::Path;

use convoke_events::*;

use super::agreement::*;
use super::delegating::*;
use super::federation::*;
use super::history::*;
use crate::*;

/// Draws that follow from a seed (`SplitMix64`).
struct Draws(u64);

impl Draws {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let nth = self.below(u64::try_from(all.len()).unwrap());
        &all[usize::try_from(nth).unwrap()]
    }
}

/// Whole stories, beginnings of stories, and events out of any story, some of them twice.
fn happened(seed: u64) -> History {
    let mut draws = Draws(seed);
    let mut history = opened();
    let samples = testkit::samples();
    for _ in 0..12 {
        let name = *draws.of(&["login", "search", "export"]);
        match draws.below(6) {
            0 => submit(&mut history, name),
            1 => convene(&mut history, name),
            2 => {
                agreed(&mut history, name);
            }
            3 => handed_over(&mut history, name),
            _ => {
                for _ in 0..draws.below(20) {
                    let (event, texts) = draws.of(&samples).clone();
                    history.add(event, texts);
                }
            }
        }
        history.pass(draws.below(20));
    }
    history
}

fn name<V: Projection>(names: &mut Vec<&'static str>) {
    names.push(V::NAME);
}

#[test]
fn no_view_is_left_out() {
    let mut tested = Vec::new();
    every_view!(name(&mut tested));
    tested.sort_unstable();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
    let mut written: Vec<String> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let view = text.split_once("\nimpl Projection for ")?.1;
            let name = view.split_once("const NAME: &'static str = \"")?.1;
            Some(name.split_once('"')?.0.to_owned())
        })
        .collect();
    written.sort_unstable();
    assert_eq!(tested, written);
}

/// Every way to a view as it is at the head and at a position before.
fn one_view<V: Projection + PartialEq + Debug>(history: &History, earlier: Position, place: &Path) {
    let log = &history.log;
    let head = Position::new(log.head().position).unwrap();
    let rebuilt = fold_to_head::<V>(log).unwrap();
    assert_eq!(rebuilt.position, head.get());
    let live = Live::<V>::follow(log.clone()).unwrap();
    assert_eq!(*live.wait_for_blocking(head).unwrap(), rebuilt, "{} live", V::NAME);
    assert_eq!(as_of::<V>(log, head).unwrap(), rebuilt, "{} as of the head", V::NAME);
    let run = |until: Option<Moment>| {
        let mut lineup = Lineup::of(log.clone()).checkpoints(place);
        let view = lineup.add::<V>();
        lineup.run(until).unwrap();
        view.view()
    };
    let mut alone = At::<V>::default();
    for event in log.read(Query::all().to(earlier)) {
        alone.take(&event.unwrap());
    }
    assert_eq!(*run(Some(Moment::Position(earlier))), alone, "{} as of {earlier}", V::NAME);
    let hash = log.read(Query::all().from(earlier)).next().unwrap().unwrap().hash;
    checkpoint::save(place, &alone, hash).unwrap();
    assert_eq!(*run(None), rebuilt, "{} from a checkpoint at {earlier}", V::NAME);
    assert_eq!(*live.rebuild().unwrap(), rebuilt, "{} rebuilt in place", V::NAME);
}

#[test]
fn live_rebuilt_resumed_and_as_of_are_one_for_every_view_of_any_history() {
    for seed in 0..6 {
        let history = happened(seed);
        let place = tempfile::tempdir().unwrap();
        let place = place.path();
        let head = history.log.head().position;
        let earlier = Position::after(Draws(!seed).below(head));
        println!("seed {seed}: {head} events, earlier {earlier}");
        every_view!(one_view(&history, earlier, place));
    }
}
