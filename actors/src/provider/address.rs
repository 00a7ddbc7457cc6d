//! Base URLs: where an agent's model is served, in the few forms that can hold no secret.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest base URL, in bytes.
const MAX_URL: usize = 512;

/// Where an agent's model is served: `http` or `https`, a host, a port and a path.
///
/// A registration is an event, and the log holds no secret: a URL with a user name, a query or a
/// fragment is none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    encrypted: bool,
}

/// Why a text is no base URL. It never repeats the text, which may hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is too long.
    #[error("the base URL has {size} bytes, more than the {MAX_URL} allowed")]
    TooLong {
        /// Its size in bytes.
        size: usize,
    },
    /// It starts otherwise.
    #[error("the base URL starts with neither `https://` nor `http://`")]
    Scheme,
    /// It holds a user name or a password.
    #[error(
        "the base URL holds an `@`: it is recorded, so that it may hold no user name and no password"
    )]
    UserName,
    /// It holds a query or a fragment.
    #[error("the base URL holds a `?` or `#`: it is recorded, so that it may hold no query")]
    Query,
    /// Its host is none.
    #[error("the base URL's host is not a name of a-z, 0-9, `-` and `.`, or an address")]
    Host,
    /// Its port is none.
    #[error("the base URL's port is not a number from 1 to 65535")]
    Port,
    /// Its path holds something else.
    #[error("the base URL's path holds something else than letters, digits and `/-._~`")]
    Path,
}

impl BaseUrl {
    /// Takes the text if it is such a URL.
    ///
    /// # Errors
    /// [`BaseUrlError`] says what is wrong with it, without repeating it.
    pub fn new(text: &str) -> Result<Self, BaseUrlError> {
        if text.len() > MAX_URL {
            return Err(BaseUrlError::TooLong { size: text.len() });
        }
        if text.contains('@') {
            return Err(BaseUrlError::UserName);
        }
        if text.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let (encrypted, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://"))
        {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(BaseUrlError::Scheme),
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = split(authority)?;
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(BaseUrlError::Port);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if !path.bytes().all(plain) || path.split('/').any(|part| part == "..") {
            return Err(BaseUrlError::Path);
        }
        let text = text.trim_end_matches('/').to_owned();
        Ok(Self { text, host: host.to_owned(), encrypted })
    }

    /// Whether it is served on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || self.host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether what is sent there is encrypted.
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The host, without its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL, without a `/` at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Host and port of an authority.
fn split(authority: &str) -> Result<(&str, Option<&str>), BaseUrlError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(BaseUrlError::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| BaseUrlError::Host)?;
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((host, None)),
            (_, Some(port)) => Ok((host, Some(port))),
            (_, None) => Err(BaseUrlError::Port),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let named = host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.bytes().all(plain);
    if named { Ok((host, port)) } else { Err(BaseUrlError::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(&str, bool), BaseUrlError>) {
        let url = BaseUrl::new(text);
        let found = url.as_ref().map(|url| (url.host(), url.is_loopback())).map_err(|error| *error);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_base_url_is_a_scheme_a_host_a_port_and_a_path() {
        check("https://api.example.com/v1", Ok(("api.example.com", false)));
        check("http://127.0.0.1:8080/v1/", Ok(("127.0.0.1", true)));
        check("http://localhost:11434", Ok(("localhost", true)));
        check("http://[::1]:8080/v1", Ok(("::1", true)));
        check("http://localhost.example.com", Ok(("localhost.example.com", false)));
        check("http://127.0.0.1.example.com", Ok(("127.0.0.1.example.com", false)));
        check("ftp://example.com", Err(BaseUrlError::Scheme));
        check("https://", Err(BaseUrlError::Host));
        check("https://Example.com\\evil", Err(BaseUrlError::Host));
        check("https://example.com:0", Err(BaseUrlError::Port));
        check("https://example.com:99999", Err(BaseUrlError::Port));
        check("https://[::1]8080", Err(BaseUrlError::Port));
        check("https://example.com/../x", Err(BaseUrlError::Path));
        check("https://example.com/a%2fb", Err(BaseUrlError::Path));
        check(&format!("https://{}", "a".repeat(600)), Err(BaseUrlError::TooLong { size: 608 }));
    }

    #[test]
    fn a_base_url_that_can_hold_a_secret_is_refused_without_repeating_it() {
        for (text, error) in [
            ("https://user:s3cret@example.com/v1", BaseUrlError::UserName),
            ("https://s3cret@example.com/v1", BaseUrlError::UserName),
            ("https://example.com/v1?key=s3cret", BaseUrlError::Query),
            ("https://example.com/v1#s3cret", BaseUrlError::Query),
        ] {
            check(text, Err(error));
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }
}
