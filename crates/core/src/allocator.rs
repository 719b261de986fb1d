//! The allocator of all programs, which is mimalloc, and how it is told to keep memory.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

/// `mi_option_purge_delay` of `mimalloc.h`, which the crate has no name for: milliseconds after which freed memory goes
/// back to the system; -1 for never.
const PURGE_DELAY: mi_option_t = 15;
const NEVER: c_long = -1;

/// Lets freed memory stay with the process, unless the environment says otherwise (`MIMALLOC_PURGE_DELAY`).
///
/// The next training step needs as much again. The system would clear every page that it hands out a second time, which
/// took a quarter of a step that lasts a second.
pub(crate) fn keep_freed_memory() {
    // SAFETY: it sets a number that the allocator reads. It is not meant for several threads at once, and programs call
    // it first of all.
    #[expect(unsafe_code, reason = "the allocator's options are functions of C")]
    unsafe {
        mi_option_set_default(PURGE_DELAY, NEVER);
    }
}

#[cfg(test)]
mod tests {
    use libmimalloc_sys::mi_option_get;

    use super::*;

    #[test]
    fn the_option_is_the_one_that_it_is_taken_for() {
        // SAFETY: reads a number.
        #[expect(unsafe_code, reason = "the allocator's options are functions of C")]
        let get = || unsafe { mi_option_get(PURGE_DELAY) };
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            assert_eq!(get(), 1000, "the delay of mimalloc 3");
        }
        keep_freed_memory();
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            assert_eq!(get(), NEVER);
        }
    }
}
