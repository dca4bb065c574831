//! `memgauge config`

use memgauge_experiment::ConfigFile;
use serde_json::Value;

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

/// TOML has no null: a key that is null is left out.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
