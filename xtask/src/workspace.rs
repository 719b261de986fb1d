//! The workspace on disk.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The folder with the workspace's `Cargo.toml`, and its member crates.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that this program belongs to.
    pub(crate) fn find() -> anyhow::Result<Self> {
        // Cargo sets the variable when it runs the program. That value is right even where several copies of the
        // workspace share one target folder; the one from compile time is for direct calls.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .filter(|folder| folder.ends_with("xtask"))
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = package.parent().context("xtask has no parent folder")?;
        Self::at(root)
    }

    /// The workspace in this folder.
    pub(crate) fn at(root: &Path) -> anyhow::Result<Self> {
        if !root.join("Cargo.toml").is_file() {
            bail!(
                "{} holds no Cargo.toml; run `cargo xtask` inside the workspace",
                root.display()
            );
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Folders of the member crates, sorted.
    ///
    /// This reads the manifest itself, in a millisecond, where `cargo metadata` needs fifty.
    pub(crate) fn members(&self) -> anyhow::Result<Vec<PathBuf>> {
        let manifest: RootManifest = read_toml(&self.root.join("Cargo.toml"))?;
        let mut folders = Vec::new();
        for pattern in &manifest.workspace.members {
            match pattern.strip_suffix("/*") {
                Some(parent) => folders.extend(crates_in(&self.root.join(parent))?),
                None => folders.push(self.root.join(pattern)),
            }
        }
        folders.sort();
        Ok(folders)
    }
}

/// Reads and parses a TOML file; errors name the file.
pub(crate) fn read_toml<T: for<'de> Deserialize<'de>>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("parsing {}", path.display()))
}

fn crates_in(parent: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(parent).with_context(|| format!("reading {}", parent.display()))? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").is_file() {
            folders.push(folder);
        }
    }
    Ok(folders)
}

#[derive(Deserialize)]
struct RootManifest {
    workspace: WorkspaceTable,
}

#[derive(Deserialize)]
struct WorkspaceTable {
    members: Vec<String>,
}
