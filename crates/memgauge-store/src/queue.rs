//! Work that was taken on and is not yet carried out, and values that a store's user keeps beside the
//! memories. What either of them means is the user's business: the store keeps bytes.

use heed::RwTxn;
use memgauge_core::MemoryEvent;

use crate::{Change, Store, StoreError};

/// What becomes of queued work in the transaction that carries out its changes: a process that is
/// killed leaves either the work or what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled<'a> {
    /// It is done.
    Done(u64),
    /// So much of it is left.
    Left(u64, &'a [u8]),
}

impl Store {
    /// Puts `work` at the end of the queue and returns its number. It outlasts the process being
    /// killed, as everything that is committed.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn enqueue(&self, work: &[u8]) -> Result<u64, StoreError> {
        self.writable()?;
        let _state = self.write_state();
        let mut txn = self.tables.write()?;
        let number = self.tables.push_queue(&mut txn, work)?;
        self.tables.commit(txn)?;
        Ok(number)
    }

    /// Number and bytes of what was queued first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first_queued(&self) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        let _state = self.read_state();
        let txn = self.tables.read()?;
        self.tables.first_queue(&txn)
    }

    /// How much work is queued.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn queue_len(&self) -> Result<u64, StoreError> {
        let _state = self.read_state();
        let txn = self.tables.read()?;
        self.tables.count_queue(&txn)
    }

    /// [`Store::apply`] for queued work: what becomes of the work is written in the transaction that
    /// carries out `changes`, even where these are none.
    ///
    /// # Errors
    /// As for [`Store::apply`]; [`StoreError::UnknownWork`] where nothing of that number is queued.
    pub fn apply_queued(
        &self,
        changes: &[Change],
        work: &Settled<'_>,
    ) -> Result<Vec<MemoryEvent>, StoreError> {
        self.apply_work(changes, Some(work))
    }

    pub(crate) fn settle(&self, txn: &mut RwTxn<'_>, work: &Settled<'_>) -> Result<(), StoreError> {
        let (Settled::Done(number) | Settled::Left(number, _)) = *work;
        if !self.tables.delete_queue(txn, number)? {
            return Err(StoreError::UnknownWork(number));
        }
        match work {
            Settled::Done(_) => Ok(()),
            Settled::Left(_, left) => self.tables.put_queue(txn, number, left),
        }
    }

    /// The value that was kept as `name`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let _state = self.read_state();
        let txn = self.tables.read()?;
        self.tables.note(&txn, name)
    }

    /// Keeps `value` as `name`, in place of what was kept there.
    ///
    /// # Errors
    /// What LMDB or the disk says.
    pub fn set_note(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        let _state = self.write_state();
        let mut txn = self.tables.write()?;
        self.tables.put_note(&mut txn, name, value)?;
        self.tables.commit(txn)
    }
}
