//! Finds the key that a package was signed with, in the OpenPGP signature of its header.

use super::header::Header;
use super::tag::Tag;
use crate::base64;
use crate::paged::{be_u16, be_u32, size};

/// Signatures over the header first: the others cover the package's file, which is gone.
const BINARY: &[Tag] = &[Tag::RSAHEADER, Tag::DSAHEADER, Tag::SIGPGP, Tag::SIGGPG];
/// A signature has some 500 bytes; those of post-quantum keys have some 8 KiB.
const SIGNATURE_BYTES_MAX: usize = 64 * 1024;

const PACKET_SIGNATURE: u8 = 2;
const SUBPACKET_ISSUER: u8 = 16;
const SUBPACKET_ISSUER_FINGERPRINT: u8 = 33;
const KEY_ID_BYTES: usize = 8;

/// Returns the key id: 16 hexadecimal digits, lower case.
pub(super) fn key_of(header: &Header<'_>) -> Option<String> {
    let binary = || BINARY.iter().find_map(|tag| issuer(header.binary(*tag)?));
    let encoded = || {
        header
            .texts(Tag::OPENPGP)
            .find_map(|text| issuer(&base64::decode(text.get(..text.len().min(2 * SIGNATURE_BYTES_MAX))?)?))
    };
    binary().or_else(encoded)
}

/// Reads the issuer out of a signature packet.
fn issuer(signature: &[u8]) -> Option<String> {
    let signature = signature.get(..signature.len().min(SIGNATURE_BYTES_MAX))?;
    let body = packet_body(signature)?;
    let id = match *body.first()? {
        // Version, length of what is hashed, kind, time, key id.
        2 | 3 => body.get(7..7 + KEY_ID_BYTES)?,
        version @ (4 | 6) => {
            let (count, width) =
                if version == 4 { (size(be_u16(body, 4)?.into()), 2) } else { (size(be_u32(body, 4)?), 4) };
            let hashed = body.get(4 + width..)?;
            let (hashed, rest) = hashed.split_at_checked(count)?;
            let count = if version == 4 { size(be_u16(rest, 0)?.into()) } else { size(be_u32(rest, 0)?) };
            let unhashed = rest.get(width..)?.get(..count)?;
            subpacket_issuer(hashed).or_else(|| subpacket_issuer(unhashed))?
        }
        _ => return None,
    };
    Some(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes the packet's tag and length off; both formats that OpenPGP has for them.
fn packet_body(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let (tag, begin, len) = match first & 0xc0 {
        0xc0 => {
            let (len, begin) = new_length(packet, 1)?;
            (first & 0x3f, begin, len)
        }
        0x80 => {
            let tag = (first >> 2) & 0x0f;
            match first & 3 {
                0 => (tag, 2, usize::from(*packet.get(1)?)),
                1 => (tag, 3, usize::from(be_u16(packet, 1)?)),
                2 => (tag, 5, size(be_u32(packet, 1)?)),
                _ => (tag, 1, packet.len() - 1),
            }
        }
        _ => return None,
    };
    let body = packet.get(begin..)?;
    (tag == PACKET_SIGNATURE).then(|| body.get(..len.min(body.len()))).flatten()
}

/// Reads a length of one, two or five bytes; also says where what follows begins.
fn new_length(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    match *bytes.get(at)? {
        short @ 0..=191 => Some((usize::from(short), at + 1)),
        first @ 192..=254 => Some(((usize::from(first) - 192) * 256 + usize::from(*bytes.get(at + 1)?) + 192, at + 2)),
        255 => Some((size(be_u32(bytes, at + 1)?), at + 5)),
    }
}

/// Finds the issuer among the subpackets of a signature.
fn subpacket_issuer(mut bytes: &[u8]) -> Option<&[u8]> {
    while !bytes.is_empty() {
        let (len, begin) = new_length(bytes, 0)?;
        let (subpacket, rest) = bytes.get(begin..)?.split_at_checked(len)?;
        bytes = rest;
        let (kind, value) = subpacket.split_first()?;
        match (kind & 0x7f, value) {
            (SUBPACKET_ISSUER, id) if id.len() == KEY_ID_BYTES => return Some(id),
            // The id is the end of a fingerprint of version 4, and the beginning of later ones.
            (SUBPACKET_ISSUER_FINGERPRINT, [4, fingerprint @ ..]) => {
                return fingerprint.last_chunk::<KEY_ID_BYTES>().map(|id| &id[..]);
            }
            (SUBPACKET_ISSUER_FINGERPRINT, [_, fingerprint @ ..]) => return fingerprint.get(..KEY_ID_BYTES),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::sample::{HeaderWriter, signature_v4};
    use super::*;
    use proptest::prelude::*;

    const ID: &[u8] = &[0x19, 0x9e, 0x2f, 0x91, 0xfd, 0x43, 0x1d, 0x51];

    #[test]
    fn every_version_names_its_issuer() {
        let mut v3 = vec![0x88, 19, 3, 5, 0, 1, 2, 3, 4];
        v3.extend(ID);
        v3.extend([1, 2, 0, 0]);
        let in_new_format = [&[0xc2, 19][..], &v3[2..]].concat();
        let mut fingerprint = vec![4; 13];
        fingerprint.extend(ID);
        let with_subpacket = |version: u8, subpacket: &[u8]| {
            let count = u8::try_from(subpacket.len()).unwrap();
            let mut body = vec![version, 0, 1, 8];
            let area = [&[count], subpacket].concat();
            let empty: &[u8] = if version == 4 { &[0, 0] } else { &[0, 0, 0, 0] };
            body.extend(&empty[1..]);
            body.push(u8::try_from(area.len()).unwrap());
            body.extend(&area);
            body.extend(empty);
            [&[0xc2, u8::try_from(body.len()).unwrap()][..], &body].concat()
        };
        let v6_fingerprint = [&[33, 6], ID, &[0; 24]].concat();
        for signature in [
            v3,
            in_new_format,
            signature_v4("199e2f91fd431d51"),
            with_subpacket(4, &[&[33, 4][..], &fingerprint[1..]].concat()),
            with_subpacket(6, &v6_fingerprint),
        ] {
            assert_eq!(issuer(&signature).as_deref(), Some("199e2f91fd431d51"), "{signature:02x?}");
        }
        for nothing in [&[][..], &[0x88], &[0x88, 1, 9], &[0x99, 0, 1, 3], &[0x07, 1, 3], &[0xc2, 2, 4, 0]] {
            assert_eq!(issuer(nothing), None);
        }
    }

    #[test]
    fn any_of_the_tags_will_do() {
        let signature = signature_v4("0123456789abcdef");
        for tag in BINARY {
            let blob = HeaderWriter::new().binary(*tag, &signature).build();
            assert_eq!(Header::parse(1, &blob).unwrap().signing_key().as_deref(), Some("0123456789abcdef"));
        }
    }

    #[test]
    fn rpm_6_writes_base64() {
        // The packet above of version 3, with key 199e2f91fd431d51.
        let blob = HeaderWriter::new().texts(Tag::OPENPGP, &["?", "iBMDBQABAgMEGZ4vkf1DHVEBAgAA"]).build();
        assert_eq!(Header::parse(1, &blob).unwrap().signing_key().as_deref(), Some("199e2f91fd431d51"));
    }

    proptest! {
        #[test]
        fn any_signature_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (issuer(&bytes), issuer(&[&[0x88, 255, 4][..], &bytes].concat()));
        }
    }
}
