//! `RuleService`: the rules in force, checked and reloaded; receivers, listed; routes and receivers, tried out.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{destinations, explain::Explaining, receivers, status::Refused, to_proto};
use crate::{
    api::{
        self, CheckRulesRequest, CheckRulesResponse, ExplainRuleRequest, ExplainRuleResponse, ListReceiversRequest,
        ListReceiversResponse, ListRulesRequest, ListRulesResponse, ReloadRulesRequest, ReloadRulesResponse,
        TestReceiverRequest, TestReceiverResponse, TestRoutesRequest, TestRoutesResponse,
        rule_service_server::RuleService,
    },
    email::Relays,
    engine::{Engine, Fate, RuleChange, RuleSight},
    reload::{Checked, Reload, Reloader},
    rules::{
        RuleSource, SourceFile,
        diagnostic::{Diagnostic, Level},
    },
    selftest,
    service::Handle,
};

/// The longest text that is checked, in bytes.
const MAX_SOURCE: usize = 1 << 20;

/// Implements the service.
pub(super) struct Rules {
    pub handle: Handle,
    pub reloader: Arc<Reloader>,
    pub explaining: Explaining,
    pub relays: Relays,
}

#[tonic::async_trait]
impl RuleService for Rules {
    async fn list_rules(&self, _: Request<ListRulesRequest>) -> Result<Response<ListRulesResponse>, Status> {
        let listed = self.handle.query(list).await.map_err(Refused::from)?;
        Ok(Response::new(listed))
    }

    async fn check_rules(&self, request: Request<CheckRulesRequest>) -> Result<Response<CheckRulesResponse>, Status> {
        let text = request.into_inner().source;
        if text.len() > MAX_SOURCE {
            return Err(Refused::invalid("source", "VALUE_TOO_LONG", "1 MiB at most").into());
        }
        let reloader = Arc::clone(&self.reloader);
        let checked = tokio::task::spawn_blocking(move || {
            let source = Arc::new(RuleSource {
                files: vec![SourceFile {
                    name: String::new(),
                    text,
                }],
            });
            let diagnostics = match selftest::prepare(&source, None) {
                Ok((compiled, _)) => {
                    let misfit = reloader.misfit(&compiled.set);
                    misfit.into_iter().chain(compiled.warnings).collect()
                }
                Err(mistakes) => mistakes,
            };
            findings(&Checked { source, diagnostics })
        });
        let diagnostics = checked.await.map_err(|_| Refused::internal())?;
        Ok(Response::new(CheckRulesResponse { diagnostics }))
    }

    async fn explain_rule(
        &self,
        request: Request<ExplainRuleRequest>,
    ) -> Result<Response<ExplainRuleResponse>, Status> {
        let ExplainRuleRequest { rule, billing_code } = request.into_inner();
        let explanation = Some(self.explaining.rule(rule, billing_code).await?);
        Ok(Response::new(ExplainRuleResponse { explanation }))
    }

    async fn list_receivers(
        &self,
        _: Request<ListReceiversRequest>,
    ) -> Result<Response<ListReceiversResponse>, Status> {
        let told = receivers::list(&self.handle, &self.relays).await?;
        Ok(Response::new(told))
    }

    async fn test_routes(&self, request: Request<TestRoutesRequest>) -> Result<Response<TestRoutesResponse>, Status> {
        let told = destinations::test_routes(&self.handle, request.into_inner()).await?;
        Ok(Response::new(told))
    }

    async fn test_receiver(
        &self,
        request: Request<TestReceiverRequest>,
    ) -> Result<Response<TestReceiverResponse>, Status> {
        let told = destinations::test_receiver(&self.handle, request.into_inner()).await?;
        Ok(Response::new(told))
    }

    async fn reload_rules(&self, _: Request<ReloadRulesRequest>) -> Result<Response<ReloadRulesResponse>, Status> {
        // Seen through though the caller may have gone away: one that is cut off does not know what it has put in force.
        let reloader = Arc::clone(&self.reloader);
        let reloaded = tokio::spawn(async move { reloader.reload().await });
        let response = match reloaded.await.map_err(|_| Refused::internal())? {
            Reload::Applied { change, warnings } => ReloadRulesResponse {
                applied: true,
                diagnostics: findings(&warnings),
                rules: change.rules.iter().map(rule_change).collect(),
            },
            Reload::Refused(mistakes) => ReloadRulesResponse {
                applied: false,
                diagnostics: findings(&mistakes),
                ..Default::default()
            },
            Reload::Unreadable(cause) => return Err(Refused::rules_unreadable(cause.to_string()).into()),
            Reload::NotTaken(cause) => return Err(Refused::from(cause).into()),
        };
        Ok(Response::new(response))
    }
}

fn list(engine: &Engine) -> ListRulesResponse {
    let reloaded = engine.reloaded();
    ListRulesResponse {
        rules: rules(engine),
        loaded_at: Some(to_proto::timestamp(reloaded.at)),
        changes: reloaded.rules.iter().map(rule_change).collect(),
    }
}

fn rule_change(change: &RuleChange) -> api::RuleChange {
    let fate = match change.fate {
        Fate::Kept => api::rule_change::Fate::Kept,
        Fate::Reset => api::rule_change::Fate::Reset,
        Fate::Added => api::rule_change::Fate::Added,
        Fate::Removed => api::rule_change::Fate::Removed,
    };
    api::RuleChange {
        name: change.name.to_string(),
        fate: fate.into(),
        alerts: change.alerts,
        timers: change.timers,
    }
}

const fn sight(sight: RuleSight) -> api::rule::Sight {
    match sight {
        RuleSight::Sees => api::rule::Sight::Sees,
        RuleSight::SwitchedOff => api::rule::Sight::SwitchedOff,
        RuleSight::OffSchedule => api::rule::Sight::OffSchedule,
        RuleSight::Failed => api::rule::Sight::Failed,
    }
}

fn rules(engine: &Engine) -> Vec<api::Rule> {
    let counts = &engine.counts().rules;
    (0u32..)
        .zip(&engine.rules().rules)
        .map(|(index, rule)| {
            let counts = counts.get(index as usize).cloned().unwrap_or_default();
            api::Rule {
                name: rule.name.to_string(),
                text: rule.place.text.clone(),
                file: rule.place.file.clone(),
                line: rule.place.line,
                severity: to_proto::severity(rule.severity.otherwise).into(),
                enabled: rule.enabled,
                open_alerts: engine.open_alerts_of(index) as u64,
                pending: counts.pending,
                matched: counts.matched,
                fired: counts.fired,
                keyless: counts.keyless,
                last_fired_at: counts.last_fired_at.map(to_proto::timestamp),
                keys: engine.keys_of(index) as u64,
                evicted: counts.evicted,
                sight: sight(engine.sight_of(index)).into(),
            }
        })
        .collect()
}

fn findings(checked: &Checked) -> Vec<api::Diagnostic> {
    checked
        .diagnostics
        .iter()
        .map(|found| diagnostic(found, &checked.source))
        .collect()
}

fn diagnostic(diagnostic: &Diagnostic, source: &RuleSource) -> api::Diagnostic {
    let level = match diagnostic.level {
        Level::Warning => api::diagnostic::Level::Warning,
        Level::Error => api::diagnostic::Level::Error,
    };
    api::Diagnostic {
        level: level.into(),
        message: diagnostic.message.clone(),
        advice: diagnostic.advice.clone().unwrap_or_default(),
        file: diagnostic.location.file.clone(),
        line: diagnostic.location.line,
        column: diagnostic.location.column,
        end_line: diagnostic.location.end.line,
        end_column: diagnostic.location.end.column,
        rendered: diagnostic.render(source, false),
    }
}
