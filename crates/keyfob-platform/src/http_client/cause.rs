//! The one sentence of an error that helps: what happened deepest down, without URLs, which may carry parameters.

use std::error::Error;
use std::io;

/// The innermost cause, fit to show (F12).
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(inner) = below(deepest) {
        deepest = inner;
    }
    keyfob_core::server_text::shown(&words(deepest))
}

/// The first error of the chain that is a `T`.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        next = below(current);
    }
    None
}

/// An I/O error hides what it carries from `source`, and a TLS error why it trusts nobody.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(carried) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(carried);
    }
    if let Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) =
        error.downcast_ref()
    {
        return Some(&*other.0);
    }
    error.source()
}

fn words(error: &(dyn Error + 'static)) -> String {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".into(),
        Some(io::ErrorKind::ConnectionReset) => "the connection was reset".into(),
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            "the network is unreachable".into()
        }
        Some(io::ErrorKind::UnexpectedEof) => "the connection was closed too early".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_io_error_carries_is_found() {
        let carried = io::Error::other(rustls::Error::HandshakeNotComplete);
        let error = io::Error::other(carried);
        assert_eq!(find::<rustls::Error>(&error), Some(&rustls::Error::HandshakeNotComplete));
        assert_eq!(cause(&error), rustls::Error::HandshakeNotComplete.to_string());
        assert_eq!(cause(&io::Error::from(io::ErrorKind::ConnectionRefused)), "connection refused");
    }
}
