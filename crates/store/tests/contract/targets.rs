//! Targets and resource groups.

use yagura_model::service::{Arn, Target};

use crate::support::{Db, at, group, id, other_scopes, scope, tag, target, template};

pub(crate) fn names_and_ids_are_unique_in_their_scope(db: &Db) {
    let web = target(1, "ウェブ");
    db.write(|tx| tx.insert_target(&scope(), &web));
    db.conflict(|tx| tx.insert_target(&scope(), &target(1, "other")));
    db.conflict(|tx| tx.insert_target(&scope(), &target(2, "ウェブ")));
    // Another spelling of the same letters is another name.
    db.write(|tx| tx.insert_target(&scope(), &target(2, "Web")));
    db.write(|tx| tx.insert_target(&scope(), &target(3, "web")));
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.count_targets(&other)), 0);
        assert_eq!(db.read(|tx| tx.target(&other, &id(1))), None);
        db.write(|tx| tx.insert_target(&other, &web));
        assert_eq!(db.read(|tx| tx.target_by_arn(&other, &Arn::target(&scope(), &id(1)))), None);
    }
    assert_eq!(db.read(|tx| tx.count_targets(&scope())), 3);
    assert_eq!(db.read(|tx| tx.target_by_name(&scope(), "Web")).unwrap().id, id(2));
    assert_eq!(db.read(|tx| tx.target_by_name(&scope(), "WEB")), None);
    assert_eq!(db.read(|tx| tx.target_by_arn(&scope(), &Arn::target(&scope(), &id(1)))).as_ref(), Some(&web));
    // The ARN of a template leads to its target.
    let below = Arn::template(&scope(), &id(1), &id(9));
    assert_eq!(db.read(|tx| tx.target_by_arn(&scope(), &below)).as_ref(), Some(&web));
    let renamed = Target { name: "改名".into(), resource_group: Some(id(7)), updated_at: at(5), ..web.clone() };
    assert!(db.write(|tx| tx.update_target(&scope(), &renamed)));
    assert_eq!(db.read(|tx| tx.target(&scope(), &id(1))), Some(renamed));
    db.conflict(|tx| tx.update_target(&scope(), &Target { name: "web".into(), ..web.clone() }).map(drop));
    assert!(!db.write(|tx| tx.update_target(&scope(), &target(44, "nobody"))));
    assert_eq!(db.read(|tx| tx.target(&other_scopes()[0], &id(1))).unwrap().name, "ウェブ", "others' stay");
}

pub(crate) fn lists_of_targets_go_on_where_they_stopped(db: &Db) {
    for number in 1..=5 {
        db.write(|tx| tx.insert_target(&scope(), &target(number, &format!("name {number}"))));
    }
    let page = |after, limit| db.read(|tx| tx.list_targets(&scope(), None, after, limit));
    let names = |page: &[(i64, Target)]| page.iter().map(|(_, target)| target.name.clone()).collect::<Vec<_>>();
    let first = page(0, 2);
    assert_eq!(names(&first), ["name 1", "name 2"]);
    // One comes and one goes between two pages: no other is seen twice or missed.
    db.write(|tx| tx.insert_target(&scope(), &target(6, "name 6")));
    db.write(|tx| tx.delete_target(&scope(), &id(4), at(9)));
    let second = page(first[1].0, 10);
    assert_eq!(names(&second), ["name 3", "name 5", "name 6"]);
    assert_eq!(page(second[2].0, 10), []);

    let odd = ["50% off", "500 off", "a_b", "aXb", "bang!", r"back\slash", "Größe"];
    for (number, name) in (11..).zip(odd) {
        db.write(|tx| tx.insert_target(&scope(), &target(number, name)));
    }
    let like = |pattern: &str| names(&db.read(|tx| tx.list_targets(&scope(), Some(pattern), 0, 100)));
    for name in odd {
        assert_eq!(like(name), [name]);
    }
    assert_eq!(like("50%*"), ["50% off"]);
    assert_eq!(like("*!"), ["bang!"]);
    assert_eq!(like(r"back\*"), [r"back\slash"]);
    assert_eq!(like(r"*\slash"), [r"back\slash"]);
    assert_eq!(like("gr*"), [""; 0], "the case counts");
    assert_eq!(like("Gr*ß*"), ["Größe"]);
    assert_eq!(like("name"), [""; 0], "the whole name is meant");
    assert_eq!(like("*"), names(&page(0, 100)));
}

pub(crate) fn resource_groups_choose_hosts_and_decide_rights(db: &Db) {
    let tags = [tag("Env", "本番"), tag("empty", "")];
    db.write(|tx| tx.insert_resource_group(&scope(), &group(1, &tags)));
    db.conflict(|tx| tx.insert_resource_group(&scope(), &group(1, &[])));
    assert_eq!(db.read(|tx| tx.resource_group(&scope(), &id(1))), Some(group(1, &tags)));
    assert_eq!(db.read(|tx| tx.resource_group(&scope(), &id(2))), None);
    assert_eq!(db.read(|tx| tx.count_resource_groups(&scope())), 1);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.resource_group(&other, &id(1))), None);
        assert_eq!(db.read(|tx| tx.count_resource_groups(&other)), 0);
    }
    let everybody = target(1, "everybody");
    let some = Target { resource_group: Some(id(1)), ..target(2, "some") };
    let nobody = Target { resource_group: Some(id(9)), ..target(3, "its group is not there") };
    for target in [&everybody, &some, &nobody] {
        db.write(|tx| tx.insert_target(&scope(), target));
    }
    assert_eq!(db.read(|tx| tx.target_tags(&scope(), &everybody)), None);
    assert_eq!(db.read(|tx| tx.target_tags(&scope(), &some)).as_deref(), Some(&tags[..]));
    assert_eq!(db.read(|tx| tx.target_tags(&scope(), &nobody)).as_deref(), Some(&[][..]));
    let choose = |number| db.read(|tx| tx.tags_that_choose_hosts(&scope(), &id(number)));
    assert_eq!(choose(1), None);
    assert_eq!(choose(2).as_deref(), Some(&tags[..]));
    assert_eq!(choose(3).as_deref(), Some(&[][..]));
    assert_eq!(choose(4).as_deref(), Some(&[][..]), "a target that is not there has no host");

    db.write(|tx| tx.insert_template(&scope(), &template(5, 2, "weekly")));
    let decide = |arn: &Arn| db.read(|tx| tx.deciding_tags(&scope(), arn));
    assert_eq!(decide(&Arn::target(&scope(), &id(2))), tags);
    assert_eq!(decide(&Arn::target(&scope(), &id(1))), []);
    assert_eq!(decide(&Arn::resource_group(&scope(), &id(1))), tags);
    assert_eq!(decide(&Arn::template(&scope(), &id(2), &id(5))), [tag("team", "blue")]);
    let run = Arn::run(&scope(), &id(2), &id(5), &id(6));
    assert_eq!(decide(&run.finding(&id(1))), [tag("team", "blue")], "a template's decide about all below it");
    assert_eq!(decide(&Arn::target(&other_scopes()[0], &id(2))), []);
}
