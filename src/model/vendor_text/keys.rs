//! The keys of the vendor's table, as they stand in its text.

pub(super) const BILLING_CODE: &str = "billingCode";
pub(super) const STATUS: &str = "status";
pub(super) const PARTY_ID: &str = "partyId";
pub(super) const NAME: &str = "name";
pub(super) const PHONE: &str = "phone";
pub(super) const COUNTRY: &str = "country";
pub(super) const AREA_CODE: &str = "areaCode";
pub(super) const ACM_PHONE: &str = "acmPhone";
pub(super) const ROLE: &str = "role";
pub(super) const PARTY_STATUS: &str = "partyStatus";
pub(super) const DISCONNECT_REASON: &str = "disconnectReason";
pub(super) const CONNECT_TIME: &str = "connectTime";
pub(super) const CITY: &str = "city";

/// Those of a "conf".
pub(super) const CONF: &[&str] = &[BILLING_CODE, STATUS];

/// Those of a "party", in the order of the vendor's example.
pub(super) const PARTY: &[&str] = &[
    BILLING_CODE,
    PARTY_ID,
    NAME,
    PHONE,
    COUNTRY,
    AREA_CODE,
    ACM_PHONE,
    ROLE,
    PARTY_STATUS,
    DISCONNECT_REASON,
    CONNECT_TIME,
    CITY,
];

/// Whether the vendor's table names it, for either type.
pub(super) fn is_known(key: &str) -> bool {
    CONF.contains(&key) || PARTY.contains(&key)
}
