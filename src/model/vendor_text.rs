//! The vendor's notification text, read and written.
