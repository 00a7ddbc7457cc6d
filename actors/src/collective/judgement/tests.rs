use super::*;

fn check(allowed: &[&str], groups: &[&[&str]], expected: &str) {
    let keys: Vec<(Key, usize)> = [("fix", 1), ("fix-it", 2), ("repair", 2), ("wait", 1)]
        .map(|(key, count)| (key.parse().unwrap(), count))
        .into();
    let named: BTreeMap<&Key, usize> = keys.iter().map(|(key, count)| (key, *count)).collect();
    let allowed: Vec<Key> = allowed.iter().map(|key| key.parse().unwrap()).collect();
    let groups: Vec<Vec<String>> =
        groups.iter().map(|group| group.iter().map(|key| (*key).to_owned()).collect()).collect();
    let found = match group(&named, &allowed, &groups) {
        Ok(groups) => {
            let told = groups.iter().map(|one| format!("{}:{}", one.key, one.members.len()));
            told.collect::<Vec<_>>().join(" ")
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected);
}

#[test]
fn the_key_that_most_name_stands_for_its_group() {
    check(&[], &[&["fix", "fix-it"], &["repair"], &["wait"]], "fix-it:2 repair:1 wait:1");
    check(&[], &[&["repair", "fix-it", "fix"], &["wait"]], "fix-it:3 wait:1");
}

#[test]
fn a_key_that_an_answer_could_choose_stands_for_its_group() {
    check(&["fix", "wait"], &[&["fix", "fix-it", "repair"], &["wait"]], "fix:3 wait:1");
    check(
        &["fix", "wait"],
        &[&["fix", "wait"], &["fix-it"], &["repair"]],
        "`groups` puts `fix` and `wait` together, and an answer could choose between them",
    );
}

#[test]
fn a_grouping_is_of_the_keys_that_were_named_each_of_them_once() {
    check(
        &[],
        &[&["fix", "burn"], &["fix-it"], &["repair"], &["wait"]],
        "`groups` names `burn`, which no contribution recommends or could choose",
    );
    check(&[], &[&["fix", "fix-it"], &["fix", "repair"]], "`groups` names `fix` twice");
    check(&[], &[&["fix", "fix-it"], &["repair"]], "`groups` does not name `wait`");
}

#[test]
fn what_an_answer_could_choose_stands_for_its_group_though_nobody_named_it() {
    let allowed = ["mend", "hold"];
    let groups: &[&[&str]] = &[&["mend", "fix", "fix-it"], &["repair"], &["wait"], &["hold"]];
    check(&allowed, groups, "mend:3 repair:1 wait:1");
}

#[test]
fn keys_are_read_in_any_spelling() {
    check(&[], &[&["Fix it!", "FIX"], &["Repair"], &["wait"]], "fix-it:2 repair:1 wait:1");
}
