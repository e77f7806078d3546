//! Causes of errors that come from another process: their texts, and the codes of the operating
//! system.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

/// As [`crate::error::Source`].
type Source = Box<dyn Error + Send + Sync + 'static>;

/// The text of an error, and its cause.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Told {
    text: String,
    cause: Option<Box<Self>>,
}

impl Told {
    fn of(error: &dyn Error) -> Self {
        Self {
            text: error.to_string(),
            cause: error.source().map(|cause| Box::new(Self::of(cause))),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Told {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// For `#[serde(with = "told::source")]` on a boxed error.
pub(crate) mod source {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::told::{Source, Told};

    pub(crate) fn serialize<S: Serializer>(
        source: &Source,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Told::of(&**source).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Source, D::Error> {
        Told::deserialize(deserializer).map(Source::from)
    }
}

/// For `#[serde(with = "told::optional_source")]` on an optional boxed error.
pub(crate) mod optional_source {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::told::{Source, Told};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(
        source: &Option<Source>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let told = source.as_ref().map(|source| Told::of(&**source));
        told.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Source>, D::Error> {
        Ok(Option::<Told>::deserialize(deserializer)?.map(Source::from))
    }
}

/// For `#[serde(with = "told::system")]` on an error of the operating system.
pub(crate) mod system {
    use std::io;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::told::Told;

    #[derive(Deserialize, Serialize)]
    enum System {
        Code(i32),
        Text(Told),
    }

    pub(crate) fn serialize<S: Serializer>(
        error: &io::Error,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let system = match error.raw_os_error() {
            Some(code) => System::Code(code),
            None => System::Text(Told::of(error)),
        };
        system.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<io::Error, D::Error> {
        Ok(match System::deserialize(deserializer)? {
            System::Code(code) => io::Error::from_raw_os_error(code),
            System::Text(told) => io::Error::other(told),
        })
    }
}
