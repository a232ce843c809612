//! When this process started, as the kernel has it.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

/// The kernel's ticks a second in `/proc`: 100 on every Linux that userland sees (`USER_HZ`, proc(5)).
const TICKS: f64 = 100.0;

/// Seconds since the Unix epoch; now, where there is no `/proc`.
pub(super) fn process_start() -> f64 {
    from_proc().unwrap_or_else(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |now| now.as_secs_f64())
    })
}

fn from_proc() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The process's name stands in parentheses and may hold anything, so fields are counted from the last one; the start is field 22.
    let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let system = fs::read_to_string("/proc/stat").ok()?;
    let booted: f64 = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    Some(booted + ticks / TICKS)
}
