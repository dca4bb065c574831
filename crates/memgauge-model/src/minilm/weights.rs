//! The weights of all-MiniLM-L6-v2, read from a safetensors file and laid out for the forward pass.

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

/// Width of the hidden states and of the embedding.
pub(crate) const HIDDEN: usize = 384;
/// Attention heads per layer.
pub(crate) const HEADS: usize = 12;
/// Width of one attention head.
pub(crate) const HEAD: usize = HIDDEN / HEADS;
/// Width of the feed-forward layer.
pub(crate) const INNER: usize = 1536;
/// Transformer layers.
pub(crate) const LAYERS: usize = 6;
/// Entries of the word-piece vocabulary.
pub(crate) const VOCABULARY: usize = 30_522;
/// Positions the weights know; texts are cut far below.
pub(crate) const POSITIONS: usize = 512;

/// Why a weights folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// A file is missing or cannot be read.
    #[error(
        "cannot read {path}: {source} (a MiniLM folder holds model.safetensors and tokenizer.json)"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a safetensors file.
    #[error("{path} is not a readable safetensors file: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        reason: String,
    },
    /// A tensor is missing, or has another shape or type than all-MiniLM-L6-v2.
    #[error("{path}: tensor `{tensor}`: expected {expected}, found {found}")]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// What all-MiniLM-L6-v2 has there.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The tokenizer file cannot be used.
    #[error("{path}: {reason}")]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A dense layer `y = x W^T + b`, weights row by row per output.
pub(crate) struct Dense {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// Scale and shift of a layer normalisation.
pub(crate) struct Norm {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

/// One transformer layer; query, key and value are one dense layer of three times the width.
pub(crate) struct Layer {
    pub(crate) qkv: Dense,
    pub(crate) attended: Dense,
    pub(crate) attended_norm: Norm,
    pub(crate) inner: Dense,
    pub(crate) output: Dense,
    pub(crate) output_norm: Norm,
}

/// All weights that the forward pass needs (the pooler is not used by mean pooling).
pub(crate) struct Weights {
    pub(crate) words: Vec<f32>,
    /// Position plus token type 0: no input here ever has a second segment.
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
    pub(crate) layers: Vec<Layer>,
}

impl Weights {
    /// Reads `model.safetensors`.
    ///
    /// # Errors
    /// A missing file, a broken file, or any tensor that is not all-MiniLM-L6-v2's.
    pub(crate) fn read(path: &Path) -> Result<Self, WeightsError> {
        let bytes = std::fs::read(path).map_err(|source| WeightsError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| WeightsError::Format {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
        let file = File { path, tensors };

        let words = file.tensor("embeddings.word_embeddings.weight", &[VOCABULARY, HIDDEN])?;
        let mut positions = file.tensor(
            "embeddings.position_embeddings.weight",
            &[POSITIONS, HIDDEN],
        )?;
        let types = file.tensor("embeddings.token_type_embeddings.weight", &[2, HIDDEN])?;
        for row in positions.chunks_exact_mut(HIDDEN) {
            for (value, kind) in row.iter_mut().zip(&types) {
                *value += kind;
            }
        }
        let layers = (0..LAYERS)
            .map(|index| file.layer(index))
            .collect::<Result<Vec<_>, WeightsError>>()?;
        Ok(Self {
            words,
            positions,
            norm: file.norm("embeddings.LayerNorm")?,
            layers,
        })
    }
}

/// An open safetensors file and its name for messages.
struct File<'a> {
    path: &'a Path,
    tensors: SafeTensors<'a>,
}

impl File<'_> {
    fn layer(&self, index: usize) -> Result<Layer, WeightsError> {
        let at = format!("encoder.layer.{index}");
        let mut qkv = self.dense(&format!("{at}.attention.self.query"), HIDDEN, HIDDEN)?;
        for part in ["key", "value"] {
            let more = self.dense(&format!("{at}.attention.self.{part}"), HIDDEN, HIDDEN)?;
            qkv.weight.extend(more.weight);
            qkv.bias.extend(more.bias);
        }
        Ok(Layer {
            qkv,
            attended: self.dense(&format!("{at}.attention.output.dense"), HIDDEN, HIDDEN)?,
            attended_norm: self.norm(&format!("{at}.attention.output.LayerNorm"))?,
            inner: self.dense(&format!("{at}.intermediate.dense"), INNER, HIDDEN)?,
            output: self.dense(&format!("{at}.output.dense"), HIDDEN, INNER)?,
            output_norm: self.norm(&format!("{at}.output.LayerNorm"))?,
        })
    }

    fn dense(&self, name: &str, outputs: usize, inputs: usize) -> Result<Dense, WeightsError> {
        Ok(Dense {
            weight: self.tensor(&format!("{name}.weight"), &[outputs, inputs])?,
            bias: self.tensor(&format!("{name}.bias"), &[outputs])?,
        })
    }

    fn norm(&self, name: &str) -> Result<Norm, WeightsError> {
        Ok(Norm {
            scale: self.tensor(&format!("{name}.weight"), &[HIDDEN])?,
            shift: self.tensor(&format!("{name}.bias"), &[HIDDEN])?,
        })
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let wrong = |found: String| WeightsError::Tensor {
            path: self.path.to_path_buf(),
            tensor: name.to_owned(),
            expected: format!("F32 {shape:?}"),
            found,
        };
        let view = self
            .tensors
            .tensor(name)
            .map_err(|_| wrong("no such tensor".to_owned()))?;
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            return Err(wrong(format!("{:?} {:?}", view.dtype(), view.shape())));
        }
        let (quads, _) = view.data().as_chunks::<4>();
        Ok(quads
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }
}
