//! The only place that gives files their final names.
//!
//! Content is written to a temporary name in the same folder, brought to disk, and renamed; then the folder is brought
//! to disk as well. After a crash at any moment a name stands for the old content or the new one, never for a part.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use tempfile::{Builder, TempDir};

use crate::{Error, Result};

/// Names of files that are being written begin with this; a killed process may leave one behind.
const PREFIX: &str = ".commit-";

/// Writes `content` under the name `path`, whose folder exists.
///
/// # Errors
///
/// [`Error::Io`]; what had the name before is untouched then, and no temporary file stays.
pub fn bytes(path: &Path, content: &[u8]) -> Result<()> {
    file(path, |file| file.write_all(content))
}

/// Gives the name `path` to what `write` writes.
///
/// # Errors
///
/// [`Error::Io`] with what `write` or the file system said; what had the name before is untouched then, and no
/// temporary file stays.
pub fn file(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    write_named(path, write)?;
    sync_folder_of(path)
}

/// Writes `content` under the name `path` in a folder that [`directory`] names later: the folder itself is brought to
/// disk only then, which saves a wait for each file.
///
/// # Errors
///
/// As [`bytes`].
pub fn part(path: &Path, content: &[u8]) -> Result<()> {
    write_named(path, |file| file.write_all(content))
}

fn write_named(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let commit = || {
        let mut temporary = builder().prefix(PREFIX).tempfile_in(named_folder(path)?)?;
        write(temporary.as_file_mut())?;
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|refused| refused.error)?;
        Ok(())
    };
    commit().map_err(Error::io("write", path))
}

/// Gives a file that was written elsewhere on the same file system, such as a finished download, its name.
///
/// # Errors
///
/// [`Error::Io`]; both files are as before then.
pub fn place(part: &Path, path: &Path) -> Result<()> {
    // Windows brings only files to disk that are open for writing.
    let file = File::options()
        .write(true)
        .open(part)
        .map_err(Error::io("open", part))?;
    file.sync_all().map_err(Error::io("write", part))?;
    fs::rename(part, path).map_err(Error::io("write", path))?;
    sync_folder_of(path)
}

/// Gives a folder of files that were written through this module its name, which must be free.
///
/// Temporary folders are closed to others; under its name the folder can be read by whom its parent lets in.
///
/// # Errors
///
/// [`Error::Io`]; the temporary folder is removed then.
pub fn directory(temporary: TempDir, path: &Path) -> Result<()> {
    let commit = || {
        open_like(named_folder(path)?, temporary.path())?;
        sync(temporary.path())?;
        fs::rename(temporary.path(), path)
    };
    commit().map_err(Error::io("write", path))?;
    // Nothing has the temporary name any more: there is nothing to remove.
    let _ = temporary.keep();
    sync_folder_of(path)
}

/// Temporary files that get the permissions of any new file, not those of a secret.
#[cfg(unix)]
fn builder() -> Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = Builder::new();
    builder.permissions(fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> Builder<'static, 'static> {
    Builder::new()
}

/// Lets others read `folder` as far as they may read `parent`; writing stays the owner's.
#[cfg(unix)]
fn open_like(parent: &Path, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let others = fs::metadata(parent)?.permissions().mode() & 0o055;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700 | others))
}

#[cfg(not(unix))]
fn open_like(_parent: &Path, _folder: &Path) -> io::Result<()> {
    Ok(())
}

/// The folder of `path`, which has to name something in it.
fn named_folder(path: &Path) -> io::Result<&Path> {
    if path.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no name of a file"));
    }
    Ok(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    sync(folder).map_err(Error::io("write", folder))
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened; the file system keeps its own order.
#[cfg(not(unix))]
fn sync(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn new_content_replaces_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        bytes(&path, b"a longer first version").unwrap();
        bytes(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_reader_sees_whole_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let versions = [vec![b'x'; 100_000], vec![b'y'; 200_000]];
        bytes(&path, &versions[0]).unwrap();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (0..40).for_each(|count| bytes(&path, &versions[count % 2]).unwrap()));
            while !writer.is_finished() {
                assert!(versions.contains(&fs::read(&path).unwrap()));
            }
        });
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        bytes(&path, b"old").unwrap();
        let error = file(&path, |file| {
            file.write_all(b"half of the n")?;
            Err(io::Error::other("the disk is full"))
        })
        .unwrap_err();
        let Error::Io {
            path: named, source, ..
        } = error
        else {
            panic!("another error: {error}");
        };
        assert_eq!(
            (named, source.to_string()),
            (path.clone(), "the disk is full".to_owned())
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_panic_while_writing_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        bytes(&path, b"old").unwrap();
        let outcome = std::panic::catch_unwind(|| file(&path, |_| panic!("on purpose")));
        assert!(outcome.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn what_cannot_be_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken/x"), "").unwrap();
        for path in ["/", "..", "no/such/folder/a.txt", "taken"] {
            assert!(bytes(&folder.path().join(path), b"").is_err(), "{path}");
        }
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn a_finished_part_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (part, path) = (folder.path().join("a.part"), folder.path().join("a"));
        assert!(place(&part, &path).is_err());
        fs::write(&part, "content").unwrap();
        fs::write(&path, "old").unwrap();
        place(&part, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"content");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-1");
        let staged = |content: &[u8]| {
            let staging = tempfile::tempdir_in(folder.path()).unwrap();
            bytes(&staging.path().join("weights"), content).unwrap();
            staging
        };
        directory(staged(b"first"), &path).unwrap();
        assert!(directory(staged(b"second"), &path).is_err());
        assert_eq!(fs::read(path.join("weights")).unwrap(), b"first");
        assert_eq!(names(folder.path()), ["step-1"]);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_new_files_and_the_parent_let_them_read() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let folder = tempfile::tempdir().unwrap();
        let (ordinary, committed) = (folder.path().join("ordinary"), folder.path().join("committed"));
        fs::write(&ordinary, "").unwrap();
        bytes(&committed, b"").unwrap();
        assert_eq!(mode(&committed), mode(&ordinary));

        // As /tmp: everybody may write, nobody may remove what is another's.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let path = folder.path().join("folder");
        directory(tempfile::tempdir_in(folder.path()).unwrap(), &path).unwrap();
        assert_eq!(mode(&path), 0o755);
    }
}
