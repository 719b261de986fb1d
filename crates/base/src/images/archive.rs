//! Reading `.tar` streams entry by entry, without ever unpacking them.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use tar::EntryType;

use super::FormatError;

/// What an archive may hold at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Entries of any kind.
    pub(super) entries: usize,
    /// Bytes of the whole stream.
    pub(super) bytes: u64,
}

/// A file of an archive.
pub(super) struct Member<'a> {
    /// Path, without `./` in front.
    pub(super) path: &'a str,
    /// Size in bytes, as the archive says.
    pub(super) bytes: u64,
    /// Its content, as far as the stream has it.
    pub(super) content: &'a mut dyn Read,
}

/// A file to look for in an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Path in the archive.
    pub(super) path: &'a str,
    /// Exact size in bytes.
    pub(super) bytes: u64,
}

/// Visits the files of a `.tar` stream in order, until `visit` breaks or the archive ends.
///
/// Long names and other extensions of the format are not followed: no data set needs them, and their size is
/// the archive's choice. Entries with them keep the short name of the basic header.
///
/// # Errors
///
/// [`FormatError::Read`], [`FormatError::TooLarge`], [`FormatError::Entries`], [`FormatError::Entry`], and
/// what `visit` returns.
pub(super) fn walk(
    reader: impl Read,
    limits: Limits,
    visit: &mut dyn FnMut(Member<'_>) -> Result<ControlFlow<()>, FormatError>,
) -> Result<(), FormatError> {
    let mut archive = tar::Archive::new(Capped {
        inner: reader,
        left: limits.bytes,
    });
    walk_entries(&mut archive, limits, visit).map_err(|error| match error {
        FormatError::Read(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            FormatError::TooLarge { limit: limits.bytes }
        }
        error => error,
    })
}

fn walk_entries(
    archive: &mut tar::Archive<impl Read>,
    limits: Limits,
    visit: &mut dyn FnMut(Member<'_>) -> Result<ControlFlow<()>, FormatError>,
) -> Result<(), FormatError> {
    for (number, entry) in archive.entries()?.raw(true).enumerate() {
        if number >= limits.entries {
            return Err(FormatError::Entries { limit: limits.entries });
        }
        let mut entry = entry?;
        let path = plain_path(&entry.path_bytes())?;
        let bytes = entry.size();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XHeader | EntryType::XGlobalHeader | EntryType::GNULongName => continue,
            kind => {
                let is_link = kind.is_symlink() || kind.is_hard_link();
                return Err(FormatError::Entry {
                    path,
                    what: if is_link { "a link" } else { "no plain file" },
                });
            }
        }
        let member = Member {
            path: &path,
            bytes,
            content: &mut entry,
        };
        if visit(member)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads the files `wanted`, in the order in which the archive has them, and nothing behind the last of them;
/// `read` gets the place of the file in `wanted` and its content.
///
/// # Errors
///
/// As [`walk`]; [`FormatError::Size`], [`FormatError::Twice`], [`FormatError::Missing`].
pub(super) fn members(
    reader: impl Read,
    limits: Limits,
    wanted: &[Wanted<'_>],
    read: &mut dyn FnMut(usize, &mut dyn Read) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut found = vec![false; wanted.len()];
    walk(reader, limits, &mut |member| {
        if let Some(place) = wanted.iter().position(|wanted| wanted.path == member.path) {
            let (path, expected) = (member.path.to_owned(), wanted[place].bytes);
            if member.bytes != expected {
                return Err(FormatError::Size {
                    member: path,
                    expected,
                    found: member.bytes,
                });
            }
            if std::mem::replace(&mut found[place], true) {
                return Err(FormatError::Twice { member: path });
            }
            read(place, member.content)?;
        }
        Ok(if found.iter().all(|&found| found) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    match found.iter().position(|&found| !found) {
        Some(place) => Err(FormatError::Missing {
            member: wanted[place].path.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The path of an entry, if it stays inside of the archive on every system.
fn plain_path(bytes: &[u8]) -> Result<String, FormatError> {
    let odd = || FormatError::Entry {
        path: String::from_utf8_lossy(bytes).escape_debug().collect(),
        what: "a path that leaves the archive or that not every system knows",
    };
    let path = std::str::from_utf8(bytes).map_err(|_| odd())?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let is_odd =
        |part: &str| part == ".." || part.contains(|letter: char| letter.is_control() || "\\:".contains(letter));
    if path.starts_with('/') || path.split('/').any(is_odd) {
        return Err(odd());
    }
    Ok(path.to_owned())
}

/// Fails after a number of bytes, where `Take` would pretend that the stream ends.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !buffer.is_empty() {
            // The stream may end exactly here.
            return match self.inner.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::ErrorKind::FileTooLarge.into()),
            };
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.inner.read(&mut buffer[..most])?;
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        entries: 8,
        bytes: 1 << 16,
    };

    /// An archive of files, as `tar` writes it.
    pub(in crate::images) fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            append(&mut builder, EntryType::Regular, path, content);
        }
        builder.into_inner().unwrap()
    }

    /// Writes the path as it is, however odd.
    fn append(builder: &mut tar::Builder<Vec<u8>>, kind: EntryType, path: &str, content: &[u8]) {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }

    fn contents(archive: &[u8], wanted: &[(&str, u64)]) -> Result<Vec<Vec<u8>>, FormatError> {
        let mut contents = vec![Vec::new(); wanted.len()];
        let wanted: Vec<_> = wanted.iter().map(|&(path, bytes)| Wanted { path, bytes }).collect();
        members(archive, LIMITS, &wanted, &mut |place, content| {
            content.read_to_end(&mut contents[place])?;
            Ok(())
        })?;
        Ok(contents)
    }

    #[test]
    fn members_are_found_in_any_order_and_behind_others() {
        let archive = tar_of(&[("./a/two", b"22"), ("readme", b"text"), ("a/one", b"1")]);
        assert_eq!(
            contents(&archive, &[("a/one", 1), ("a/two", 2)]).unwrap(),
            [b"1".to_vec(), b"22".to_vec()]
        );
    }

    #[test]
    fn nothing_behind_the_last_member_is_read() {
        let mut archive = tar_of(&[("one", b"1")]);
        archive.truncate(1024);
        archive.extend([0xff; 1024]);
        assert_eq!(contents(&archive, &[("one", 1)]).unwrap(), [b"1".to_vec()]);
    }

    #[test]
    fn wrong_members_are_named() {
        let archive = tar_of(&[("one", b"1"), ("one", b"1")]);
        for (wanted, expected) in [
            (&[("one", 2)][..], "`one` has 1 bytes instead of 2"),
            (&[("two", 2)], "lacks `two`"),
            (&[("one", 1), ("two", 2)], "`one` stands in the archive twice"),
        ] {
            let error = contents(&archive, wanted).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn links_and_paths_that_leave_the_archive_are_refused() {
        for (kind, path, expected) in [
            (EntryType::Symlink, "one", "a link"),
            (EntryType::Link, "one", "a link"),
            (EntryType::Fifo, "one", "no plain file"),
            (EntryType::Regular, "../one", "leaves the archive"),
            (EntryType::Regular, "/one", "leaves the archive"),
            (EntryType::Regular, "a/../../one", "leaves the archive"),
            (EntryType::Regular, "a\\one", "leaves the archive"),
            (EntryType::Directory, "../a/", "leaves the archive"),
        ] {
            let mut builder = tar::Builder::new(Vec::new());
            append(&mut builder, kind, path, b"");
            let error = contents(&builder.into_inner().unwrap(), &[("one", 1)])
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{path}: {error}");
        }
    }

    #[test]
    fn too_many_entries_are_refused() {
        let names: Vec<String> = (0..9).map(|number| number.to_string()).collect();
        let files: Vec<_> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        let error = contents(&tar_of(&files), &[("one", 1)]).unwrap_err();
        assert!(matches!(error, FormatError::Entries { limit: 8 }), "{error}");
    }

    #[test]
    fn more_bytes_than_allowed_are_refused_even_in_skipped_members() {
        let archive = tar_of(&[("big", &[0; 1 << 16]), ("one", b"1")]);
        let error = contents(&archive, &[("one", 1)]).unwrap_err();
        assert!(matches!(error, FormatError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_cut_member_is_an_error_of_its_reader() {
        let archive = tar_of(&[("one", &[7; 600])]);
        let wanted = [Wanted {
            path: "one",
            bytes: 600,
        }];
        let error = members(&archive[..800], LIMITS, &wanted, &mut |_, content| {
            content.read_exact(&mut [0; 600])?;
            Ok(())
        })
        .unwrap_err();
        assert!(matches!(error, FormatError::Read(_)), "{error}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = contents(&bytes, &[("one", 1)]);
        }

        #[test]
        fn a_damaged_archive_never_panics(position in 0_usize..2560, value in any::<u8>()) {
            let mut archive = tar_of(&[("two", b"22"), ("one", b"1")]);
            let position = position % archive.len();
            archive[position] = value;
            if let Ok(contents) = contents(&archive, &[("one", 1)]) {
                prop_assert_eq!(contents[0].len(), 1);
            }
        }
    }
}
