//! `memgauge config`

use memgauge_experiment::ConfigFile;
use memgauge_experiment::config::drop_nulls;

use crate::cli::{ConfigArgs, ConfigCommand};
use crate::{exit, output};

pub(crate) fn run(args: &ConfigArgs) -> anyhow::Result<u8> {
    match &args.command {
        ConfigCommand::Show {
            file,
            resolved,
            config,
        } => {
            let file = ConfigFile::load(file, &config.overrides())?;
            let mut value = if *resolved {
                serde_json::to_value(&file.config)?
            } else {
                file.written
            };
            drop_nulls(&mut value);
            output::result(&toml::to_string(&value)?)?;
            Ok(exit::DONE)
        }
    }
}
