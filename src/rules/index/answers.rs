//! What the codes of a notification alone answer: parts of expressions that need not be weighed, since a code settles them. Each kind of
//! code answers by itself, so that the tables grow with the codes, not with their combinations.

use super::distinct::{Cells, Distinct};
use crate::rules::expr::{Answered, Codes, PartyCodes, SharedParts};

/// Answers by each kind of code, in the places of [`Cells`].
#[derive(Debug, Default)]
pub struct Answers {
    meeting: Answered,
    conf: Vec<Answered>,
    status: Vec<Answered>,
    reason: Vec<Answered>,
    role: Vec<Answered>,
    previous: Vec<Answered>,
}

impl Answers {
    /// What these parts say.
    pub fn of(parts: &SharedParts, distinct: &Distinct) -> Self {
        let any = PartyCodes::default();
        let party = |codes| parts.settled(&Codes::Party(codes));
        Self {
            meeting: parts.settled(&Codes::Meeting),
            conf: distinct.conf().map(|codes| parts.settled(&codes)).collect(),
            status: distinct
                .statuses()
                .map(|status| party(PartyCodes { status, ..any }))
                .collect(),
            reason: distinct
                .reasons()
                .map(|reason| party(PartyCodes { reason, ..any }))
                .collect(),
            role: distinct.roles().map(|role| party(PartyCodes { role, ..any })).collect(),
            previous: distinct
                .previous()
                .map(|previous| party(PartyCodes { previous, ..any }))
                .collect(),
        }
    }

    /// What is settled of what stands in these cells.
    pub fn to(&self, cells: &Cells) -> Answered {
        match *cells {
            Cells::Meeting => self.meeting,
            Cells::Conf(status) => self.conf[status],
            Cells::Party {
                status,
                reason,
                role,
                previous,
                ..
            } => self.status[status]
                .or(self.reason[reason])
                .or(self.role[role])
                .or(self.previous[previous]),
        }
    }
}
