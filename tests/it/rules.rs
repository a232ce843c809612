//! The rules in force: shown, checked, and exchanged while the service runs; a bad set changes nothing, and every surface says so.

use std::process::{Command, Output};

use bellwether::api::{
    CheckRulesRequest, Diagnostic, ListRulesRequest, ReloadRulesRequest, ReloadRulesResponse, Rule, RuleChange,
    SubscribeRequest,
    alert::{ResolveReason, State},
    alert_event::Type,
    diagnostic::Level,
    rule_change::Fate,
};
use tonic::{Code, Status};

use crate::support::{
    client::{Client, Refusal, conf, port_full, speaking},
    process::{Process, run_to_end},
    server::{RULES, Server, Site, get, metric},
    wait::{soon, until},
};

const RELOAD_OK: &str = "bellwether_rules_last_reload_successful ";

async fn list(client: &Client) -> Vec<Rule> {
    let listed = soon(client.rules.clone().list_rules(ListRulesRequest {}))
        .await
        .unwrap();
    listed.into_inner().rules
}

async fn reload(client: &Client) -> Result<ReloadRulesResponse, Status> {
    let reloaded = soon(client.rules.clone().reload_rules(ReloadRulesRequest {})).await;
    reloaded.map(tonic::Response::into_inner)
}

fn change(name: &str, fate: Fate, alerts: u64) -> RuleChange {
    RuleChange {
        name: name.to_owned(),
        fate: fate.into(),
        alerts,
        timers: 0,
    }
}

async fn check(client: &Client, source: &str) -> Vec<Diagnostic> {
    let source = source.to_owned();
    let checked = soon(client.rules.clone().check_rules(CheckRulesRequest { source })).await;
    checked.unwrap().into_inner().diagnostics
}

#[tokio::test]
async fn rules_are_listed_with_what_they_did() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    for party in ["a", "b", "c"] {
        client.notify(port_full("1", party)).await.unwrap();
    }
    client.notify(speaking("1", "a")).await.unwrap();
    let rules = list(&client).await;
    let [port_full, recording] = rules.as_slice() else {
        panic!("{rules:?}")
    };
    assert_eq!(
        (port_full.name.as_str(), recording.name.as_str()),
        ("port-full", "recording-stopped")
    );
    assert!(port_full.file.ends_with("rules.yaml"), "{}", port_full.file);
    assert_eq!(port_full.line, 3);
    assert!(
        port_full.text.contains("party.disconnect_reason == PORT_FULL"),
        "{}",
        port_full.text
    );
    assert!(port_full.enabled && port_full.last_fired_at.is_some());
    assert_eq!((port_full.matched, port_full.fired, port_full.open_alerts), (3, 3, 2));
    assert_eq!((recording.fired, recording.last_fired_at), (0, None));
}

#[tokio::test]
async fn a_text_is_checked_without_being_loaded() {
    let server = Server::start(&Site::new()).await;
    let client = server.client().await;
    assert_eq!(check(&client, RULES).await, []);
    let mistakes = check(
        &client,
        "rules:\n  - name: a\n    when: party.status == PORT_FULL\n    serverity: warning\n",
    )
    .await;
    let told: Vec<_> = mistakes
        .iter()
        .map(|mistake| (mistake.level(), mistake.line, mistake.column))
        .collect();
    assert_eq!(told, [(Level::Error, 3, 27), (Level::Error, 4, 5)], "{mistakes:?}");
    assert!(mistakes[1].advice.contains("severity"), "{:?}", mistakes[1]);
    assert!(
        mistakes.iter().all(|mistake| mistake.rendered.contains('^')),
        "{mistakes:?}"
    );
    // What `bellwether check` would tell of tests and doubts is told here, too; a file that a test names is not at hand.
    let test = "tests:\n  - { name: t, given: [{ 0s: \"conf {billingCode = '1', status = 'x'}\" }] }\n  - { name: r, given: [{ 0s: { reload: x } }] }\n";
    let found = check(&client, &format!("{RULES}define: {{ unused: 'true' }}\n{test}")).await;
    let told: Vec<_> = found
        .iter()
        .map(|found| (found.level(), found.end_line > 0 && found.end_column > 0))
        .collect();
    assert_eq!(told, [(Level::Warning, true), (Level::Error, true)], "{found:?}");
    let text = "x".repeat((1 << 20) + 1);
    let refused = soon(client.rules.clone().check_rules(CheckRulesRequest { source: text })).await;
    assert_eq!(
        Refusal::of(&refused.unwrap_err()).told(),
        (Code::InvalidArgument, "VALUE_TOO_LONG", "source")
    );
    assert_eq!(list(&client).await.len(), 2);
}

#[tokio::test]
async fn no_expression_in_a_rule_ends_the_process() {
    let site = Site::new();
    let process = Process::start(&site);
    let client = process.client().await;
    for (expression, told) in [
        (format!("a{}", ".b".repeat(4_500)), "9001 bytes long; 4096 are allowed"),
        (
            format!("1{}", "==1".repeat(5_000)),
            "15001 bytes long; 4096 are allowed",
        ),
        (format!("a{}", ".b".repeat(2_000)), "deeper than 64 levels"),
        (format!("1{}", "==1".repeat(1_300)), "deeper than 64 levels"),
        ("(".repeat(4_000), "deeper than 64 levels"),
        ("!".repeat(4_000), "deeper than 64 levels"),
        (format!("true{}", "||true".repeat(600)), "more than 512 parts"),
        (
            "source.matches('(a{1000}){1000}')".to_owned(),
            "more than 1 MiB once compiled",
        ),
    ] {
        let rules = format!("rules:\n  - name: a\n    when: \"{expression}\"\n");
        let mistakes = check(&client, &rules).await;
        let [mistake] = mistakes.as_slice() else {
            panic!("{mistakes:?}")
        };
        assert_eq!((mistake.level(), mistake.line), (Level::Error, 3), "{told}");
        assert!(mistake.message.contains(told), "{}", mistake.message);

        site.write_rules(&rules);
        let refused = reload(&client).await.unwrap();
        assert!(
            !refused.applied && refused.diagnostics[0].message.contains(told),
            "{refused:?}"
        );
    }
    client.notify(port_full("1", "a")).await.unwrap();
    assert_eq!(client.alerts("").await.len(), 1, "the rules from before are in force");
    assert_eq!(process.terminate().await, Some(0));
}

#[tokio::test]
async fn a_reload_ends_what_changed_and_keeps_what_did_not() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("1", "a")).await.unwrap();
    for status in [1, 102] {
        client.notify(conf("2", status)).await.unwrap();
    }
    let before = client.alerts("").await;
    let mut feed = client.subscribe(SubscribeRequest::default()).await.unwrap();

    let changed = RULES.replace("PORT_FULL", "MEETING_FULL")
        + "
define:
  started: conf.status == MEETING_START
";
    site.write_rules(&changed.replace("rules:\n", "rules:\n  - { name: started, when: started }\n"));
    let reloaded = reload(&client).await.unwrap();
    assert!(reloaded.applied, "{reloaded:?}");
    let changes = [
        change("started", Fate::Added, 0),
        change("port-full", Fate::Reset, 1),
        change("recording-stopped", Fate::Kept, 1),
    ];
    assert_eq!(reloaded.rules, changes);
    let listed = soon(client.rules.clone().list_rules(ListRulesRequest {}))
        .await
        .unwrap();
    assert_eq!(
        listed.into_inner().changes,
        changes,
        "and a list of the rules says so later"
    );

    let event = feed.event().await;
    let alert = event.alert.as_ref().unwrap();
    assert_eq!((event.r#type(), &alert.id), (Type::Resolved, &before[0].id));
    assert_eq!(alert.resolve_reason(), ResolveReason::RuleChanged);
    let open = client.alerts("state == FIRING").await;
    assert_eq!(open, [before[1].clone()], "its rule did not change");

    // The new rules are at work, and a removed one is not.
    client.notify(port_full("1", "b")).await.unwrap();
    client.notify(conf("3", 1)).await.unwrap();
    assert_eq!(feed.event().await.alert.unwrap().rule, "started");
    site.write_rules(RULES);
    let back = reload(&client).await.unwrap();
    assert_eq!(back.rules.last(), Some(&change("started", Fate::Removed, 1)));
    let ended = feed.event().await.alert.unwrap();
    assert_eq!(
        (ended.rule.as_str(), ended.resolve_reason()),
        ("started", ResolveReason::RuleRemoved)
    );
    client.notify(conf("2", 101)).await.unwrap();
    let ended = feed.event().await.alert.unwrap();
    assert_eq!(
        (&ended.id, ended.state()),
        (&before[1].id, State::Resolved),
        "kept through both"
    );
}

#[tokio::test]
async fn a_bad_set_leaves_the_old_one_in_force_and_every_surface_says_so() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let client = server.client().await;
    client.notify(port_full("1", "a")).await.unwrap();
    assert!(get(server.admin, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert_eq!(metric(server.admin, RELOAD_OK).await, Some(1.0));

    site.write_rules(&RULES.replace("PORT_FULL", "PORTS_FULL"));
    let refused = reload(&client).await.unwrap();
    assert!(!refused.applied);
    assert_eq!(refused.diagnostics.len(), 1);
    assert!(refused.diagnostics[0].file.ends_with("rules.yaml"));
    let ready = get(server.admin, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.contains("rules: "),
        "{ready}"
    );
    assert_eq!(metric(server.admin, RELOAD_OK).await, Some(0.0));
    assert_eq!(client.alerts("state == FIRING").await.len(), 1);
    client.notify(port_full("1", "b")).await.unwrap();
    assert_eq!(
        client.alerts("state == FIRING").await.len(),
        2,
        "the old rules are at work"
    );

    std::fs::remove_file(site.path("rules.yaml")).unwrap();
    let refused = Refusal::of(&reload(&client).await.unwrap_err());
    assert_eq!(refused.told(), (Code::FailedPrecondition, "RULES_UNREADABLE", ""));

    site.write_rules(RULES);
    let applied = reload(&client).await.unwrap();
    assert!(applied.applied);
    assert!(
        applied.rules.iter().all(|rule| rule.fate() == Fate::Kept),
        "{applied:?}"
    );
    assert!(get(server.admin, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert_eq!(metric(server.admin, RELOAD_OK).await, Some(1.0));
    assert_eq!(client.alerts("state == FIRING").await.len(), 2);
}

#[tokio::test]
async fn files_that_are_gone_are_told_of_unasked_until_they_are_back() {
    let site = Site::new();
    let server = Server::start(&site).await;
    let ready = async |is: &str| {
        let answer = get(server.admin, "/readyz").await;
        answer.starts_with(&format!("HTTP/1.1 {is}")).then_some(answer)
    };
    let aside = site.path("rules.yaml.aside");
    std::fs::rename(site.path("rules.yaml"), &aside).unwrap();
    let told = until(async || ready("503").await).await;
    assert!(
        told.contains("rules: the rule files cannot be read: cannot read ") && told.contains("No such file"),
        "{told}"
    );
    assert_eq!(metric(server.admin, RELOAD_OK).await, Some(0.0));
    std::fs::rename(&aside, site.path("rules.yaml")).unwrap();
    until(async || ready("200").await).await;
    assert_eq!(metric(server.admin, RELOAD_OK).await, Some(1.0));
}

#[tokio::test]
async fn a_start_on_bad_rules_needs_rules_from_before() {
    let site = Site::with_rules("rules: [");
    let (code, log) = run_to_end(&site);
    assert_eq!(code, Some(78), "{log}");

    site.write_rules(RULES);
    Server::start(&site).await.stop().await;
    site.write_rules("rules: [");
    let process = Process::start(&site);
    let client = process.client().await;
    assert_eq!(list(&client).await.len(), 2);
    client.notify(port_full("1", "a")).await.unwrap();
    assert_eq!(client.alerts("").await.len(), 1);
    let ready = get(process.admin, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.contains("rules: "),
        "{ready}"
    );

    // SIGHUP reads them anew.
    site.write_rules(&RULES.replace("port-full", "ports-full"));
    process.signal("HUP");
    until(async || (list(&client).await[0].name == "ports-full").then_some(())).await;
    until(async || {
        let ready = get(process.admin, "/readyz").await;
        ready.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
}

#[tokio::test]
async fn rules_that_keep_too_much_state_are_refused_alike_wherever_they_are_checked() {
    const COUNTS: &str = "
rules:
  - { name: a, when: party.status == MUTED, count: { at_least: 2, within: 1m } }
  - { name: b, when: party.status == SPEAKING, count: { at_least: 2, within: 1m } }
";
    let mut site = Site::new();
    (site.config.limits.keys_per_rule, site.config.limits.keys) = (10, 19);
    let server = Server::start(&site).await;
    let client = server.client().await;
    site.write_rules(COUNTS);
    let refused = reload(&client).await.unwrap();
    let misfit = refused.diagnostics.iter().find(|found| found.level() == Level::Error);
    let misfit = misfit.unwrap().message.as_str();
    assert!(!refused.applied && misfit.contains("of which 1 fit"), "{refused:?}");

    let checked = check(&client, COUNTS).await;
    assert!(
        checked
            .iter()
            .any(|found| found.level() == Level::Error && found.message == misfit)
    );

    let config = site.path("bellwether.yaml");
    let verb = |limits: &str| {
        std::fs::write(&config, limits).unwrap();
        let mut verb = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        verb.arg("check")
            .arg(site.path("rules.yaml"))
            .arg("--config")
            .arg(&config);
        let Output { status, stdout, .. } = verb.output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap().contains(misfit))
    };
    assert_eq!(verb("limits: { keys_per_rule: 10, keys: 19 }"), (Some(1), true));
    assert_eq!(verb("limits: { keys_per_rule: 10, keys: 20 }"), (Some(0), false));
}
