//! A token's text of its parts.
//! Rule: nothing is changed on the way: what is given is what the parser must read.

/// A signed-looking token of these two parts.
pub(crate) fn compact(header: &[u8], payload: &[u8]) -> Vec<u8> {
    [base64url(header), base64url(payload), base64url(b"signature")].join(&b'.')
}

fn base64url(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextets = (bytes.len() * 8).div_ceil(6);
    (0..sextets)
        .map(|index| {
            let bit = index * 6;
            let byte = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
            let pair = byte(bit / 8) << 8 | byte(bit / 8 + 1);
            ALPHABET[(pair >> (10 - bit % 8) & 63) as usize]
        })
        .collect()
}
