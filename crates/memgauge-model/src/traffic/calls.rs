//! Kept replies in one LMDB environment: the cache of a user, or the recording of a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use heed::types::{Bytes, Str};
use heed::{CommitOrAbort, Database, Env, EnvOpenOptions, RwTxn, WithoutTls, env_closing_event};
use tokio::sync::oneshot;

use super::entry::{Entry, EntryKind};
use super::error::TrafficError;

/// Version of what is kept.
const FORMAT: &str = "memgauge-calls 1";
/// Size of the map: an address range, not a size on disk.
const MAP_BYTES: usize = 64 << 30;
/// Slots for readers of all processes.
const READERS: u32 = 512;
/// Most replies that are written in one transaction.
const BATCH: usize = 256;

type Rows = Database<'static, Bytes, Bytes>;

/// A database of kept replies. Several processes may have it open at once: LMDB's own locks keep
/// their writers apart. Every reply is on the disk before it is handed out.
///
/// LMDB wants a local file system.
pub struct Calls {
    path: PathBuf,
    map_bytes: usize,
    env: Env<WithoutTls>,
    rows: Rows,
    /// Gone once the database is being closed.
    writer: Mutex<Option<Writer>>,
}

struct Writer {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

/// Rows that wait to be written.
struct Job {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    done: oneshot::Sender<Result<(), TrafficError>>,
}

/// What the databases of this process are: LMDB wants a file opened once per process.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Calls>>> = Mutex::new(BTreeMap::new());

#[expect(
    unsafe_code,
    reason = "a memory map is only sound while nobody changes the file but through LMDB, whose own \
              locks (kept here) let several processes do so; the folder is memgauge's own"
)]
fn open_environment(path: &Path, map_bytes: usize) -> heed::Result<Env<WithoutTls>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_bytes).max_dbs(2).max_readers(READERS);
    // SAFETY: see the reason above.
    unsafe { options.open(path) }
}

impl Calls {
    /// Opens the database in the folder `path`, and makes it where there is none. A database that
    /// this process has open already is shared.
    ///
    /// # Errors
    /// When the folder cannot be made or used, or was written by another version.
    pub fn open(path: &Path) -> Result<Arc<Self>, TrafficError> {
        Self::open_sized(path, MAP_BYTES)
    }

    /// As [`Self::open`], with a map of another size.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_sized(path: &Path, map_bytes: usize) -> Result<Arc<Self>, TrafficError> {
        std::fs::create_dir_all(path).map_err(TrafficError::io(path))?;
        let path = path.canonicalize().map_err(TrafficError::io(path))?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = open.get(&path).and_then(Weak::upgrade) {
            return Ok(calls);
        }
        let fail = |error| TrafficError::heed(&path, map_bytes, error);
        let env = match open_environment(&path, map_bytes) {
            // The last user of it is about to close it.
            Err(heed::Error::EnvAlreadyOpened) => {
                if let Some(closing) = env_closing_event(&path) {
                    closing.wait_timeout(Duration::from_secs(10));
                }
                open_environment(&path, map_bytes)
            }
            other => other,
        }
        .map_err(fail)?;
        // Readers of processes that were killed keep old pages from being used again.
        env.clear_stale_readers().map_err(fail)?;
        let txn = env.write_txn().map_err(fail)?;
        let databases = env
            .create_databases_and_commit(txn, |create, txn| -> heed::Result<_> {
                let meta = create.create_database::<Str, Str>(txn, Some("meta"))?;
                let rows = create.create_database::<Bytes, Bytes>(txn, Some("calls"))?;
                Ok(CommitOrAbort::<_, ()>::Commit((meta, rows)))
            })
            .map_err(fail)?
            .commit();
        let wrong = |message: String| TrafficError::Format {
            path: path.clone(),
            message,
        };
        let (meta, rows): (Database<'static, Str, Str>, Rows) =
            databases.ok_or_else(|| wrong("its tables cannot be made".to_owned()))?;
        let mut txn = env.write_txn().map_err(fail)?;
        match meta.get(&txn, "format").map_err(fail)? {
            Some(FORMAT) => drop(txn),
            Some(other) => {
                return Err(wrong(format!(
                    "its format is `{other}`, this build reads `{FORMAT}`"
                )));
            }
            None => {
                meta.put(&mut txn, "format", FORMAT).map_err(fail)?;
                txn.commit().map_err(fail)?;
            }
        }
        let (jobs, queue) = channel();
        let thread = {
            let (env, folder) = (env.clone(), path.clone());
            std::thread::Builder::new()
                .name("calls".to_owned())
                .spawn(move || write(&env, rows, &folder, map_bytes, &queue))
                .map_err(TrafficError::io(&path))?
        };
        let calls = Arc::new(Self {
            path: path.clone(),
            map_bytes,
            env,
            rows,
            writer: Mutex::new(Some(Writer { jobs, thread })),
        });
        open.retain(|_, calls| calls.strong_count() > 0);
        open.insert(path, Arc::downgrade(&calls));
        Ok(calls)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry of a request.
    ///
    /// # Errors
    /// When the database or the entry cannot be read.
    pub fn get(&self, kind: EntryKind, key: &str) -> Result<Option<Entry>, TrafficError> {
        let txn = self.env.read_txn().map_err(|error| self.fail(error))?;
        let address = address(kind, key);
        let value = self.rows.get(&txn, &address);
        match value.map_err(|error| self.fail(error))? {
            Some(bytes) => self.read(&address, bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Keeps entries; they are on the disk when this returns. An entry of the same request is
    /// replaced.
    ///
    /// # Errors
    /// When the disk or the map is full, or the file system refuses. Then none is kept.
    pub async fn put(&self, entries: &[Entry]) -> Result<(), TrafficError> {
        if entries.is_empty() {
            return Ok(());
        }
        let rows = entries
            .iter()
            .map(|entry| {
                let value = entry.to_value().map_err(|message| TrafficError::Damaged {
                    path: self.path.clone(),
                    key: entry.key.clone(),
                    message,
                })?;
                Ok((address(entry.kind, &entry.key), value))
            })
            .collect::<Result<_, TrafficError>>()?;
        let (done, written) = oneshot::channel();
        {
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let writer = writer.as_ref().ok_or(TrafficError::Closed)?;
            let sent = writer.jobs.send(Job { rows, done });
            sent.map_err(|_| TrafficError::Closed)?;
        }
        written.await.map_err(|_| TrafficError::Closed)?
    }

    /// Calls `each` for every entry, chats before embeddings, by key, with its size in bytes.
    ///
    /// # Errors
    /// When the database or an entry cannot be read, and `each`'s.
    pub fn for_each(
        &self,
        mut each: impl FnMut(Entry, u64) -> Result<(), TrafficError>,
    ) -> Result<(), TrafficError> {
        let txn = self.env.read_txn().map_err(|error| self.fail(error))?;
        for row in self.rows.iter(&txn).map_err(|error| self.fail(error))? {
            let (address, bytes) = row.map_err(|error| self.fail(error))?;
            each(
                self.read(address, bytes)?,
                (address.len() + bytes.len()) as u64,
            )?;
        }
        Ok(())
    }

    /// At most `n` entries of a kind, the first by key: keys are digests, so that these are no worse a sample than
    /// any others.
    ///
    /// # Errors
    /// When the database or an entry cannot be read.
    pub fn sample(&self, kind: EntryKind, n: usize) -> Result<Vec<Entry>, TrafficError> {
        let txn = self.env.read_txn().map_err(|error| self.fail(error))?;
        let all = address(kind, "");
        let rows = self.rows.prefix_iter(&txn, &all);
        let rows = rows.map_err(|error| self.fail(error))?.take(n);
        rows.map(|row| {
            let (address, bytes) = row.map_err(|error| self.fail(error))?;
            self.read(address, bytes)
        })
        .collect()
    }

    /// How many entries there are.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn len(&self) -> Result<u64, TrafficError> {
        let txn = self.env.read_txn().map_err(|error| self.fail(error))?;
        self.rows.len(&txn).map_err(|error| self.fail(error))
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_empty(&self) -> Result<bool, TrafficError> {
        Ok(self.len()? == 0)
    }

    /// Removes the entries that `goes` names and says how many and of how many bytes. An entry
    /// that cannot be read goes too. Their room is used again; the file does not shrink.
    ///
    /// # Errors
    /// When the database cannot be read or written. Then nothing is removed.
    pub fn remove(&self, goes: impl Fn(&Entry) -> bool) -> Result<(u64, u64), TrafficError> {
        let fail = |error| self.fail(error);
        let mut txn: RwTxn<'_> = self.env.write_txn().map_err(fail)?;
        let mut removed = Vec::new();
        let mut bytes = 0;
        for row in self.rows.iter(&txn).map_err(fail)? {
            let (address, value) = row.map_err(fail)?;
            if self.read(address, value).map_or(true, |entry| goes(&entry)) {
                bytes += (address.len() + value.len()) as u64;
                removed.push(address.to_owned());
            }
        }
        for address in &removed {
            self.rows.delete(&mut txn, address).map_err(fail)?;
        }
        txn.commit().map_err(fail)?;
        Ok((removed.len() as u64, bytes))
    }

    /// Bytes of its file.
    ///
    /// # Errors
    /// When the database cannot be looked at.
    pub fn file_bytes(&self) -> Result<u64, TrafficError> {
        self.env.real_disk_size().map_err(|error| self.fail(error))
    }

    fn read(&self, address: &[u8], bytes: &[u8]) -> Result<Entry, TrafficError> {
        Entry::from_value(bytes).map_err(|message| TrafficError::Damaged {
            path: self.path.clone(),
            key: String::from_utf8_lossy(address.get(1..).unwrap_or_default()).into_owned(),
            message,
        })
    }

    fn fail(&self, error: heed::Error) -> TrafficError {
        TrafficError::heed(&self.path, self.map_bytes, error)
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // The thread ends when nobody can send any more, and lets go of the environment.
        if let Some(Writer { jobs, thread }) = writer {
            drop(jobs);
            let _ = thread.join();
        }
    }
}

/// Writes what waits, as much as there is in one transaction: a disk that takes a millisecond to
/// confirm then confirms many replies at a time.
fn write(env: &Env<WithoutTls>, rows: Rows, path: &Path, map_bytes: usize, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        jobs.extend(queue.try_iter().take(BATCH - 1));
        let commit = || -> heed::Result<()> {
            let mut txn = env.write_txn()?;
            for (address, value) in jobs.iter().flat_map(|job| &job.rows) {
                rows.put(&mut txn, address, value)?;
            }
            txn.commit()
        };
        let result = commit().map_err(|error| TrafficError::heed(path, map_bytes, error));
        for job in jobs {
            // Who has stopped waiting needs no word.
            let _ = job.done.send(result.clone());
        }
    }
}

/// Where an entry stands: its kind, then its key.
fn address(kind: EntryKind, key: &str) -> Vec<u8> {
    let kind = match kind {
        EntryKind::Chat => b'c',
        EntryKind::Embedding => b'e',
    };
    [&[kind], key.as_bytes()].concat()
}
