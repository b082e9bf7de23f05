//! Red Hat's product certificates, which say what a host is registered as.
//!
//! A product is in an extension of the certificate: object identifier
//! 1.3.6.1.4.1.2312.9.1.PRODUCT.1 is its name, .2 its version. The certificate is not checked: it is
//! a note of the host about itself, like every other file here.

use yagura_model::Channels;

use super::files::{Files, tamed};
use crate::base64;

const FOLDERS: &[&str] = &["etc/pki/product", "etc/pki/product-default"];
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// 1.3.6.1.4.1.2312.9.1, as DER has it.
const PRODUCTS: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x92, 0x08, 0x09, 0x01];
const ARC_NAME: u8 = 1;
const ARC_VERSION: u8 = 2;
const DER_OID: u8 = 6;
const DER_OCTETS: u8 = 4;
const DER_BOOLEAN: u8 = 1;
const DER_TEXT: u8 = 12;

pub(super) fn read(files: &mut Files<'_>, channels: &mut Channels) {
    for path in FOLDERS.iter().flat_map(|folder| files.list(folder, &[".pem"])).collect::<Vec<_>>() {
        let text = files.text(&path).unwrap_or_default();
        let encoded = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(encoded, _)| encoded);
        let Some(certificate) = encoded.and_then(|encoded| base64::decode(encoded.as_bytes())) else { continue };
        for product in products(&certificate) {
            if !channels.products.contains(&product) {
                channels.products.push(product);
            }
        }
    }
}

/// Returns the products of a certificate, each with its version.
fn products(certificate: &[u8]) -> Vec<String> {
    let mut found: Vec<(&[u8], u8, String)> = Vec::new();
    for at in 0..certificate.len() {
        let Some((DER_OID, oid, rest)) = certificate.get(at..).and_then(element) else { continue };
        let Some((arc, product)) = oid.strip_prefix(PRODUCTS).and_then(<[u8]>::split_last) else { continue };
        // An extension may be marked as critical before its value.
        let rest = match element(rest) {
            Some((DER_BOOLEAN, _, rest)) => rest,
            _ => rest,
        };
        let Some((DER_OCTETS, octets, _)) = element(rest) else { continue };
        // Older certificates have the text itself there.
        let text = match element(octets) {
            Some((DER_TEXT, text, [])) => text,
            _ => octets,
        };
        found.push((product, *arc, tamed(&String::from_utf8_lossy(text))));
    }
    let names = found.iter().filter(|(_, arc, name)| *arc == ARC_NAME && !name.is_empty());
    names
        .map(|(product, _, name)| {
            let version = found.iter().find(|(other, arc, _)| other == product && *arc == ARC_VERSION);
            version.map_or_else(|| name.clone(), |(_, _, version)| format!("{name}:{version}"))
        })
        .collect()
}

/// Reads one element of DER: its kind, its value, what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        short @ 0..=0x7f => (usize::from(*short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(*rest.first()?) << 8 | usize::from(*rest.get(1)?), rest.get(2..)?),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(len)?;
    Some((*kind, value, rest))
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;
    use super::*;
    use crate::MemoryHost;

    fn extension(product: u8, arc: u8, text: &str, critical: bool) -> Vec<u8> {
        let wrap = |kind: u8, value: &[u8]| [&[kind, u8::try_from(value.len()).unwrap()], value].concat();
        let oid = wrap(DER_OID, &[PRODUCTS, &[0x83, product, arc]].concat());
        let mark: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
        let value = wrap(DER_OCTETS, &wrap(DER_TEXT, text.as_bytes()));
        wrap(0x30, &[&oid, mark, &value].concat())
    }

    fn base64(bytes: &[u8]) -> String {
        let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
        let mut out = String::new();
        for chunk in bytes.chunks(3) {
            let number = chunk.iter().fold(0_usize, |n, byte| n << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
            let digits = (0..4).map(|at| letters[(number >> (18 - 6 * at)) & 63]);
            out.extend(digits.take(chunk.len() + 1));
        }
        out
    }

    #[test]
    fn a_certificate_names_its_product() {
        let der = [
            vec![0x30, 0x82, 1, 0],
            extension(0x5f, 1, "Red Hat Enterprise Linux for x86_64", false),
            extension(0x5f, 2, "8.4", true),
            extension(0x5f, 3, "x86_64", false),
            extension(0x60, 1, "No Version", false),
        ]
        .concat();
        let pem = format!("{BEGIN}\n{}\n{END}\n", base64(&der));
        let host = MemoryHost::new()
            .file("etc/pki/product-default/479.pem", &pem)
            .file("etc/pki/product/479.pem", &pem)
            .file("etc/pki/product/1.pem", "no certificate");
        insta::assert_snapshot!(told(&host), @r"
        product Red Hat Enterprise Linux for x86_64:8.4
        product No Version
        ");
        for cut in 0..der.len() {
            products(&der[..cut]);
        }
    }
}
