//! English and Japanese, side by side.
//!
//! A text is a pair, not a key into a catalogue: whoever writes a sentence writes it twice, and
//! the compiler refuses a sentence that exists in one language only.

/// A language that a user of the console or a report reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// Returns the BCP 47 tag, as in an HTML `lang` attribute.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// Reads a BCP 47 tag or a POSIX locale (`ja`, `ja-JP`, `ja_JP.UTF-8`); `None` for a
    /// language that we do not speak.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.']).next().unwrap_or(tag);
        match primary.to_ascii_lowercase().as_str() {
            "ja" => Some(Self::Japanese),
            "en" | "c" | "posix" => Some(Self::English),
            _ => None,
        }
    }
}

/// A fixed sentence in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// The English sentence.
    pub en: &'static str,
    /// The Japanese sentence.
    pub ja: &'static str,
}

impl Text {
    /// Pairs the two sentences.
    pub const fn new(en: &'static str, ja: &'static str) -> Self {
        Self { en, ja }
    }

    /// Returns the sentence in `language`.
    pub const fn get(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Japanese => self.ja,
        }
    }
}

/// A composed sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct LocalText {
    /// The English sentence.
    pub en: String,
    /// The Japanese sentence.
    pub ja: String,
}

impl LocalText {
    /// Pairs the two sentences.
    pub fn new(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }

    /// Takes a text that upstream publishes in one language only, such as a CVE description.
    pub fn untranslated(text: impl Into<String>) -> Self {
        let en: String = text.into();
        Self { ja: en.clone(), en }
    }

    /// Returns the sentence in `language`.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Japanese => &self.ja,
        }
    }
}

impl From<Text> for LocalText {
    fn from(text: Text) -> Self {
        Self::new(text.en, text.ja)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tags_and_posix_locales() {
        assert_eq!(Language::from_tag("ja_JP.UTF-8"), Some(Language::Japanese));
        assert_eq!(Language::from_tag("en-GB"), Some(Language::English));
        assert_eq!(Language::from_tag("C.UTF-8"), Some(Language::English));
        assert_eq!(Language::from_tag("fr_FR"), None);
    }
}
