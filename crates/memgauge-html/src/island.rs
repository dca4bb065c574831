//! Data and code inside of the page: JSON that no text can break out of, and the digests that the page's own
//! policy allows.

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::{Compression, GzBuilder};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// A value as JSON, compressed by gzip and written in base64url: the same value gives the same text, and no character
/// of it means anything to HTML.
pub(crate) fn pack(value: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_vec(value)?;
    // Without name and time.
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(&json)?;
    Ok(URL_SAFE_NO_PAD.encode(gzip.finish()?))
}

/// A source of a Content-Security-Policy: only an element with exactly this text may run, or style.
pub(crate) fn allowed(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn markup_comes_back_and_never_shows() {
        let hostile = "</script><script>alert(1)</script><!-- \u{2028} é \0";
        let packed = pack(&[hostile]).unwrap();
        assert_eq!(packed, pack(&[hostile]).unwrap());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        assert!(packed.chars().all(is_plain), "{packed}");
        let bytes = URL_SAFE_NO_PAD.decode(packed).unwrap();
        let mut json = String::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_string(&mut json)
            .unwrap();
        assert_eq!(
            serde_json::from_str::<[String; 1]>(&json).unwrap(),
            [hostile]
        );
    }

    #[test]
    fn a_policy_names_the_digest_of_the_text() {
        // Of the empty text, as in FIPS 180-4's examples.
        assert_eq!(
            allowed(""),
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
        );
    }
}
