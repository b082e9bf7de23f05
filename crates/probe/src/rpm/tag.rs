//! The tags of rpm headers that we read.

/// Names a value of a header, by rpm's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        impl Tag {
            $($(#[$doc])* pub const $name: Self = Self($number);)*
        }
    };
}

tags! {
    /// A signature over header and payload, by an RSA key.
    SIGPGP = 259,
    /// A signature over header and payload, by a DSA key.
    SIGGPG = 262,
    /// A signature over the header, by a DSA key.
    DSAHEADER = 267,
    /// A signature over the header, by an RSA or EdDSA key.
    RSAHEADER = 268,
    /// Signatures over the header by any kind of key, in base64; rpm 6.
    OPENPGP = 278,
    /// The package's name.
    NAME = 1000,
    /// The version without epoch and release.
    VERSION = 1001,
    /// The release.
    RELEASE = 1002,
    /// The epoch; most packages have none.
    EPOCH = 1003,
    /// One line about it.
    SUMMARY = 1004,
    /// When it was built, in seconds since 1970.
    BUILDTIME = 1006,
    /// Where it was built.
    BUILDHOST = 1007,
    /// When it was installed, in seconds since 1970.
    INSTALLTIME = 1008,
    /// The sum of its files, in bytes.
    SIZE = 1009,
    /// The distribution that it says to be part of.
    DISTRIBUTION = 1010,
    /// Who built it.
    VENDOR = 1011,
    /// Its licence.
    LICENSE = 1014,
    /// Who is responsible for it.
    PACKAGER = 1015,
    /// Its page.
    URL = 1020,
    /// Its architecture.
    ARCH = 1022,
    /// Paths of its files, whole; before rpm 4.
    OLDFILENAMES = 1027,
    /// Sizes of its files.
    FILESIZES = 1028,
    /// Whether its files were installed.
    FILESTATES = 1029,
    /// Kinds and modes of its files, as in stat(2).
    FILEMODES = 1030,
    /// Device numbers of its device files.
    FILERDEVS = 1033,
    /// Times of its files.
    FILEMTIMES = 1034,
    /// Digests of its files, in hexadecimal digits.
    FILEDIGESTS = 1035,
    /// Targets of its symbolic links.
    FILELINKTOS = 1036,
    /// Which of its files are configuration, documentation and so on.
    FILEFLAGS = 1037,
    /// Owners of its files.
    FILEUSERNAME = 1039,
    /// Groups of its files.
    FILEGROUPNAME = 1040,
    /// The file of the source package.
    SOURCERPM = 1044,
    /// What rpm shall verify of its files.
    FILEVERIFYFLAGS = 1045,
    /// The directory of each file, as an index.
    DIRINDEXES = 1116,
    /// The last part of each path.
    BASENAMES = 1117,
    /// The directories, each with a slash at its end.
    DIRNAMES = 1118,
    /// Where its source is, as SUSE's build service knows it.
    DISTURL = 1123,
    /// The distribution's word in the release: `.el8`.
    DISTTAG = 1155,
    /// Sizes of its files, where one is larger than 4 GiB.
    LONGFILESIZES = 5008,
    /// The sum of its files, where it is larger than 4 GiB.
    LONGSIZE = 5009,
    /// Capabilities of its files.
    FILECAPS = 5010,
    /// The algorithm of the files' digests, by OpenPGP's number.
    FILEDIGESTALGO = 5011,
    /// The module stream that it is part of.
    MODULARITYLABEL = 5096,
}
