//! all-MiniLM-L6-v2, computed here from its published weights.

mod forward;
mod weights;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Model;
use async_trait::async_trait;
use memgauge_core::{Build, BuildError, ComponentError, Embedder, ErrorKind, Parts};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokenizers::{Tokenizer, TruncationParams};

pub use weights::WeightsError;
use weights::{HIDDEN, VOCABULARY, Weights};

/// Changes whenever the same text may get another vector.
const VERSION: u32 = 1;

/// Word pieces that are read of a text, the two special ones included (the model's own limit).
pub const MAX_PIECES: usize = 256;

/// Word pieces of one pass through the network (more only where one text has more); a pass runs on
/// one thread.
const PASS: usize = 1024;

/// One file of the MiniLM folder, pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedFile {
    /// Name inside the folder.
    pub name: &'static str,
    /// Upstream address.
    pub url: &'static str,
    /// SHA-256 of the content, lower-case hexadecimal.
    pub sha256: &'static str,
    /// Length in bytes.
    pub bytes: u64,
}

/// The files that [`MiniLm`] reads, as published upstream (Apache-2.0).
pub const MINILM_FILES: [PinnedFile; 2] = [
    PinnedFile {
        name: "model.safetensors",
        url: "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/model.safetensors",
        sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        bytes: 90_868_376,
    },
    PinnedFile {
        name: "tokenizer.json",
        url: "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/tokenizer.json",
        sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        bytes: 466_247,
    },
];

/// Sentence embeddings of all-MiniLM-L6-v2 (384 dimensions, mean pooling, at most 256 word
/// pieces of a text), computed in this process from a folder with its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MiniLmConfig {
    /// Folder that holds `model.safetensors` and `tokenizer.json`; `memgauge model fetch minilm`
    /// makes one.
    pub path: PathBuf,
}

impl Default for MiniLmConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("models/minilm"),
        }
    }
}

impl Build<Model> for MiniLmConfig {
    fn build(&self, _parts: &dyn Parts) -> Result<Model, BuildError> {
        let model = MiniLm::open(&self.path).map_err(|error| {
            BuildError::at(
                "path",
                format!("{error}; `memgauge model fetch minilm` downloads the model"),
            )
        })?;
        Ok(Model::Embedder(Arc::new(model)))
    }
}

/// The embedder `minilm`: all-MiniLM-L6-v2 (a 6-layer BERT of width 384), mean pooling over all
/// positions, L2 norm 1.
pub struct MiniLm {
    weights: Weights,
    tokenizer: Tokenizer,
}

impl MiniLm {
    /// Loads `model.safetensors` and `tokenizer.json` from a folder.
    ///
    /// # Errors
    /// A file that is missing or not all-MiniLM-L6-v2's.
    pub fn open(folder: &Path) -> Result<Self, WeightsError> {
        Ok(Self {
            weights: Weights::read(&folder.join("model.safetensors"))?,
            tokenizer: read_tokenizer(&folder.join("tokenizer.json"))?,
        })
    }

    /// Word-piece ids of a text as the network reads them: `[CLS]` first, `[SEP]` last, at most
    /// [`MAX_PIECES`].
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, ComponentError> {
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| {
            ComponentError::new("minilm", ErrorKind::Permanent, error.to_string())
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// One vector of L2 norm 1 per sequence of word-piece ids, in order. Sequences must hold from 2
    /// to 512 ids.
    ///
    /// The sequences are sorted by length and computed in fixed groups, so the result depends
    /// neither on the number of threads nor on their timing.
    pub fn embed_ids(&self, sequences: &[Vec<u32>]) -> Vec<Vec<f32>> {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| sequences[index].len());
        let vectors: Vec<Vec<f32>> = passes(&order, sequences)
            .into_par_iter()
            .flat_map_iter(|pass| {
                let pass: Vec<&[u32]> = pass
                    .iter()
                    .map(|&index| sequences[index].as_slice())
                    .collect();
                forward::embed(&self.weights, &pass)
            })
            .collect();
        let mut placed = vec![Vec::new(); sequences.len()];
        for (index, vector) in order.into_iter().zip(vectors) {
            placed[index] = vector;
        }
        placed
    }

    /// One vector per text, in order; what [`Embedder::embed`] does, without being asynchronous.
    ///
    /// # Errors
    /// When the tokenizer fails.
    pub fn embed_texts(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        let sequences = texts
            .iter()
            .map(|text| self.ids(text))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.embed_ids(&sequences))
    }
}

#[async_trait]
impl Embedder for MiniLm {
    fn id(&self) -> &str {
        const { assert!(VERSION == 1) };
        "all-minilm-l6-v2/mean/256/v1"
    }

    fn dimensions(&self) -> usize {
        HIDDEN
    }

    async fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, ComponentError> {
        self.embed_texts(texts)
    }
}

impl std::fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MiniLm").finish_non_exhaustive()
    }
}

/// Cuts the sorted sequences into runs of at most [`PASS`] word pieces.
fn passes<'a>(mut order: &'a [usize], sequences: &[Vec<u32>]) -> Vec<&'a [usize]> {
    let mut passes = Vec::new();
    while !order.is_empty() {
        let mut pieces = 0;
        let fitting = order
            .iter()
            .take_while(|&&index| {
                pieces += sequences[index].len();
                pieces <= PASS
            })
            .count();
        let (pass, rest) = order.split_at(fitting.max(1));
        passes.push(pass);
        order = rest;
    }
    passes
}

/// Reads `tokenizer.json`. The published file pads every text to 128 word pieces and cuts it
/// there; both are replaced by what the model was evaluated with.
fn read_tokenizer(path: &Path) -> Result<Tokenizer, WeightsError> {
    let wrong = |reason: String| WeightsError::Tokenizer {
        path: path.to_path_buf(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let mut tokenizer = Tokenizer::from_bytes(&bytes)
        .map_err(|error| wrong(format!("not a readable tokenizer file: {error}")))?;
    let size = tokenizer.get_vocab_size(true);
    if size != VOCABULARY {
        return Err(wrong(format!(
            "expected a vocabulary of {VOCABULARY} word pieces, found {size}"
        )));
    }
    tokenizer.with_padding(None);
    tokenizer
        .with_truncation(Some(TruncationParams {
            max_length: MAX_PIECES,
            ..TruncationParams::default()
        }))
        .map_err(|error| wrong(format!("cannot set the truncation: {error}")))?;
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::*;

    #[test]
    fn passes_hold_as_many_pieces_as_fit() {
        let sequences: Vec<Vec<u32>> = [600, 400, 24, 1, 2000, 3]
            .iter()
            .map(|&length| vec![0; length])
            .collect();
        let order = [0, 1, 2, 3, 4, 5];
        assert_eq!(
            passes(&order, &sequences),
            [&[0, 1, 2][..], &[3], &[4], &[5]]
        );
        assert!(passes(&[], &sequences).is_empty());
    }

    #[test]
    fn missing_folder_names_the_file() {
        let error = MiniLm::open(Path::new("no/such/folder")).unwrap_err();
        assert!(matches!(error, WeightsError::Read { .. }));
        let message = error.to_string();
        assert!(
            message.contains("no/such/folder/model.safetensors"),
            "{message}"
        );
        assert!(message.contains("tokenizer.json"), "{message}");
    }

    #[test]
    fn broken_or_other_weights_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.safetensors");
        std::fs::write(&file, b"not weights").unwrap();
        let error = MiniLm::open(folder.path()).unwrap_err();
        assert!(matches!(error, WeightsError::Format { .. }), "{error}");

        let data = [0_u8; 4 * 6];
        let tensor = TensorView::new(Dtype::F32, vec![2, 3], &data).unwrap();
        let tensors = [("embeddings.word_embeddings.weight", tensor)];
        std::fs::write(&file, safetensors::serialize(tensors, None).unwrap()).unwrap();
        let message = MiniLm::open(folder.path()).unwrap_err().to_string();
        assert!(
            message.ends_with(
                "tensor `embeddings.word_embeddings.weight`: expected F32 [30522, 384], found F32 [2, 3]"
            ),
            "{message}"
        );

        let other = [("x", TensorView::new(Dtype::F32, vec![6], &data).unwrap())];
        std::fs::write(&file, safetensors::serialize(other, None).unwrap()).unwrap();
        let message = MiniLm::open(folder.path()).unwrap_err().to_string();
        assert!(message.ends_with("found no such tensor"), "{message}");
    }

    #[test]
    fn other_tokenizers_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokenizer.json");
        std::fs::write(&file, b"{}").unwrap();
        assert!(read_tokenizer(&file).is_err());
        let small = r###"{"version": "1.0", "model": {"type": "WordPiece", "unk_token": "[UNK]",
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0}}}"###;
        std::fs::write(&file, small).unwrap();
        let message = read_tokenizer(&file).unwrap_err().to_string();
        assert!(
            message.ends_with("expected a vocabulary of 30522 word pieces, found 1"),
            "{message}"
        );
    }
}
