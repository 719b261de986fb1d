use papers_core::{Context, Error, Result};

use super::{RatedPhotos, embedded, sets, tables};
use crate::config::{DataConfig, SetKind};

impl RatedPhotos {
    /// Loads what a configuration asks for.
    ///
    /// # Errors
    ///
    /// Data that is missing or cannot be used; each says what to do.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let streams = &context.streams;
        let folder = |name: &str| context.data.folder(name);
        let data = match config.set {
            SetKind::Procedural => embedded::load(config, streams)?,
            SetKind::Csv | SetKind::Wide | SetKind::Scut | SetKind::Means | SetKind::HotOrNot => {
                let table = config.table.as_ref();
                let table = table.ok_or_else(|| Error::usage("`data.table` says where a set of your own is"))?;
                tables::load(config, table, context)?
            }
            SetKind::LondonFaces => sets::london(config, &folder("london-faces")?, streams)?,
            SetKind::Mebeauty => sets::mebeauty(config, &folder("mebeauty-112")?, streams)?,
            SetKind::ThreeDsk => sets::three_dsk(config, &folder("3dsk-faces")?, streams)?,
            SetKind::Omi => sets::omi(config, &folder("omi-faces")?, streams)?,
        };
        data.check()?;
        Ok(data)
    }
}
