//! Structs of options: fields with defaults, a setter for each field, and a list of all fields.

/// A conversion of the argument of a setter to the type of the field: a value for an optional
/// field, text for a string, one or several texts for a list.
pub trait IntoSetting<T> {
    /// The value of the field.
    fn into_setting(self) -> T;
}

impl<T> IntoSetting<T> for T {
    fn into_setting(self) -> T {
        self
    }
}

impl<T> IntoSetting<Option<T>> for T {
    fn into_setting(self) -> Option<T> {
        Some(self)
    }
}

/// Implements the conversion of text to fields of type `$text`, to optional fields and to lists.
macro_rules! from_text {
    ($($text:ty),+) => {$(
        impl IntoSetting<$text> for &str {
            fn into_setting(self) -> $text {
                self.into()
            }
        }

        impl IntoSetting<Option<$text>> for &str {
            fn into_setting(self) -> Option<$text> {
                Some(self.into())
            }
        }

        impl IntoSetting<Vec<$text>> for &str {
            fn into_setting(self) -> Vec<$text> {
                vec![self.into()]
            }
        }

        impl IntoSetting<Vec<$text>> for $text {
            fn into_setting(self) -> Vec<$text> {
                vec![self]
            }
        }

        impl IntoSetting<Option<Vec<$text>>> for &str {
            fn into_setting(self) -> Option<Vec<$text>> {
                Some(vec![self.into()])
            }
        }

        impl IntoSetting<Option<Vec<$text>>> for $text {
            fn into_setting(self) -> Option<Vec<$text>> {
                Some(vec![self])
            }
        }

        impl IntoSetting<Vec<$text>> for Vec<&str> {
            fn into_setting(self) -> Vec<$text> {
                self.into_iter().map(Into::into).collect()
            }
        }

        impl IntoSetting<Option<Vec<$text>>> for Vec<&str> {
            fn into_setting(self) -> Option<Vec<$text>> {
                Some(self.into_iter().map(Into::into).collect())
            }
        }

        impl<const N: usize> IntoSetting<Vec<$text>> for [$text; N] {
            fn into_setting(self) -> Vec<$text> {
                self.into()
            }
        }

        impl<const N: usize> IntoSetting<Vec<$text>> for [&str; N] {
            fn into_setting(self) -> Vec<$text> {
                self.into_iter().map(Into::into).collect()
            }
        }

        impl<const N: usize> IntoSetting<Option<Vec<$text>>> for [&str; N] {
            fn into_setting(self) -> Option<Vec<$text>> {
                Some(self.into_iter().map(Into::into).collect())
            }
        }
    )+};
}

from_text!(String, std::path::PathBuf, crate::GitString);

/// Defines a `#[non_exhaustive]` struct of options from its fields, their types and their defaults.
macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $struct:ident {
            $(
                $(#[$field_meta:meta])*
                pub $field:ident: $type:ty = $default:expr,
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct $struct {
            $(
                $(#[$field_meta])*
                pub $field: $type,
            )+
        }

        impl Default for $struct {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $struct {
            /// Each option with its default as [`Debug`] shows it, in the order of the fields.
            #[doc(hidden)]
            pub fn list() -> Vec<(&'static str, String)> {
                let defaults = Self::default();
                vec![$((stringify!($field), format!("{:?}", defaults.$field))),+]
            }

            /// The defaults.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $field(mut self, value: impl $crate::settings::IntoSetting<$type>) -> Self {
                    self.$field = value.into_setting();
                    self
                }
            )+
        }
    };
}

pub(crate) use settings;

#[cfg(test)]
mod tests {
    use crate::git::{BlameOptions, HistoryOptions, OpenOptions};

    #[test]
    fn setters_accept_one_or_several_texts_of_any_kind() {
        let range = || format!("{}..{}", "v1", "v2");
        for options in [
            HistoryOptions::new().rev("v1..v2"),
            HistoryOptions::new().rev(range()),
            HistoryOptions::new().rev([range()]),
            HistoryOptions::new().rev(["v1..v2"]),
            HistoryOptions::new().rev(vec!["v1..v2"]),
            HistoryOptions::new().rev(vec![range()]),
        ] {
            assert_eq!(options.rev, ["v1..v2"]);
        }
        for options in [
            BlameOptions::new().paths("src"),
            BlameOptions::new().paths(crate::GitString::from("src")),
            BlameOptions::new().paths(["src"]),
            BlameOptions::new().paths(vec!["src"]),
        ] {
            assert_eq!(options.paths.unwrap(), ["src"]);
        }
        assert_eq!(OpenOptions::new().name(range()).name.unwrap(), "v1..v2");
    }
}
