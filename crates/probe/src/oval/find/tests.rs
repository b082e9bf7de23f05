//! What the reference finds in a tree with links, loops and special files, and the bounds.

use yagura_scap::{Collected, Flag, Kind};

use super::super::tests::{collect, compared, entity, pattern_entity};
use super::*;
use crate::host::SpecialKind;
use crate::memory::MemoryHost;

fn tree() -> MemoryHost {
    MemoryHost::new()
        .directory("", 0o755, 0, 0)
        .file("t/a/f1", "one")
        .file("t/a/b/f2", "two")
        .file("t/a/b/c/f3", "3")
        .directory("t/a/.h", 0o755, 0, 0)
        .file("t/e/fe", "e")
        .link("t/la", "a")
        .link("t/a/b/le", "../../e")
        .link("t/a/broken", "nowhere")
        .link("t/a/lf", "f1")
        .link("t/a/b/c/up", "../..")
        .special("t/a/pipe", SpecialKind::Fifo)
        .special("t/a/sock", SpecialKind::Socket)
}

fn shown(collected: &Collected) -> Vec<String> {
    let mut lines: Vec<String> = collected
        .items
        .iter()
        .map(|item| {
            let text = |field| item.value(field).map(ToString::to_string).unwrap_or_default();
            let kind = text(Field::Type);
            let mark = match kind.as_str() {
                "directory" => "/",
                "symbolic link" => "@",
                "regular" => "",
                _ => "!",
            };
            let place = if text(Field::Filepath).is_empty() {
                format!("[{}]", text(Field::Path))
            } else {
                text(Field::Filepath)
            };
            format!("{place}{mark}")
        })
        .collect();
    lines.sort();
    lines
}

fn find_with(behaviors: Behaviors, entities: Vec<Entity>) -> Vec<String> {
    let mut object = Object::new(1, Kind::File, entities);
    object.behaviors = behaviors;
    shown(&collect(&tree(), &object))
}

fn find_plain(entities: Vec<Entity>) -> Vec<String> {
    find_with(Behaviors::default(), entities)
}

fn down(max_depth: i64, recurse: Recurse) -> Behaviors {
    Behaviors { max_depth, recurse, recurse_direction: RecurseDirection::Down, ..Behaviors::default() }
}

fn path(path: &str) -> Vec<Entity> {
    vec![entity(Field::Path, path), Entity::nil(Field::Filename)]
}

fn every_name(path: &str) -> Vec<Entity> {
    vec![entity(Field::Path, path), pattern_entity(Field::Filename, ".*")]
}

const IN_A: [&str; 5] = ["/t/a/broken@", "/t/a/f1", "/t/a/lf@", "/t/a/pipe!", "/t/a/sock!"];

#[test]
fn a_filepath_is_never_a_directory() {
    let one = |path: &str| find_plain(vec![entity(Field::Filepath, path)]);
    assert_eq!(one("/t/a/f1"), ["/t/a/f1"]);
    assert_eq!(one("/t/la/f1"), ["/t/la/f1"]);
    assert_eq!(one("/t/a/broken"), ["/t/a/broken@"]);
    assert_eq!(one("/t/a/pipe"), ["/t/a/pipe!"]);
    assert_eq!(one("/t/a/../a/f1"), ["/t/a/../a/f1"]);
    assert_eq!(one("/../../t/a/f1"), ["/../../t/a/f1"]);
    for path in ["/t/a/b", "/t/a/b/", "/t/la", "/t/a/f1/x", "/none", "", "/", "t/a/f1", "/t/a/.."] {
        assert_eq!(one(path), [""; 0], "{path}");
    }
}

#[test]
fn a_pattern_follows_links_but_not_in_circles() {
    let all = |pattern: &str| find_plain(vec![pattern_entity(Field::Filepath, pattern)]);
    let mut expected = vec!["/t/a/b/c/f3", "/t/a/b/f2", "/t/a/b/le/fe"];
    expected.extend(IN_A);
    assert_eq!(all("^/t/a/.*"), expected);
    assert_eq!(all("^/t/a/f(1|2)$"), ["/t/a/f1"]);
    assert_eq!(all("/e/fe$"), ["/t/e/fe"]);
    assert_eq!(all("^/none/.*"), [""; 0]);
    let directories = find_plain(vec![pattern_entity(Field::Path, "^/t/a"), Entity::nil(Field::Filename)]);
    assert_eq!(directories, ["[/t/a/.h]/", "[/t/a/b/c]/", "[/t/a/b/le]@", "[/t/a/b]/", "[/t/a]/"]);
    let linked = find_plain(vec![pattern_entity(Field::Path, "^/t/l.$"), entity(Field::Filename, "f1")]);
    assert_eq!(linked, ["/t/la/f1"]);
}

#[test]
fn a_path_may_be_a_link_and_a_name_is_no_directory() {
    assert_eq!(find_plain(path("/t/la")), ["[/t/la]@"]);
    assert_eq!(find_plain(path("/t/a/")), ["[/t/a/]/"]);
    assert_eq!(find_plain(path("/")), ["[/]/"]);
    for missing in ["/t/a/f1", "/none", "t/a"] {
        assert_eq!(find_plain(path(missing)), [""; 0]);
    }
    assert_eq!(find_plain(every_name("/t/a")), IN_A);
    assert_eq!(
        find_plain(vec![entity(Field::Path, "/t/a"), compared(Field::Filename, Operation::NotEqual, "/")]),
        IN_A
    );
    assert_eq!(find_plain(vec![entity(Field::Path, "/t/a"), entity(Field::Filename, "b")]), [""; 0]);
    // A link to a directory counts as a name.
    assert_eq!(find_plain(vec![entity(Field::Path, "/t/a/b"), entity(Field::Filename, "le")]), ["/t/a/b/le@"]);
    assert_eq!(find_plain(vec![entity(Field::Path, "/t/la/"), entity(Field::Filename, "f1")]), ["/t/la/f1"]);
}

#[test]
fn recursion_goes_as_told() {
    let directories = ["[/t/a/.h]/", "[/t/a/b/c]/", "[/t/a/b]/", "[/t/a]/"];
    assert_eq!(find_with(down(-1, Recurse::Directories), path("/t/a")), directories);
    assert_eq!(find_with(down(1, Recurse::Directories), path("/t/a")), ["[/t/a/.h]/", "[/t/a/b]/", "[/t/a]/"]);
    assert_eq!(find_with(down(0, Recurse::Directories), path("/t/a")), ["[/t/a]/"]);
    let with_links = ["[/t/a/.h]/", "[/t/a/b/c]/", "[/t/a/b/le]@", "[/t/a/b]/", "[/t/a]/"];
    assert_eq!(find_with(down(-1, Recurse::SymlinksAndDirectories), path("/t/a")), with_links);
    let mut names = vec!["/t/a/b/c/f3", "/t/a/b/c/up@", "/t/a/b/f2", "/t/a/b/le@"];
    names.extend(IN_A);
    assert_eq!(find_with(down(-1, Recurse::Directories), every_name("/t/a")), names);
    assert_eq!(
        find_with(down(2, Recurse::Directories), vec![entity(Field::Path, "/t/a"), entity(Field::Filename, "f3")]),
        ["/t/a/b/c/f3"]
    );
    let up = |max_depth| Behaviors { max_depth, recurse_direction: RecurseDirection::Up, ..Behaviors::default() };
    assert_eq!(find_with(up(1), path("/t/a/b/c")), ["[/t/a/b/c]/", "[/t/a/b]/"]);
    assert_eq!(find_with(up(-1), path("/t/a")), ["[/]/", "[/t/a]/", "[/t]/"]);
    let started = vec![pattern_entity(Field::Path, "^/t/a/b$"), Entity::nil(Field::Filename)];
    assert_eq!(find_with(down(-1, Recurse::Directories), started), ["[/t/a/b/c]/", "[/t/a/b]/"]);
}

#[test]
fn walks_leave_out_other_hosts_and_the_kernel_s_windows() {
    // Every directory of a map is on the device 0:0.
    let mounted = |kind: &str| tree().live().file("proc/self/mountinfo", format!("22 1 0:0 / / rw - {kind} x rw\n"));
    let mut object = Object::new(1, Kind::File, every_name("/t/a"));
    object.behaviors = down(-1, Recurse::Directories);
    assert_eq!(collect(&mounted("ext4"), &object).items.len(), 9);
    let remote = collect(&mounted("nfs4"), &object);
    assert_eq!(remote.items.len(), 5);
    assert!(remote.message.unwrap().contains("left out"));
    object.behaviors.recurse_file_system = RecurseFileSystem::Local;
    assert_eq!(collect(&mounted("fuse.sshfs"), &object).flag, Flag::DoesNotExist);
}

#[test]
fn a_trap_of_links_is_left_in_bounded_time() {
    // Each of these directories leads to all of them: more ways than there are atoms.
    let mut host = MemoryHost::new();
    for from in 0..24 {
        host = host.file(&format!("trap/{from}/file"), "");
        for to in 0..24 {
            host = host.link(&format!("trap/{from}/to{to}"), &format!("../{to}"));
        }
    }
    let wanted = pattern_entity(Field::Filepath, "^/trap/.*/nothing$");
    let visit: &mut Visit<'_> = &mut |_| ControlFlow::Continue(());
    let stops = [|| false, || true];
    for stop in stops {
        let files = Files::new(&host, &stop);
        let behaviors = Behaviors::default();
        let mut search = Search::new(&files, &behaviors, visit);
        search.directories_left = 3_000;
        assert!(search.by_filepath(&wanted).is_break());
        let (stopped, bounded) = (search.ending.stopped, search.ending.bounded);
        assert_eq!((stopped, bounded.is_some()), if stop() { (true, false) } else { (false, true) });
    }
}

#[test]
fn names_are_bounded() {
    let host = (0..50).fold(MemoryHost::new(), |host, n| host.file(&format!("d/{n}"), ""));
    let (go_on, behaviors) = (|| false, Behaviors::default());
    let files = Files::new(&host, &go_on);
    let visit: &mut Visit<'_> = &mut |_| ControlFlow::Continue(());
    let mut search = Search::new(&files, &behaviors, visit);
    search.names_left = 49;
    assert!(search.by_path(&entity(Field::Path, "/d"), Some(&pattern_entity(Field::Filename, "x"))).is_break());
    assert!(search.ending.bounded.is_some());
}

#[test]
fn deep_directories_are_said_to_be_cut() {
    let deep = MemoryHost::new().file(&format!("d{}/end", "/d".repeat(DEPTH_MAX + 5)), "");
    let mut object = Object::new(1, Kind::File, vec![entity(Field::Path, "/d"), entity(Field::Filename, "end")]);
    object.behaviors = down(-1, Recurse::Directories);
    let found = collect(&deep, &object);
    assert_eq!((found.flag, found.items.len()), (Flag::Incomplete, 0));
    object.behaviors.max_depth = 5;
    assert_eq!(collect(&deep, &object).flag, Flag::DoesNotExist);
}

#[test]
fn starts_are_the_literal_directories() {
    let host = tree();
    let go_on = || false;
    let files = Files::new(&host, &go_on);
    let behaviors = Behaviors::default();
    let visit: &mut Visit<'_> = &mut |_| ControlFlow::Continue(());
    let search = Search::new(&files, &behaviors, visit);
    assert_eq!(search.starts(&pattern_entity(Field::Filepath, r"^/etc/pam\.d/.*$")), ["/etc/pam.d"]);
    assert_eq!(search.starts(&pattern_entity(Field::Filepath, r"^/etc/(a|b)$")), ["/etc"]);
    assert_eq!(search.starts(&pattern_entity(Field::Filepath, r"^/et.*$")), ["/"]);
    assert_eq!(search.starts(&pattern_entity(Field::Filepath, r"/etc/x")), ["/"]);
    assert_eq!(search.starts(&compared(Field::Path, Operation::NotEqual, "/etc")), ["/"]);
}
