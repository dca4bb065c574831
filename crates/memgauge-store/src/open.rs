//! Creating, opening and completing stores.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use crate::graph::plan::GraphEdits;
use crate::lexical::Analyzer;
use crate::resident::{Edit, Resident};
use crate::store::State;
use crate::tables::{Meta, Tables};
use crate::vectors::{Matrix, NoParts};
use crate::{Store, StoreConfig, StoreError};

/// File that is locked while a store is open.
const LOCK_FILE: &str = "lock";
/// LMDB's own name for its file.
const DATA_FILE: &str = "data.mdb";

/// How a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// Size of the memory map, the most that the store can ever hold. The file is sparse: it takes
    /// as much room as is used. A multiple of the page size.
    pub map_bytes: usize,
    /// Whether only to read. Several processes may read a store at a time.
    pub read_only: bool,
    /// Whether every change is on the disk when the call that made it returns, so that a crash of
    /// the machine loses nothing that was acknowledged. Otherwise [`Store::sync`] says when.
    pub durable: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            map_bytes: 64 << 30,
            read_only: false,
            durable: false,
        }
    }
}

impl Store {
    /// Creates a store in `dir`, which must be empty or missing.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Config`], or what the file system says.
    pub fn create(dir: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        Self::create_with(dir, config, StoreOptions::default())
    }

    /// [`Store::create`] with options.
    ///
    /// # Errors
    /// As for [`Store::create`].
    pub fn create_with(
        dir: &Path,
        config: &StoreConfig,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        check(config)?;
        let fail = |error| StoreError::io(dir, error);
        if options.read_only {
            return Err(StoreError::ReadOnly {
                path: dir.to_owned(),
            });
        }
        fs::create_dir_all(dir).map_err(fail)?;
        if fs::read_dir(dir).map_err(fail)?.next().is_some() {
            return Err(StoreError::Exists {
                path: dir.to_owned(),
            });
        }
        let lock = lock(dir, options)?;
        let tables = Tables::create(dir, options, config)?;
        Self::load(lock, tables, options, None)
    }

    /// Starts a store that appears at `dir` only when [`Store::finish`] is called: until then it
    /// lives beside it, in `dir` with `.building` appended, and what a killed process left there
    /// is removed.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where `dir` exists, [`StoreError::InUse`] where another process is
    /// building it, [`StoreError::Config`], or what the file system says.
    pub fn build(dir: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        Self::build_with(dir, config, StoreOptions::default())
    }

    /// [`Store::build`] with options.
    ///
    /// # Errors
    /// As for [`Store::build`].
    pub fn build_with(
        dir: &Path,
        config: &StoreConfig,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        check(config)?;
        if dir.exists() {
            return Err(StoreError::Exists {
                path: dir.to_owned(),
            });
        }
        let building = building(dir);
        if building.exists() {
            // Held until the rest is gone, so that two processes do not clear it at once.
            let _lock = lock(&building, options)?;
            fs::remove_dir_all(&building).map_err(|error| StoreError::io(&building, error))?;
        }
        let mut store = Self::create_with(&building, config, options)?;
        store.target = Some(dir.to_owned());
        Ok(store)
    }

    /// Syncs the store, and moves one that [`Store::build`] started to its place. Calling it again
    /// only syncs.
    ///
    /// # Errors
    /// [`StoreError::Exists`] where something has taken its place, or what the file system says.
    pub fn finish(&self) -> Result<(), StoreError> {
        let _state = self.write_state();
        self.tables.sync()?;
        let Some(target) = &self.target else {
            return Ok(());
        };
        let from = self.tables.path();
        if from == *target {
            return Ok(());
        }
        fs::rename(&from, target).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists
            | io::ErrorKind::DirectoryNotEmpty
            | io::ErrorKind::NotADirectory => StoreError::Exists {
                path: target.clone(),
            },
            _ => StoreError::io(target, error),
        })?;
        self.tables.moved(target);
        // The rename itself has to outlast a crash too.
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(parent)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| StoreError::io(parent, error))
    }

    /// Opens the store in `dir`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::InUse`], [`StoreError::Format`], or what the file
    /// system says.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, StoreOptions::default())
    }

    /// [`Store::open`] with options.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_with(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        if !dir.join(DATA_FILE).is_file() {
            return Err(StoreError::NotFound {
                path: dir.to_owned(),
            });
        }
        let lock = lock(dir, options)?;
        let tables = Tables::open(dir, options)?;
        Self::load(lock, tables, options, None)
    }

    fn load(
        lock: StoreLock,
        tables: Tables,
        options: StoreOptions,
        target: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let txn = tables.read()?;
        let Meta {
            config,
            sealed,
            events,
            indexed,
        } = tables.meta(&txn)?;
        let index = config
            .vectors
            .build(&NoParts)
            .map_err(|error| StoreError::Config(error.message))?;
        let mut resident = Resident::new(&config);
        let mut edits = GraphEdits::default();
        for entry in tables.entries(&txn)? {
            let id = entry.record.id;
            resident.put(id, entry, &Edit::Keep, &Edit::Keep);
        }
        tables.for_each_terms(&txn, |id, terms| resident.put_terms(id, terms))?;
        let nodes = tables.all_nodes(&txn)?;
        for edge in tables.all_edges(&txn, nodes.len())? {
            edits.edges.insert(edge.memory, Some(edge));
        }
        edits.nodes = nodes.into_iter().map(|node| (node.id, node)).collect();
        resident.put_graph(edits);
        let wrong = match (&mut resident.matrix, &mut resident.graph.matrix) {
            (Some(memories), Some(nodes)) => {
                let dimensions = memories.dimensions();
                let mut wrong = None;
                let mut set = |matrix: &mut Matrix, id, vector: &[f32]| {
                    if vector.len() == dimensions {
                        matrix.set(id, vector);
                    } else {
                        wrong = Some(id.0);
                    }
                };
                tables.for_each_vector(&txn, |id, vector| set(memories, id, vector))?;
                tables.for_each_node_vector(&txn, |id, vector| set(nodes, id, vector))?;
                wrong
            }
            _ => None,
        };
        if let Some(id) = wrong {
            let message = format!("vector {id} has the wrong length");
            return Err(StoreError::damaged(&tables.path(), message));
        }
        let short_term = tables.short_term(&txn)?;
        drop(txn);
        Ok(Self {
            analyzer: Analyzer::new(&config.lexical),
            config,
            index,
            tables,
            state: RwLock::new(State {
                resident,
                sealed,
                events,
                indexed,
                short_term,
            }),
            target,
            read_only: options.read_only,
            _lock: lock,
        })
    }
}

/// The lock on a store. Given up by name: closing the file is not enough while a process that is
/// just being started still has a copy of the handle.
pub(crate) struct StoreLock(File);

impl Drop for StoreLock {
    fn drop(&mut self) {
        // Closing it, which comes next, gives it up as well if this fails.
        let _ = self.0.unlock();
    }
}

fn check(config: &StoreConfig) -> Result<(), StoreError> {
    if config.dimensions == Some(0) {
        return Err(StoreError::Config(
            "`dimensions` must be at least 1, or absent".to_owned(),
        ));
    }
    if let Some(problem) = config.lexical.problem() {
        return Err(StoreError::Config(problem));
    }
    config
        .vectors
        .build(&NoParts)
        .map(drop)
        .map_err(|error| StoreError::Config(error.message))
}

fn building(dir: &Path) -> PathBuf {
    let mut name = OsString::from(dir);
    name.push(".building");
    PathBuf::from(name)
}

/// Locks the store in `dir` until the file is closed.
fn lock(dir: &Path, options: StoreOptions) -> Result<StoreLock, StoreError> {
    let path = dir.join(LOCK_FILE);
    let file = OpenOptions::new()
        .read(true)
        .write(!options.read_only)
        .create(!options.read_only)
        .truncate(false)
        .open(&path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if options.read_only => StoreError::Format {
                path: dir.to_owned(),
                message: format!("it has no file `{LOCK_FILE}`"),
            },
            _ => StoreError::io(&path, error),
        })?;
    let locked = if options.read_only {
        file.try_lock_shared()
    } else {
        file.try_lock()
    };
    match locked {
        Ok(()) => Ok(StoreLock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            path: dir.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path, error)),
    }
}
