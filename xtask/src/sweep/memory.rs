//! Memory that runs need, and that this machine has. Linux tells; elsewhere nothing is known, and nothing limits.

use std::fs;

/// The most memory a process has had so far, in KiB.
pub(super) fn peak(process: u32) -> Option<u64> {
    kibibytes(&status(process)?, "VmHWM")
}

/// The memory a process has now, in KiB.
pub(super) fn present(process: u32) -> Option<u64> {
    kibibytes(&status(process)?, "VmRSS")
}

/// The memory that new processes can have without swapping, in KiB.
pub(super) fn available() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable")
}

/// How many runs with this `peak` fit into the available memory and what the present runs have already; one always does.
pub(super) fn fitting(peak: u64, available: u64, present: u64) -> usize {
    let runs = (available.saturating_add(present)) / peak.max(1);
    usize::try_from(runs).unwrap_or(usize::MAX).max(1)
}

fn status(process: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/status")).ok()
}

/// The value of a line such as `VmRSS:      1234 kB`.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_runs_fit_as_the_memory_holds() {
        assert_eq!(fitting(300, 700, 200), 3);
        assert_eq!(fitting(300, 100, 0), 1, "one run always starts");
        assert_eq!(fitting(0, 5, 0), 5);
    }

    #[test]
    fn values_are_read_from_their_lines() {
        let text = "VmPeak:\t  900 kB\nVmHWM:\t   12 kB\nThreads:\t4\n";
        assert_eq!(kibibytes(text, "VmHWM"), Some(12));
        assert_eq!(kibibytes(text, "Threads"), None);
        assert_eq!(kibibytes(text, "Vm"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_needs_memory_and_there_is_some() {
        let process = std::process::id();
        assert!(peak(process).unwrap() >= present(process).unwrap() / 2);
        assert!(available().unwrap() > 0);
    }
}
