//! Options with a few named values: each name is written once, and is used by the command, by
//! Python, in metadata and in fingerprints.

use crate::error::{Error, Result};

/// An option that takes one of a few named values.
///
/// ```
/// use gitfleet::Choice;
/// use gitfleet::git::DiffMerges;
///
/// assert_eq!(DiffMerges::parse("first-parent").unwrap().name(), "first-parent");
/// assert_eq!(DiffMerges::parse("1").unwrap(), DiffMerges::FirstParent);
/// assert!(DiffMerges::parse("combined").is_err());
/// ```
pub trait Choice: Copy + PartialEq + Sized + 'static {
    /// The name of the option in error messages.
    const OPTION: &'static str;
    /// Every value, in the order that the help lists them.
    const ALL: &'static [Self];

    /// The name of the value.
    fn name(self) -> &'static str;

    /// Other names that [`Choice::parse`] accepts.
    fn aliases(self) -> &'static [&'static str];

    /// One sentence about the value; empty if its name needs no explanation.
    fn help(self) -> &'static str;

    /// Returns the value with this name or alias.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if no value has this name; the message lists the valid names.
    fn parse(text: &str) -> Result<Self> {
        let has_name = |value: &&Self| value.name() == text || value.aliases().contains(&text);
        Self::ALL.iter().find(has_name).copied().ok_or_else(|| {
            Error::invalid(format!("{} `{text}`", Self::OPTION), unsupported(Self::ALL))
        })
    }
}

/// The reason why a name is refused, with the names that are `accepted`.
pub(crate) fn unsupported<C: Choice>(accepted: &[C]) -> String {
    let names: Vec<&str> = accepted.iter().map(|value| value.name()).collect();
    format!("is not supported; use one of {}", names.join(", "))
}

/// Defines an enum that is a [`Choice`]. The first line of a value's documentation is its help, so
/// it is a whole sentence.
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $enum:ident: $option:literal {
            $(
                #[doc = $help:literal]
                $(#[$variant_meta:meta])*
                $variant:ident = $name:literal $(| $alias:literal)*,
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        $vis enum $enum {
            $(
                #[doc = $help]
                $(#[$variant_meta])*
                $variant,
            )+
        }

        impl $crate::choice::Choice for $enum {
            const OPTION: &'static str = $option;
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            fn aliases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($alias),*],)+
                }
            }

            fn help(self) -> &'static str {
                match self {
                    $(Self::$variant => $help,)+
                }
            }
        }

        impl serde::Serialize for $enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::choice::Choice::name(*self))
            }
        }
    };
}

pub(crate) use choices;

#[cfg(test)]
mod tests {
    use super::*;

    choices! {
        /// Sizes.
        #[derive(Default)]
        enum Size: "size" {
            /// Small.
            #[default]
            Small = "small" | "s",
            /// Large.
            Large = "large",
        }
    }

    #[test]
    fn parse_takes_names_and_aliases() {
        for size in Size::ALL {
            assert_eq!(Size::parse(size.name()).unwrap(), *size);
        }
        assert_eq!(Size::parse("s").unwrap(), Size::Small);
        let error = Size::parse("huge").unwrap_err().report();
        assert_eq!(
            error,
            "size `huge`: is not supported; use one of small, large"
        );
    }
}
