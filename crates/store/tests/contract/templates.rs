//! Templates, subscriptions and previews.

use yagura_model::service::{Arn, EventKind, Template};
use yagura_store::{Preview, TemplateFilter};

use crate::support::{CVE, Db, PRACTICES, at, id, other_scopes, scope, tag, target, template};

pub(crate) fn templates_are_unique_by_name_in_their_target(db: &Db) {
    let weekly = template(1, 1, "週次");
    db.write(|tx| tx.insert_template(&scope(), &weekly));
    db.conflict(|tx| tx.insert_template(&scope(), &template(1, 1, "other")));
    db.conflict(|tx| tx.insert_template(&scope(), &template(2, 1, "週次")));
    db.write(|tx| tx.insert_template(&scope(), &template(2, 9, "週次")));
    assert_eq!(db.read(|tx| tx.template(&scope(), &id(1))).as_ref(), Some(&weekly));
    assert_eq!(db.read(|tx| tx.count_templates(&scope())), 2);
    assert!(db.read(|tx| tx.template_name_is_taken(&scope(), &id(1), "週次")));
    assert!(!db.read(|tx| tx.template_name_is_taken(&scope(), &id(1), "週")));
    let by_arn = |arn: &Arn| db.read(|tx| tx.template_by_arn(&scope(), arn)).map(|template| template.id);
    assert_eq!(by_arn(&Arn::template(&scope(), &id(1), &id(1))), Some(id(1)));
    assert_eq!(by_arn(&Arn::run(&scope(), &id(1), &id(1), &id(5))), Some(id(1)), "the ARN of a run of it");
    assert_eq!(by_arn(&Arn::template(&scope(), &id(9), &id(1))), None, "under another target it is none");
    assert_eq!(by_arn(&Arn::template(&other_scopes()[0], &id(1), &id(1))), None);
    assert!(db.write(|tx| tx.set_template_tags(&scope(), &id(1), &[tag("a", "b")])));
    assert!(!db.write(|tx| tx.set_template_tags(&other_scopes()[1], &id(1), &[])));
    assert_eq!(db.read(|tx| tx.template(&scope(), &id(1))).unwrap().tags, [tag("a", "b")]);
}

pub(crate) fn lists_of_templates_are_narrowed(db: &Db) {
    let short = Template { duration_s: 180, rules: vec![PRACTICES.into()], ..template(1, 1, "Short_1") };
    let both = Template { duration_s: 600, rules: vec![CVE.into(), PRACTICES.into()], ..template(2, 1, "short 2") };
    let long = Template { duration_s: 86_400, ..template(3, 2, "Short%3") };
    for template in [&short, &both, &long] {
        db.write(|tx| tx.insert_template(&scope(), template));
    }
    let list = |filter: TemplateFilter| -> Vec<String> {
        let found = db.read(|tx| tx.list_templates(&scope(), &filter, 0, 10));
        found.into_iter().map(|(_, template)| template.name).collect()
    };
    let all = TemplateFilter::default;
    assert_eq!(list(all()).len(), 3);
    assert_eq!(list(TemplateFilter { targets: vec![id(2), id(9)], ..all() }), ["Short%3"]);
    assert_eq!(list(TemplateFilter { name_pattern: Some("Short*".into()), ..all() }), ["Short_1", "Short%3"]);
    assert_eq!(list(TemplateFilter { name_pattern: Some("Short%*".into()), ..all() }), ["Short%3"]);
    assert_eq!(list(TemplateFilter { duration_s: Some((180, 600)), ..all() }), ["Short_1", "short 2"]);
    assert_eq!(list(TemplateFilter { rules: vec![PRACTICES.into()], ..all() }), ["Short_1", "short 2"]);
    assert_eq!(list(TemplateFilter { rules: vec![CVE.into(), PRACTICES.into()], ..all() }).len(), 3);
    // A part of a name of a rules package is none.
    assert_eq!(list(TemplateFilter { rules: vec![CVE[..20].into()], ..all() }), [""; 0]);
    let first = db.read(|tx| tx.list_templates(&scope(), &all(), 0, 1));
    let rest = db.read(|tx| tx.list_templates(&scope(), &all(), first[0].0, 10));
    assert_eq!(rest.iter().map(|(_, template)| template.name.as_str()).collect::<Vec<_>>(), ["short 2", "Short%3"]);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.list_templates(&other, &all(), 0, 10)), []);
    }
}

pub(crate) fn subscriptions_are_counted_listed_and_ended(db: &Db) {
    const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:通知";
    db.write(|tx| tx.insert_target(&scope(), &target(1, "web")));
    db.write(|tx| tx.insert_template(&scope(), &template(1, 1, "one")));
    db.write(|tx| tx.insert_template(&scope(), &template(2, 1, "two")));
    let subscribe = |template, topic: &str, event, seconds| {
        db.write(|tx| tx.subscribe(&scope(), &id(template), topic, event, at(seconds)))
    };
    assert!(subscribe(1, TOPIC, EventKind::RunStarted, 1));
    assert!(!subscribe(1, TOPIC, EventKind::RunStarted, 2), "it is already");
    assert!(subscribe(1, "other", EventKind::RunStarted, 3));
    assert!(subscribe(1, TOPIC, EventKind::RunCompleted, 4));
    assert!(subscribe(2, TOPIC, EventKind::RunStarted, 5));
    assert!(db.read(|tx| tx.is_subscribed(&scope(), &id(1), TOPIC, EventKind::RunCompleted)));
    assert!(!db.read(|tx| tx.is_subscribed(&scope(), &id(2), TOPIC, EventKind::RunCompleted)));
    assert_eq!(db.read(|tx| tx.count_subscriptions(&scope(), &id(1))), 3);
    assert_eq!(db.read(|tx| tx.topics_of(&scope(), &id(1), EventKind::RunStarted)), [TOPIC, "other"]);
    let list = |template: Option<u64>, after, limit| {
        db.read(|tx| tx.list_subscriptions(&scope(), template.map(id).as_ref(), after, limit))
    };
    let all = list(None, 0, 10);
    assert_eq!(all.iter().map(|one| one.topic.as_str()).collect::<Vec<_>>(), [TOPIC, "other", TOPIC]);
    assert_eq!(all[0].events, [(EventKind::RunStarted, at(1)), (EventKind::RunCompleted, at(4))]);
    assert_eq!(all[0].template, Arn::template(&scope(), &id(1), &id(1)));
    let first = list(None, 0, 1);
    assert_eq!(list(None, first[0].seq, 10), all[1..]);
    assert_eq!(list(Some(2), 0, 10), all[2..]);
    assert!(db.write(|tx| tx.unsubscribe(&scope(), &id(1), TOPIC, EventKind::RunStarted)));
    assert!(!db.write(|tx| tx.unsubscribe(&scope(), &id(1), TOPIC, EventKind::RunStarted)));
    assert_eq!(db.read(|tx| tx.count_subscriptions(&scope(), &id(1))), 2);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.list_subscriptions(&other, None, 0, 10)), []);
    }
}

pub(crate) fn previews_belong_to_their_template(db: &Db) {
    db.write(|tx| tx.insert_template(&scope(), &template(1, 1, "one")));
    let preview =
        Preview { token: "t".into(), template: id(1), created_at: at(5), done: false, exclusions: Vec::new() };
    db.write(|tx| tx.put_preview(&scope(), &preview));
    assert_eq!(db.read(|tx| tx.preview(&scope(), "t")).as_ref(), Some(&preview));
    let being_made = |template, since| db.read(|tx| tx.preview_is_being_made(&scope(), &id(template), at(since)));
    assert_eq!((being_made(1, 4), being_made(1, 5), being_made(2, 4)), (true, false, false));
    let found = |arn: &Arn| db.read(|tx| tx.template_to_preview(&scope(), arn)).map(|template| template.name);
    assert_eq!(found(&Arn::template(&scope(), &id(1), &id(1))).as_deref(), Some("one"));
    assert_eq!(found(&Arn::template(&scope(), &id(2), &id(1))), None);
    assert_eq!(found(&Arn::target(&scope(), &id(1))), None);
    for other in other_scopes() {
        assert_eq!(db.read(|tx| tx.preview(&other, "t")), None);
        assert_eq!(db.write(|tx| tx.forget_previews(&other, at(9))), 0);
    }
    db.write(|tx| tx.put_preview(&scope(), &Preview { done: true, ..preview.clone() }));
    assert!(!being_made(1, 4));
    assert_eq!(db.write(|tx| tx.forget_previews(&scope(), at(4))), 0);
    assert_eq!(db.write(|tx| tx.forget_previews(&scope(), at(5))), 1);
    assert_eq!(db.read(|tx| tx.preview(&scope(), "t")), None);
}
