//! Every mistake of meaning: its place, its words, its advice.

use super::{Defines, Expr, MAX_FILTER, MAX_RULE, Mistake, Schema, compile, defines};

/// A mistake as `place | message | advice`.
fn tell(text: &str, mistake: &Mistake) -> String {
    let advice = mistake
        .advice
        .as_deref()
        .map(|advice| format!(" | {advice}"))
        .unwrap_or_default();
    format!("{} | {}{advice}", &text[mistake.span.clone()], mistake.message)
}

/// Compares with a page of expressions, the mistakes of each indented below it.
fn check(schema: Schema, page: &str) {
    let mut told = String::from("\n");
    for text in page.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')) {
        let mistakes = compile(text, schema).err().unwrap_or_default();
        told += &format!("{text}\n");
        for mistake in mistakes {
            told += &format!("    {}\n", tell(text, &mistake));
        }
    }
    assert_eq!(told, page);
}

#[test]
fn names() {
    check(
        Schema::Notification,
        r"
party.stauts == SPEAKING
    stauts | `party` has no `stauts` | did you mean party.status?
party.partyId == '7YY1'
    partyId | `party` has no `partyId` | did you mean party.party_id?
party.present > 3
    present | `party` has no `present` | did you mean meeting.present?
party.disconnect_reason == MEETNG_FULL
    MEETNG_FULL | there is no `MEETNG_FULL` here | did you mean MEETING_FULL?
party.disconnect_reason == port_full
    port_full | there is no `port_full` here | did you mean PORT_FULL?
billing_code == '33333'
    billing_code | there is no `billing_code` here | did you mean conf.billing_code or party.billing_code or meeting.billing_code?
present > 3
    present | there is no `present` here | did you mean meeting.present?
severity == CRITICAL
    severity | there is no `severity` here | only a filter over alerts knows it
    CRITICAL | there is no `CRITICAL` here | only a filter over alerts knows it
acknowledged
    acknowledged | there is no `acknowledged` here | only a filter over alerts knows it
party
    party | `party` is no value by itself | name a part of it: party.billing_code
party == 'x'
    party | `party` is no value by itself | name a part of it: party.billing_code
xyzzy.foo.bar == 1
    xyzzy | there is no `xyzzy` here
party.name.first == 'x'
    party.name.first | `party.name` has no parts to name
PORT_FULL.name == 'x'
    PORT_FULL.name | `PORT_FULL` has no parts to name
party.stauts == SPEAKING && party.nmae == 'x' || conf.state == 1
    stauts | `party` has no `stauts` | did you mean party.status?
    nmae | `party` has no `nmae` | did you mean party.name?
    state | `conf` has no `state`
",
    );
}

#[test]
fn types() {
    check(
        Schema::Notification,
        r"
party.status == PORT_FULL
    PORT_FULL | `party.status` is a participant status, `PORT_FULL` is a disconnect reason | compare PORT_FULL with party.disconnect_reason
PORT_FULL == party.status
    PORT_FULL | `PORT_FULL` is a disconnect reason, `party.status` is a participant status | compare PORT_FULL with party.disconnect_reason
conf.status == SPEAKING
    SPEAKING | `conf.status` is a conference status, `SPEAKING` is a participant status | compare SPEAKING with party.status
conf.status == party.status
    conf.status == party.status | `conf.status` is a conference status, `party.status` is a participant status
party.billing_code == 33333
    33333 | `party.billing_code` is text, `33333` is a number | write '33333'
33333 == party.billing_code
    33333 | `33333` is a number, `party.billing_code` is text | write '33333'
party.billing_code == -1
    -1 | `party.billing_code` is text, `-1` is a number | write '-1'
party.status == 'DISCONNECTED'
    'DISCONNECTED' | `party.status` is a participant status, `'DISCONNECTED'` is text | write DISCONNECTED, without quotes
party.disconnect_reason == 'port full'
    'port full' | `party.disconnect_reason` is a disconnect reason, `'port full'` is text | write PORT_FULL, without quotes
meeting.present == '3'
    '3' | `meeting.present` is a number, `'3'` is text | write 3
meeting.present == SPEAKING
    meeting.present == SPEAKING | `meeting.present` is a number, `SPEAKING` is a participant status
meeting.present == party.status
    meeting.present == party.status | `meeting.present` is a number, `party.status` is a participant status
meeting.live == 1
    1 | `meeting.live` is true or false, `1` is a number | write meeting.live or !(meeting.live)
meeting.live < true
    meeting.live < true | `<` needs an order; true or false has none
party.status == 99999999999
    99999999999 | `99999999999` is no code: codes have 32 bits
party.status
    party.status | `party.status` is a participant status, not a condition | compare it: party.status == DISCONNECTED
PORT_FULL
    PORT_FULL | `PORT_FULL` is a disconnect reason, not a condition | write party.disconnect_reason == PORT_FULL
party.name
    party.name | `party.name` is text, not a condition | write has(party.name), or compare it
meeting.present && meeting.live
    meeting.present | `meeting.present` is a number, not a condition | compare it: meeting.present > 0
meeting.present
    meeting.present | `meeting.present` is a number, not a condition | compare it: meeting.present > 0
'x'
    'x' | `'x'` is text, not a condition
null
    null | `null` is null, not a condition
!party.status == DISCONNECTED
    !party.status | `!` negates a condition; `party.status` is a participant status | put what is negated in parentheses: !(a == b)
-party.name == 'x'
    -party.name | `-` goes before a number; `party.name` is text
party.status ? true : false
    party.status | `party.status` is a participant status, not a condition | compare it: party.status == DISCONNECTED
meeting.live ? 1 : 'x'
    1 | `1` is a number, `'x'` is text | write '1'
(meeting.live ? null : party.role) == EXPERT
    meeting.live ? null : party.role | null is no choice: it can only be compared with
(meeting.live ? 1 : 2) == party.role
    (meeting.live ? 1 : 2) == party.role | `meeting.live ? 1 : 2` is a number, `party.role` is a role
previous.status == PORT_FULL
    PORT_FULL | `previous.status` is a status, `PORT_FULL` is a disconnect reason | compare PORT_FULL with party.disconnect_reason
previous.status in [SPEAKING, MEETING_START]
    MEETING_START | `previous.status` is a participant status, `MEETING_START` is a conference status | compare MEETING_START with conf.status
",
    );
}

#[test]
fn nulls_lists_and_arithmetic() {
    check(
        Schema::Notification,
        r"
party.status == null
    party.status == null | `party.status` is always there, never null
party.name != null
    party.name != null | `party.name` is text, which is empty but never null | write has(party.name)
meeting.live == null
    meeting.live == null | `meeting.live` is always there, never null
null == null
    null == null | both sides are null
party.role < null
    party.role < null | null has no order: it can only be equal or not
party.role in [EXPERT, null]
    null | null is in no list
party.status in PORT_FULL
    PORT_FULL | `PORT_FULL` is not a list | write a list: [a, b]
party.status in [SPEAKING, PORT_FULL, 'x', BUSY]
    PORT_FULL | `party.status` is a participant status, `PORT_FULL` is a disconnect reason | compare PORT_FULL with party.disconnect_reason
    'x' | `party.status` is a participant status, `'x'` is text
    BUSY | `party.status` is a participant status, `BUSY` is a disconnect reason | compare BUSY with party.disconnect_reason
meeting.live in [true]
    meeting.live | `meeting.live` is true or false, which is looked for in no list
[1, 2] == [1, 2]
    [1, 2] | a list stands only after `in`, in size() and before .exists(), .all() and .exists_one()
    [1, 2] | a list stands only after `in`, in size() and before .exists(), .all() and .exists_one()
party.name + 'x' == 'y'
    party.name + 'x' | `+` does not go between `party.name`, text, and `'x'`, text | joining of texts is left out: an expression takes no memory
party.status + 1 == 6
    party.status + 1 | `+` does not go between `party.status`, a participant status, and `1`, a number | a code is a name, not a quantity
occurred_at + 5 > received_at
    occurred_at + 5 | `+` does not go between `occurred_at`, a time, and `5`, a number | write duration('5s')
occurred_at > '2026-01-05T08:00:00Z'
    '2026-01-05T08:00:00Z' | `occurred_at` is a time, `'2026-01-05T08:00:00Z'` is text | write timestamp('2026-01-05T08:00:00Z')
received_at - occurred_at > '5m'
    '5m' | `received_at - occurred_at` is a duration, `'5m'` is text | write duration('5m')
received_at - occurred_at > 300
    300 | `received_at - occurred_at` is a duration, `300` is a number | write duration('300s')
received_at > duration('5m')
    duration('5m') | `received_at` is a time, `duration('5m')` is a duration | subtract two times to get a duration
",
    );
}

#[test]
fn functions() {
    check(
        Schema::Notification,
        r"
party.name.startswith('x')
    startswith | there is no function `startswith` | did you mean text.startsWith('part')?
party.name.startsWith()
    startsWith | `startsWith` is not used like this | write text.startsWith('part')
startsWith(party.name, 'x')
    startsWith | `startsWith` is not used like this | write text.startsWith('part')
party.name.frobnicate(3) == 'x'
    frobnicate | there is no function `frobnicate`
string(party.status) == '1'
    string | CEL's `string` is left out: each field has its one type, and literals are written in it
[1, 2].map(x, x) == 3
    map | CEL's `map` is left out: an expression makes no lists
type(party.name) == 'x'
    type | CEL's `type` is left out: all types are known beforehand
has(meeting.live)
    meeting.live | `meeting.live` is no field that can be absent | a condition stands for itself, without has()
has(party.name == 'x')
    party.name == 'x' | `party.name == 'x'` is no field that can be absent | a condition stands for itself, without has()
has('x')
    'x' | `'x'` is no field that can be absent | has() asks whether a field is there: has(party.role)
size(party.status) > 3
    party.status | here should be text; `party.status` is a participant status
party.name.contains(3)
    3 | here should be text; `3` is a number
party.name.matches(party.city)
    party.city | the pattern of matches() must be a text written out, so that it can be checked now
party.name.matches('(a')
    '(a' | the pattern is wrong at its character 1: unclosed group
party.name.matches('(a{1000}){1000}')
    '(a{1000}){1000}' | the pattern takes more than 1 MiB once compiled
party.name.matches('((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))')
    '((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))' | the pattern is wrong at its character 33: exceed the maximum number of nested parentheses/brackets (32)
[SPEAKING, MUTED].exists(x, y == party.status)
    y | there is no `y` here | did you mean x?
[SPEAKING].exists(party, party == party.status)
    party | `party` has a meaning already | choose another name for the variable
[SPEAKING].exists(1, true)
    1 | the first argument names the variable: [a, b].exists(x, x == c)
party.name.exists(x, x == 'a')
    party.name | `party.name` is not a list | write a list: [a, b]
['1', '2'].exists(x, x == party.status)
    x == party.status | `x` is text, `party.status` is a participant status
occurred_at > timestamp('yesterday')
    'yesterday' | `yesterday` is no time between the years 1678 and 2262 | write it as in timestamp('2026-01-05T08:00:00Z')
occurred_at > timestamp('2500-01-01T00:00:00Z')
    '2500-01-01T00:00:00Z' | `2500-01-01T00:00:00Z` is no time between the years 1678 and 2262 | write it as in timestamp('2026-01-05T08:00:00Z')
occurred_at > timestamp('2026-01-05 08:00Z')
    '2026-01-05 08:00Z' | `2026-01-05 08:00Z` is no time between the years 1678 and 2262 | write it as in timestamp('2026-01-05T08:00:00Z')
occurred_at - received_at > duration('5 parsecs')
    '5 parsecs' | `5 parsecs` is no duration | write it as in duration('1m30s'): h, m, s, ms, us, ns
occurred_at - received_at > duration('5 min') || occurred_at - received_at > duration('-')
    '5 min' | `5 min` is no duration | write it as in duration('1m30s'): h, m, s, ms, us, ns
    '-' | `-` is no duration | write it as in duration('1m30s'): h, m, s, ms, us, ns
occurred_at > timestamp(party.name)
    party.name | the argument of timestamp() must be a text written out, so that it can be checked now
occurred_at.getHours('Europe/Berln') > 8
    'Europe/Berln' | `Europe/Berln` is no time zone | write a name such as 'Asia/Shanghai', or an offset such as '+08:00'
occurred_at.getHours(party.city) > 8
    party.city | the time zone must be a text written out, so that it can be checked now
occurred_at.getHours(8) > 8
    8 | the time zone must be a text written out, so that it can be checked now
party.name.getHours() > 8
    party.name | `party.name` is text, not a time
(occurred_at - received_at).getMilliseconds() > 8
    (occurred_at - received_at).getMilliseconds() | a duration has no getMilliseconds | compare it: d > duration('5m'), or use getHours, getMinutes, getSeconds
(occurred_at - received_at).getHours('UTC') > 8
    occurred_at - received_at | `occurred_at - received_at` is a duration, not a time
occurred_at.getHour() > 8
    getHour | there is no function `getHour` | did you mean time.getHours('Europe/Berlin')?
[1, 2][0] == 1
    [1, 2][0] | only labels['…'] and key['…'] of an alert are looked up in brackets
",
    );
}

#[test]
fn words_of_other_languages() {
    check(
        Schema::Notification,
        r"
now - meeting.started_at > duration('1h')
    now | there is no `now` here | an expression is weighed when something is heard: what changes by the mere passing of time is a `for`
not meeting.live
    meeting | here should be the end of the expression, not `meeting` | write !(a) for not a
meeting.live AND meeting.ended
    AND | here should be the end of the expression, not `AND` | write &&
meeting.live OR meeting.ended
    OR | here should be the end of the expression, not `OR` | write ||
party.role is null
    is | here should be the end of the expression, not `is` | write == null for what is absent, or !has(a)
party.name contains 'x'
    contains | here should be the end of the expression, not `contains` | write a.contains('part')
party.name like 'x%'
    like | here should be the end of the expression, not `like` | write a.contains('part')
party.status <> MUTED
    > | here should be a value, not `>` | write !=
party.status in (MUTED, SPEAKING)
    , | here should be `)`, not `,` | write a list in square brackets: [a, b]
party.status not in [MUTED]
    not | here should be the end of the expression, not `not` | write !(a in [b, c])
party.phone =~ '^86'
    = | `=` means nothing here | write a.matches('pattern')
",
    );
}

#[test]
fn a_state_has_no_single_notification() {
    check(
        Schema::State,
        r"
conf.status == NOT_RECORDED
    conf.status | a `while` watches a state; `conf.status` is of one notification | write meeting.recording == NOT_RECORDED
MEETING_END == conf.status
    conf.status | a `while` watches a state; `conf.status` is of one notification | write meeting.ended
conf.status != UNMUTED_ALL && meeting.live
    conf.status | a `while` watches a state; `conf.status` is of one notification | write !meeting.muted_all
conf.status in [MEETING_START]
    conf.status | a `while` watches a state; `conf.status` is of one notification | write meeting.live, meeting.ended, meeting.recording or meeting.muted_all
conf.billing_code == '33333'
    conf.billing_code | a `while` watches a state; `conf.billing_code` is of one notification | write meeting.billing_code
occurred_at.getHours('Asia/Shanghai') >= 18
    occurred_at | a `while` watches a state; `occurred_at` is of one notification | say how long with `for`, and at what time of day with `during`: a state is not weighed when time passes
party.status == SPEAKING && received_at - party.connect_time > duration('1h')
    received_at | a `while` watches a state; `received_at` is of one notification | say how long with `for`, and at what time of day with `during`: a state is not weighed when time passes
meeting.started_at < occurred_at
    occurred_at | a `while` watches a state; `occurred_at` is of one notification | say how long with `for`, and at what time of day with `during`: a state is not weighed when time passes
meeting.live && source == 'bridge-a' && has(source)
    source | a `while` watches a state; `source` is of one notification | use `when`, `sequence` or `after`: they see notifications
    source | a `while` watches a state; `source` is of one notification | use `when`, `sequence` or `after`: they see notifications
previous.status == SPEAKING
    previous.status | a `while` watches a state; `previous.status` is of one notification | use `sequence`, or `when` with `previous`
previous.role == EXPERT
    previous.role | a `while` watches a state; `previous.role` is of one notification | use `sequence`, or `when` with `previous`
",
    );
}

#[test]
fn alerts() {
    check(
        Schema::Alert,
        r"
severity >= WARNNG
    WARNNG | there is no `WARNNG` here | did you mean WARNING?
severity == 'warning'
    'warning' | `severity` is a severity, `'warning'` is text | write WARNING, without quotes
severity == 2
    2 | `severity` is a severity, `2` is a number | write one of INFO, WARNING, CRITICAL
severity == FIRING
    FIRING | `severity` is a severity, `FIRING` is an alert's state | write one of INFO, WARNING, CRITICAL
state < RESOLVED
    state < RESOLVED | `<` needs an order; an alert's state has none
state == 'FIRING'
    'FIRING' | `state` is an alert's state, `'FIRING'` is text | write FIRING, without quotes
labels
    labels | `labels` is no value by itself | name an entry of it: labels.team
labels.team == 5
    5 | `labels.team` is text, `5` is a number | write '5'
labels[rule] == 'x'
    labels[rule] | only labels['…'] and key['…'] of an alert are looked up in brackets
'team' in labels
    labels | `labels` is not a list | ask for an entry: has(labels.team)
party.status == SPEAKING
    party | there is no `party` here | a filter over alerts sees the alert alone: write key.… or labels.…
    SPEAKING | there is no `SPEAKING` here | in an alert's key, codes are text: write 'SPEAKING'
key.status == SPEAKING
    SPEAKING | there is no `SPEAKING` here | in an alert's key, codes are text: write 'SPEAKING'
occurences > 5
    occurences | there is no `occurences` here | did you mean occurrences?
",
    );
}

#[test]
fn defines_tell_their_own_mistakes() {
    let told = |texts: &[(&str, &str)]| -> Vec<String> {
        let (_, mistakes) = Defines::new(texts.iter().copied());
        let text = |name: &str| texts.iter().find(|(other, _)| *other == name).unwrap().1;
        mistakes
            .iter()
            .map(|(name, mistake)| format!("{name}: {}", tell(text(name), mistake)))
            .collect()
    };
    let nothing: [&str; 0] = [];
    let name_it = "name it with letters, digits and _, unlike any field or code";
    assert_eq!(
        told(&[("a", "b || meeting.live"), ("b", "meeting.live && !c"), ("c", "a")]),
        ["c: a | this define stands for itself: a -> b -> c -> a"]
    );
    assert_eq!(told(&[("a", "a")]), ["a: a | this define stands for itself: a -> a"]);
    assert_eq!(
        told(&[("b", "a && meeting.live"), ("a", "party.stauts == 1")]),
        ["a: stauts | `party` has no `stauts` | did you mean party.status?"]
    );
    assert_eq!(
        told(&[("a", "party.status ==")]),
        ["a:  | here should be a value, not the end of the expression"]
    );
    assert_eq!(
        told(&[
            ("party", "true"),
            ("PORT_FULL", "true"),
            ("in", "true"),
            ("a-b", "true")
        ]),
        [
            format!("party: true | `party` has a meaning already | {name_it}"),
            format!("PORT_FULL: true | `PORT_FULL` has a meaning already | {name_it}"),
            format!("in: true | `in` has a meaning already | {name_it}"),
            format!("a-b: true | `a-b` is no name for a define | {name_it}"),
        ]
    );
    assert_eq!(
        told(&[
            ("urgent", "severity == CRITICAL"),
            ("home", "'86'"),
            ("refusals", "[PORT_FULL, 6]")
        ]),
        nothing
    );
}

#[test]
fn a_define_is_checked_again_where_it_is_used() {
    let defines = defines(&[
        ("started", "conf.status == MEETING_START"),
        ("urgent", "severity == CRITICAL"),
    ]);
    let text = "meeting.live || started";
    let mistakes = Expr::compile(text, Schema::State, &defines, MAX_RULE).unwrap_err();
    assert_eq!(
        tell(text, &mistakes[0]),
        "started | in `started`: a `while` watches a state; `conf.status` is of one notification | write meeting.live"
    );
    let text = "urgent";
    let mistakes = Expr::compile(text, Schema::Notification, &defines, MAX_RULE).unwrap_err();
    assert_eq!(
        tell(text, &mistakes[0]),
        "urgent | in `urgent`: there is no `severity` here | only a filter over alerts knows it"
    );
}

#[test]
fn a_text_beyond_the_limit_is_not_read() {
    let text = format!("meeting.live{}", " ".repeat(MAX_FILTER));
    let mistakes = Expr::compile(&text, Schema::Notification, &Defines::default(), MAX_FILTER).unwrap_err();
    assert_eq!(
        mistakes[0].message,
        "the expression is 1036 bytes long; 1024 are allowed"
    );
}
