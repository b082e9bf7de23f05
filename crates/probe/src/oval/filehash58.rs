//! `filehash58`: digests of files.

use aws_lc_rs::digest;
use yagura_scap::{Collected, Field, Flag, ITEMS_MAX, Item, Object};

use super::digests::{Digest, of_file};
use super::find::find;
use super::listing::{Files, below_root};
use super::{concluded, flow};

/// MD5 is not computed: nothing may rest on it any more.
const KINDS: [(&str, Option<&digest::Algorithm>); 6] = [
    ("MD5", None),
    ("SHA-1", Some(&digest::SHA1_FOR_LEGACY_USE_ONLY)),
    ("SHA-224", Some(&digest::SHA224)),
    ("SHA-256", Some(&digest::SHA256)),
    ("SHA-384", Some(&digest::SHA384)),
    ("SHA-512", Some(&digest::SHA512)),
];

/// Collects digests, an item for each kind that is asked for.
pub(super) fn collect(files: &Files<'_>, object: &Object) -> Collected {
    let Some(wanted) = object.entity(Field::HashType) else {
        return Collected::error("the object has no kind of digest");
    };
    let kinds: Vec<_> = KINDS.into_iter().filter(|(name, _)| wanted.accepts(name)).collect();
    if wanted.literals().is_some() && kinds.iter().any(|(_, algorithm)| algorithm.is_none()) {
        return Collected::not_collected("MD5 is not computed");
    }
    let (mut items, mut trouble) = (Vec::new(), None);
    let ending = find(files, object, &mut |found| {
        let Some(filename) = found.filename else { return flow(true) };
        let filepath = found.filepath();
        for (name, algorithm) in &kinds {
            let Some(algorithm) = algorithm else { continue };
            let hash = match of_file(files, below_root(&filepath), algorithm) {
                Digest::Of(hash) => hash,
                Digest::Missing => return flow(true),
                Digest::Stopped => return flow(false),
                Digest::Failed(error) => {
                    trouble.get_or_insert(error.to_string());
                    return flow(true);
                }
            };
            let item = Item::new()
                .with(Field::Filepath, filepath.as_str())
                .with(Field::Path, found.path)
                .with(Field::Filename, filename)
                .with(Field::HashType, *name)
                .with(Field::Hash, hash);
            if object.keeps(&item) {
                items.push(item);
            }
        }
        flow(items.len() < ITEMS_MAX)
    });
    let mut collected = concluded(items, &ending);
    if let Some(reason) = trouble {
        collected.flag = Flag::Error;
        collected.message = Some(reason.into());
    }
    collected
}

#[cfg(test)]
mod tests {
    use super::super::tests::{collect, entity, flags, object, pattern_entity};
    use super::*;
    use crate::memory::MemoryHost;
    use yagura_scap::Kind;

    #[test]
    fn digests_of_the_kinds_that_are_meant() {
        let host = MemoryHost::new().file("f", "hi").denied("secret").directory("d", 0o755, 0, 0);
        let ask = |path: &str, kind| object(Kind::FileHash58, vec![entity(Field::Filepath, path), kind]);
        let sha = collect(&host, &ask("/f", entity(Field::HashType, "SHA-256")));
        let expected = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";
        assert_eq!(sha.items[0].value(Field::Hash).unwrap().to_string(), expected);
        assert_eq!(flags(&host, &ask("/f", pattern_entity(Field::HashType, "^SHA-.*"))), (Flag::Complete, 5));
        assert_eq!(flags(&host, &ask("/f", entity(Field::HashType, "MD5"))), (Flag::NotCollected, 0));
        assert_eq!(flags(&host, &ask("/secret", entity(Field::HashType, "SHA-1"))), (Flag::Error, 0));
        assert_eq!(flags(&host, &ask("/d", entity(Field::HashType, "SHA-1"))), (Flag::DoesNotExist, 0));
    }
}
