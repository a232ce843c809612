//! When two expressions are one.

use super::{Defines, Expr, MAX_RULE, Schema, defines, expr};

fn digest(expr: &Expr) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    expr.digest(&mut hasher);
    hasher.finalize()
}

#[test]
fn spelling_is_no_meaning() {
    let with = defines(&[
        ("refused", "party.disconnect_reason in refusals"),
        ("refusals", "[PORT_FULL, 0x6]"),
    ]);
    let defined = |text| Expr::compile(text, Schema::Notification, &with, MAX_RULE).unwrap();
    for (a, b) in [
        (
            expr("party.name=='x'&&meeting.live"),
            expr("(party.name == \"x\") && // so\n meeting.live"),
        ),
        (
            expr("PORT_FULL == party.disconnect_reason || party.name != ''"),
            expr("party.disconnect_reason == PORT_FULL || '' != party.name"),
        ),
        (expr("party.name.size() > 0xa"), expr("size(party.name) > 10")),
        (expr("party.name.matches(r'\\d')"), expr("matches(party.name, '\\\\d')")),
        (
            defined("meeting.live && refused"),
            expr("meeting.live && party.disconnect_reason in [PORT_FULL, 6]"),
        ),
    ] {
        assert_eq!(a, b);
        assert_eq!(digest(&a), digest(&b));
    }
}

#[test]
fn a_changed_define_is_another_meaning() {
    let meaning = |define: &str| {
        let defines = defines(&[("refused", define)]);
        digest(&Expr::compile("refused", Schema::Notification, &defines, MAX_RULE).unwrap())
    };
    assert_ne!(
        meaning("party.disconnect_reason == 5"),
        meaning("party.disconnect_reason == 7")
    );
}

#[test]
fn different_expressions_differ() {
    let texts = [
        "meeting.live && meeting.ended || meeting.muted_all",
        "meeting.live && (meeting.ended || meeting.muted_all)",
        "meeting.live || meeting.ended",
        "meeting.live && meeting.ended",
        "!(meeting.live) && meeting.ended",
        "!(meeting.live && meeting.ended)",
        "party.name == '1'",
        "party.name == '1\"'",
        "party.phone == '1'",
        "party.status == 1",
        "party.status == -1",
    ];
    for (i, a) in texts.iter().enumerate() {
        for b in &texts[i + 1..] {
            assert_ne!(digest(&expr(a)), digest(&expr(b)), "{a} / {b}");
        }
    }
}

#[test]
fn a_filter_is_no_condition() {
    let as_filter = Expr::compile("true", Schema::Alert, &Defines::default(), MAX_RULE).unwrap();
    assert_ne!(as_filter, expr("true"));
}

#[test]
fn is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&expr(
        "party.name.matches('a') && occurred_at.getHours('Europe/Berlin') > 8",
    ));
}
