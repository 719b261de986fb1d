//! Peak memory of this process or another one, where the system tells (Linux).

use std::fs;

/// What the process had when a measurement began.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    before: u64,
    /// Of another process.
    id: Option<u32>,
}

impl Growth {
    /// The same for a process that we started, from what is resident in it now.
    pub(super) fn of(id: u32) -> Option<Self> {
        let before = field(Some(id), "VmRSS")?;
        Some(Self { before, id: Some(id) })
    }

    /// Begins a measurement; `None` where memory cannot be measured.
    ///
    /// The peak so far is forgotten where the system allows; where it does not, a peak from before hides a lower one.
    pub fn start() -> Option<Self> {
        // 5 resets the peak to what is resident now (`man 5 proc`).
        let _ = fs::write("/proc/self/clear_refs", "5");
        // Counted page by page; the kernel's running counts are off by some.
        let exact = fs::read_to_string("/proc/self/smaps_rollup").ok();
        let before = exact
            .and_then(|text| parse(&text, "Rss"))
            .or_else(|| field(None, "VmRSS"))?;
        Some(Self { before, id: None })
    }

    /// The most bytes that were resident since the measurement began, above what was resident then.
    pub fn peak(self) -> Option<u64> {
        Some(field(self.id, "VmHWM")?.saturating_sub(self.before))
    }
}

/// Of a process, or of this one.
fn field(id: Option<u32>, name: &str) -> Option<u64> {
    let process = id.map_or("self".to_owned(), |id| id.to_string());
    parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?, name)
}

/// Bytes that programs can still have before the system has to swap; `None` where it does not tell.
pub fn available() -> Option<u64> {
    parse(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")
}

/// A line such as `VmHWM:     2020 kB`, in bytes.
pub(super) fn parse(status: &str, name: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}
