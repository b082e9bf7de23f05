//! sshd's pattern lists: `alice,b*,!bob`, see PATTERNS in ssh_config(5).

/// Tells whether `name` is chosen by a comma-separated list. A negated match refuses at once; a
/// list of negated patterns only chooses nobody.
pub(crate) fn list_matches(list: &str, name: &str) -> bool {
    let mut chosen = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated, name) => return false,
            Some(_) => {}
            None => chosen |= matches(pattern, name),
        }
    }
    chosen
}

/// Matches `*` and `?`.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // reached[n]: the pattern so far can stand for the first n characters of the name.
    let mut reached = vec![false; name.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for c in pattern {
        let mut next = vec![false; name.len() + 1];
        for (n, slot) in next.iter_mut().enumerate() {
            let before = n.checked_sub(1);
            let step = before.is_some_and(|b| reached.get(b) == Some(&true) && (c == '?' || name.get(b) == Some(&c)));
            *slot = if c == '*' { reached.iter().take(n + 1).any(|r| *r) } else { step };
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (list, name, expected) in [
            ("root", "root", true),
            ("alice,root", "root", true),
            ("alice", "root", false),
            ("*", "root", true),
            ("r??t", "root", true),
            ("r*t", "root", true),
            ("r*x", "root", false),
            ("*,!root", "root", false),
            ("!root,*", "root", false),
            ("!alice", "root", false),
            ("", "root", false),
        ] {
            assert_eq!(list_matches(list, name), expected, "{list}");
        }
    }
}
