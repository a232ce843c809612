//! The words of mails, each in English and in Chinese, side by side.

use std::time::Duration;

use crate::model::{ConferenceStatus, DisconnectReason, Language, ParticipantStatus, ResolveReason, Severity};

/// The words of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(pub Language);

impl Words {
    /// One of the two.
    pub(super) const fn pick<T: Copy>(self, english: T, chinese: T) -> T {
        match self.0 {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// As it stands in banners and subjects.
    pub(super) fn severity(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Critical => self.pick("CRITICAL", "严重"),
            Severity::Warning => self.pick("WARNING", "警告"),
            Severity::Info => self.pick("INFO", "提示"),
        }
    }

    /// `CRITICAL, escalated`: what the subject and the banner begin with, and what makes this mail another than the first.
    pub(super) fn marked(self, text: &str, mark: &str) -> String {
        match (mark.is_empty(), self.0) {
            (true, _) => text.to_owned(),
            (false, Language::English) => format!("{text}, {mark}"),
            (false, Language::Chinese) => format!("{text}·{mark}"),
        }
    }

    /// `2 fired, 1 still burning`
    pub(super) fn numbers(self, fired: u64, resolved: u64, open: u64) -> String {
        let parts: Vec<String> = [
            (fired, self.pick("fired", "新触发")),
            (open, self.pick("still burning", "仍在持续")),
            (resolved, self.pick("over", "已恢复")),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| match self.0 {
            Language::English => format!("{number} {word}"),
            Language::Chinese => format!("{word} {number} 条"),
        })
        .collect();
        parts.join(self.pick(", ", "，"))
    }

    /// `meeting 33333`
    pub(super) fn meeting(self, code: &str) -> String {
        format!("{} {code}", self.pick("meeting", "会议"))
    }

    /// `once`, `3 times, last at 10:01:30 UTC`
    pub(super) fn matched(self, times: u64, last: &str) -> String {
        match (times, self.0) {
            (..=1, Language::English) => "once".to_owned(),
            (..=1, Language::Chinese) => "1 次".to_owned(),
            (_, Language::English) => format!("{times} times, last at {last}"),
            (_, Language::Chinese) => format!("{times} 次，最近一次 {last}"),
        }
    }

    /// `1h 2m 5s`, `1 小时 2 分 5 秒`; a time without a whole second is `0s`.
    pub(super) fn lasted(self, time: Duration) -> String {
        let seconds = time.as_secs();
        let units = self.pick(["d", "h", "m", "s"], [" 天", " 小时", " 分", " 秒"]);
        let counts = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60];
        let parts: Vec<String> = counts
            .into_iter()
            .zip(units)
            .filter(|(count, _)| *count > 0)
            .map(|(count, unit)| format!("{count}{unit}"))
            .collect();
        if parts.is_empty() {
            format!("0{}", units[3])
        } else {
            parts.join(" ")
        }
    }

    /// Why an alert ended.
    pub(super) fn why(self, reason: ResolveReason) -> &'static str {
        match reason {
            ResolveReason::Condition => self.pick("what the rule watches no longer holds", "规则监视的状况已不再成立"),
            ResolveReason::Match => self.pick("a notification that ends it came in", "收到了使其结束的通知"),
            ResolveReason::Timeout => self.pick(
                "it has not matched again for the time that the rule sets",
                "在规则设定的时间内未再出现",
            ),
            ResolveReason::MeetingClosed => self.pick("the meeting is over", "会议已结束"),
            ResolveReason::Operator => self.pick("an operator ended it", "操作员已结束该告警"),
            ResolveReason::RuleChanged => self.pick("the rule was changed", "规则已更改"),
            ResolveReason::RuleRemoved => self.pick("the rule was removed or switched off", "规则已删除或停用"),
            ResolveReason::OffSchedule => self.pick(
                "the rule looks only during a schedule, which has closed",
                "规则仅在排班时段内生效，该时段已结束",
            ),
            ResolveReason::RuleFailed => self.pick(
                "the rule was set aside, since the service failed on it; look into its log",
                "服务在处理该规则时出错，规则已停用；请查看服务日志",
            ),
            ResolveReason::Evicted => self.pick(
                "the rule reached its bound of open alerts, and this one had been idle the longest",
                "规则的未结告警已达上限，该告警闲置最久",
            ),
        }
    }

    /// What changed in a meeting; a code that is not listed is its number.
    pub(super) fn conference(self, status: ConferenceStatus) -> String {
        let words = match status {
            ConferenceStatus::MEETING_START => self.pick("began", "开始"),
            ConferenceStatus::MEETING_END => self.pick("ended", "结束"),
            ConferenceStatus::RECORDING_OPENING => self.pick("recording is being started", "正在开启录音"),
            ConferenceStatus::RECORDED => self.pick("is being recorded", "录音中"),
            ConferenceStatus::NOT_RECORDED => self.pick("is not being recorded", "未录音"),
            ConferenceStatus::RECORDING_PAUSED => self.pick("recording paused", "录音暂停"),
            ConferenceStatus::UNMUTED_ALL => self.pick("mute-all off", "全体静音已关闭"),
            ConferenceStatus::MUTED_ALL => self.pick("all muted", "全体静音"),
            other => return self.unlisted(other.0),
        };
        words.to_owned()
    }

    /// What a participant does, and why it was disconnected.
    pub(super) fn participant(self, status: ParticipantStatus, reason: Option<DisconnectReason>) -> String {
        let words = match status {
            ParticipantStatus::DISCONNECTED => self.pick("disconnected", "已断开"),
            ParticipantStatus::DISCONNECTING => self.pick("disconnecting", "正在断开"),
            ParticipantStatus::CONNECTING => self.pick("connecting", "正在接入"),
            ParticipantStatus::MEETING_HOLD => self.pick("on hold", "会议保持"),
            ParticipantStatus::MUTED => self.pick("muted", "静音"),
            ParticipantStatus::SPEAKING => self.pick("can hear and speak", "可听可说"),
            ParticipantStatus::LISTENING_TO_MUSIC => self.pick("hears music", "听音乐"),
            ParticipantStatus::IN_SERVICE => self.pick("with an operator", "话务员服务中"),
            ParticipantStatus::DIALING => self.pick("being dialled", "正在呼叫"),
            ParticipantStatus::CALL_HOLDING => self.pick("holds the call", "呼叫保持"),
            other => return self.unlisted(other.0),
        };
        match reason {
            Some(reason) => format!("{words}{}{}", self.pick(": ", "："), self.reason(reason)),
            None => words.to_owned(),
        }
    }

    fn reason(self, reason: DisconnectReason) -> String {
        let words = match reason {
            DisconnectReason::NO_REASON => self.pick("no reason given", "无原因"),
            DisconnectReason::HUNG_UP_BY_HOST => self.pick("hung up by the host", "主持人挂断"),
            DisconnectReason::REMOTE_HUNG_UP => self.pick("hung up", "对方挂断"),
            DisconnectReason::NO_ANSWER => self.pick("no answer", "无应答"),
            DisconnectReason::BUSY => self.pick("busy", "忙"),
            DisconnectReason::PORT_FULL => self.pick("no free port", "端口已满"),
            DisconnectReason::MEETING_FULL => self.pick("meeting full", "会议人数已满"),
            DisconnectReason::MEETING_LOCKED => self.pick("meeting locked", "会议已锁定"),
            DisconnectReason::DIALING_NOT_ALLOWED => self.pick("dialling not allowed", "会议不允许拨号"),
            other => return self.unlisted(other.0),
        };
        words.to_owned()
    }

    fn unlisted(self, code: i32) -> String {
        format!("{} {code}", self.pick("code", "代码"))
    }
}
