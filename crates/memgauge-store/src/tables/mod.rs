//! The LMDB environment and what is kept where.

mod rows;

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use arroy::distances::Cosine;
use arroy::internals::{KeyCodec, NodeCodec};
use heed::byteorder::BigEndian;
use heed::types::{Bytes, Str, U32, U64};
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};
use memgauge_core::MemoryId;
use roaring::RoaringBitmap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::IdSet;
use crate::{StoreConfig, StoreError, StoreOptions};

/// Version of the layout below.
const FORMAT: &str = "memgauge-store 5";
/// Before the names of a user's own values in `meta`.
const NOTE: &str = "note:";
/// Named databases in one environment.
const DATABASES: u32 = 11;

pub(crate) type Rows = Database<'static, U32<BigEndian>, Bytes>;

/// The environment's databases:
/// `meta` holds the format, the config and counters; `records`, `vectors` and `terms` are keyed by
/// memory id (a deleted memory keeps its record alone); `history` by memory id and running number;
/// `recent` has a row of short-term memory per scope; `trees` belongs to arroy; `queue` holds work that
/// was taken on and not yet carried out, by running number; `nodes` and `node-vectors` are keyed by node
/// id, `edges` by the id of the memory that the edge is.
///
/// The environment is opened without LMDB's own locks and lock file. Between processes a lock on a
/// file of ours keeps others out, and inside this one every transaction runs under the store's
/// `RwLock`: readers beside readers, a writer alone.
pub struct Tables {
    env: Env<WithoutTls>,
    path: RwLock<PathBuf>,
    map_bytes: usize,
    meta: Database<'static, Str, Bytes>,
    records: Rows,
    history: Database<'static, Bytes, Bytes>,
    vectors: Rows,
    terms: Rows,
    recent: Rows,
    pub(crate) trees: arroy::Database<'static, Cosine>,
    queue: Database<'static, U64<BigEndian>, Bytes>,
    pub(crate) nodes: Rows,
    pub(crate) node_vectors: Rows,
    pub(crate) edges: Rows,
}

/// What `meta` says.
pub(crate) struct Meta {
    pub(crate) config: StoreConfig,
    pub(crate) sealed: bool,
    pub(crate) events: u64,
    pub(crate) indexed: IdSet,
}

#[expect(
    unsafe_code,
    reason = "a memory map is only sound while nobody else changes the file, which LMDB cannot \
              check: the store holds an exclusive lock beside it (a shared one for reading), keeps \
              writers and readers apart by a RwLock, and loses no more than the last transactions \
              when the whole machine stops before `sync`"
)]
fn open_environment(path: &Path, how: StoreOptions) -> heed::Result<Env<WithoutTls>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(how.map_bytes).max_dbs(DATABASES);
    let mut flags = EnvFlags::NO_LOCK;
    if !how.durable {
        flags |= EnvFlags::NO_SYNC;
    }
    if how.read_only {
        flags |= EnvFlags::READ_ONLY;
    }
    // SAFETY: see the reason above.
    unsafe {
        options.flags(flags);
        options.open(path)
    }
}

fn other_format(found: &[u8]) -> String {
    format!(
        "its format is `{}`, this build reads `{FORMAT}`",
        String::from_utf8_lossy(found)
    )
}

impl Tables {
    /// Creates the tables in an empty folder.
    pub(crate) fn create(
        path: &Path,
        options: StoreOptions,
        config: &StoreConfig,
    ) -> Result<Self, StoreError> {
        let map_bytes = options.map_bytes;
        let fail = |error| StoreError::heed(path, map_bytes, error);
        let env = open_environment(path, options).map_err(fail)?;
        let txn = env.write_txn().map_err(fail)?;
        let opened = env
            .create_databases_and_commit(txn, |create, txn| -> heed::Result<_> {
                Ok(CommitOrAbort::<_, ()>::Commit((
                    create.create_database::<Str, Bytes>(txn, Some("meta"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("records"))?,
                    create.create_database::<Bytes, Bytes>(txn, Some("history"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("vectors"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("terms"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("recent"))?,
                    create.create_database::<KeyCodec, NodeCodec<Cosine>>(txn, Some("trees"))?,
                    create.create_database::<U64<BigEndian>, Bytes>(txn, Some("queue"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("nodes"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("node-vectors"))?,
                    create.create_database::<U32<BigEndian>, Bytes>(txn, Some("edges"))?,
                )))
            })
            .map_err(fail)?
            .commit();
        let Some((
            meta,
            records,
            history,
            vectors,
            terms,
            recent,
            trees,
            queue,
            nodes,
            node_vectors,
            edges,
        )) = opened
        else {
            return Err(StoreError::damaged(path, "its tables cannot be created"));
        };
        let tables = Self {
            env,
            path: RwLock::new(path.to_owned()),
            map_bytes,
            meta,
            records,
            history,
            vectors,
            terms,
            recent,
            trees,
            queue,
            nodes,
            node_vectors,
            edges,
        };
        let config = serde_json::to_vec(config).map_err(|error| tables.damaged(error))?;
        let mut txn = tables.write()?;
        tables.put_meta(&mut txn, "config", &config)?;
        tables.put_sealed(&mut txn, false)?;
        tables.put_events(&mut txn, 0)?;
        // Last, so that a store without it is known to be unfinished.
        tables.put_meta(&mut txn, "format", FORMAT.as_bytes())?;
        tables.commit(txn)?;
        Ok(tables)
    }

    /// Opens the tables of an existing store.
    pub(crate) fn open(path: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let map_bytes = options.map_bytes;
        let fail = |error| StoreError::heed(path, map_bytes, error);
        let env = open_environment(path, options).map_err(fail)?;
        let txn = env.read_txn().map_err(fail)?;
        let opened = env
            .open_databases_and_commit(txn, |open, txn| -> heed::Result<_> {
                Ok(CommitOrAbort::<_, ()>::Commit((
                    open.open_database::<Str, Bytes>(txn, Some("meta"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("records"))?,
                    open.open_database::<Bytes, Bytes>(txn, Some("history"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("vectors"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("terms"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("recent"))?,
                    open.open_database::<KeyCodec, NodeCodec<Cosine>>(txn, Some("trees"))?,
                    open.open_database::<U64<BigEndian>, Bytes>(txn, Some("queue"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("nodes"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("node-vectors"))?,
                    open.open_database::<U32<BigEndian>, Bytes>(txn, Some("edges"))?,
                )))
            })
            .map_err(fail)?
            .commit();
        let Some((
            Some(meta),
            Some(records),
            Some(history),
            Some(vectors),
            Some(terms),
            Some(recent),
            Some(trees),
            Some(queue),
            Some(nodes),
            Some(node_vectors),
            Some(edges),
        )) = opened
        else {
            // A store of an older format lacks tables, and has at least this one.
            let meta = opened.and_then(|opened| opened.0);
            let txn = env.read_txn().map_err(fail)?;
            let format = match meta {
                Some(meta) => meta.get(&txn, "format").map_err(fail)?,
                None => None,
            };
            return Err(StoreError::Format {
                path: path.to_owned(),
                message: match format {
                    Some(format) if format != FORMAT.as_bytes() => other_format(format),
                    _ => "its tables are missing".to_owned(),
                },
            });
        };
        Ok(Self {
            env,
            path: RwLock::new(path.to_owned()),
            map_bytes,
            meta,
            records,
            history,
            vectors,
            terms,
            recent,
            trees,
            queue,
            nodes,
            node_vectors,
            edges,
        })
    }

    /// Folder of the store.
    pub(crate) fn path(&self) -> PathBuf {
        self.path
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes that the folder was renamed.
    pub(crate) fn moved(&self, path: &Path) {
        path.clone_into(&mut self.path.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn fail(&self, error: heed::Error) -> StoreError {
        StoreError::heed(&self.path(), self.map_bytes, error)
    }

    pub(crate) fn fail_trees(&self, error: arroy::Error) -> StoreError {
        StoreError::arroy(&self.path(), self.map_bytes, error)
    }

    pub(crate) fn damaged(&self, message: impl ToString) -> StoreError {
        StoreError::damaged(&self.path(), message)
    }

    pub(crate) fn read(&self) -> Result<RoTxn<'_, WithoutTls>, StoreError> {
        self.env.read_txn().map_err(|error| self.fail(error))
    }

    pub(crate) fn write(&self) -> Result<RwTxn<'_>, StoreError> {
        self.env.write_txn().map_err(|error| self.fail(error))
    }

    pub(crate) fn commit(&self, txn: RwTxn<'_>) -> Result<(), StoreError> {
        txn.commit().map_err(|error| self.fail(error))
    }

    /// Makes everything committed so far outlast a crash of the machine.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.env.force_sync().map_err(|error| self.fail(error))
    }

    fn put_meta(&self, txn: &mut RwTxn<'_>, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.meta
            .put(txn, key, value)
            .map_err(|error| self.fail(error))
    }

    pub(crate) fn put_sealed(&self, txn: &mut RwTxn<'_>, sealed: bool) -> Result<(), StoreError> {
        self.put_meta(txn, "sealed", &[u8::from(sealed)])
    }

    pub(crate) fn put_events(&self, txn: &mut RwTxn<'_>, events: u64) -> Result<(), StoreError> {
        self.put_meta(txn, "events", &events.to_be_bytes())
    }

    pub(crate) fn put_indexed(
        &self,
        txn: &mut RwTxn<'_>,
        indexed: &IdSet,
    ) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        indexed
            .to_roaring()
            .serialize_into(&mut bytes)
            .map_err(|error| self.damaged(error))?;
        self.put_meta(txn, "indexed", &bytes)
    }

    pub(crate) fn meta(&self, txn: &RoTxn<'_>) -> Result<Meta, StoreError> {
        let value = |key: &str| self.meta.get(txn, key).map_err(|error| self.fail(error));
        let wrong = |message: String| StoreError::Format {
            path: self.path(),
            message,
        };
        match value("format")? {
            Some(format) if format == FORMAT.as_bytes() => {}
            Some(other) => {
                return Err(wrong(other_format(other)));
            }
            None => return Err(wrong("it was never completed".to_owned())),
        }
        let missing = |key: &str| wrong(format!("`{key}` is missing"));
        let config = value("config")?.ok_or_else(|| missing("config"))?;
        let sealed = value("sealed")?.ok_or_else(|| missing("sealed"))?;
        let events = value("events")?
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| missing("events"))?;
        let indexed = match value("indexed")? {
            Some(bytes) => RoaringBitmap::deserialize_from(bytes)
                .map_err(|error| self.damaged(error))?
                .iter()
                .map(MemoryId)
                .collect(),
            None => IdSet::default(),
        };
        Ok(Meta {
            config: serde_json::from_slice(config).map_err(|error| wrong(error.to_string()))?,
            sealed: sealed == [1],
            events: u64::from_be_bytes(events),
            indexed,
        })
    }

    /// Empties everything but what the store was created with.
    pub(crate) fn clear(&self, txn: &mut RwTxn<'_>) -> Result<(), StoreError> {
        for rows in [
            self.records,
            self.vectors,
            self.terms,
            self.recent,
            self.nodes,
            self.node_vectors,
            self.edges,
        ] {
            rows.clear(txn).map_err(|error| self.fail(error))?;
        }
        self.history.clear(txn).map_err(|error| self.fail(error))?;
        self.trees.clear(txn).map_err(|error| self.fail(error))?;
        self.queue.clear(txn).map_err(|error| self.fail(error))?;
        let notes = self.meta.prefix_iter(txn, NOTE).and_then(|rows| {
            rows.map(|row| Ok(row?.0.to_owned()))
                .collect::<heed::Result<Vec<String>>>()
        });
        for note in notes.map_err(|error| self.fail(error))? {
            let deleted = self.meta.delete(txn, &note);
            deleted.map_err(|error| self.fail(error))?;
        }
        self.put_indexed(txn, &IdSet::default())?;
        self.put_sealed(txn, false)?;
        self.put_events(txn, 0)
    }

    pub(crate) fn put(
        &self,
        rows: Rows,
        txn: &mut RwTxn<'_>,
        id: MemoryId,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        rows.put(txn, &id.0, bytes)
            .map_err(|error| self.fail(error))
    }

    pub(crate) fn encode(&self, value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
        postcard::to_stdvec(value).map_err(|error| self.damaged(error))
    }

    pub(crate) fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, StoreError> {
        postcard::from_bytes(bytes).map_err(|error| self.damaged(error))
    }
}
