//! Who takes part: invented people.

use crate::model::Role;

/// Somebody in a meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Unique within the meeting.
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) phone: String,
    pub(super) city: &'static str,
    pub(super) area_code: &'static str,
    pub(super) role: Role,
}

const NAMES: [&str; 24] = [
    "王芳",
    "李伟",
    "张敏",
    "刘洋",
    "陈静",
    "Alice Martin",
    "杨磊",
    "赵倩",
    "黄勇",
    "周婷",
    "吴军",
    "徐丽",
    "Jonas Weber",
    "孙强",
    "马超",
    "朱琳",
    "胡斌",
    "郭雪",
    "何平",
    "María López",
    "高翔",
    "林娜",
    "罗杰",
    "郑爽",
];

const CITIES: [(&str, &str); 6] = [
    ("北京", "010"),
    ("上海", "021"),
    ("广州", "020"),
    ("深圳", "0755"),
    ("成都", "028"),
    ("杭州", "0571"),
];

/// The person of that number; number 0 of a meeting is its expert.
pub(super) fn person(meeting: u32, number: u32) -> Person {
    let which = (meeting * 7 + number) as usize;
    let (city, area_code) = CITIES[which % CITIES.len()];
    Person {
        id: format!("{}{number:03X}", meeting % 1000),
        name: NAMES[which % NAMES.len()],
        // Nobody else's: a number in two places at once is an incident.
        phone: format!("138{:04}{number:04}", meeting % 10_000),
        city,
        area_code,
        role: if number == 0 { Role::EXPERT } else { Role::CLIENT },
    }
}
