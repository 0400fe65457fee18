//! Who issued a certificate, read from its bytes for one error message: someone behind an intercepting network can then
//! see whose box it is (fault 16). Nothing is decided on it.

/// Object identifiers 2.5.4.3 (common name) and 2.5.4.10 (organisation), as encoded.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANISATION: [u8; 3] = [0x55, 0x04, 0x0a];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const VERSION: u8 = 0xa0;

/// The issuer's common name, else its organisation (RFC 5280 §4.1.2.4); `None` for what cannot be read.
pub(super) fn issuer(certificate: &[u8]) -> Option<String> {
    let (mut fields, _) = inside(certificate, SEQUENCE).and_then(|(whole, _)| inside(whole, SEQUENCE))?;
    if let Some((_, rest)) = inside(fields, VERSION) {
        fields = rest;
    }
    let (_serial, _, fields) = element(fields)?;
    let (_algorithm, _, fields) = element(fields)?;
    let (mut names, _) = inside(fields, SEQUENCE)?;
    let mut organisation = None;
    while let Some((set, rest)) = inside(names, SET) {
        names = rest;
        let (attribute, _) = inside(set, SEQUENCE)?;
        let (kind, value) = inside(attribute, OBJECT_IDENTIFIER)?;
        let (_, value, _) = element(value)?;
        let text = String::from_utf8_lossy(value).into_owned();
        if kind == COMMON_NAME {
            return Some(text);
        }
        if kind == ORGANISATION {
            organisation = Some(text);
        }
    }
    organisation
}

/// The contents of an element of this kind, and what follows it.
fn inside(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (kind, contents, rest) = element(bytes)?;
    (kind == wanted).then_some((contents, rest))
}

/// One DER element: kind, contents, what follows (X.690 §8.1).
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 3 {
            return None;
        }
        length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
        rest = after;
    }
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((kind, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn certificate(names: &[(DnType, &str)]) -> Vec<u8> {
        let mut parameters = CertificateParams::new(vec!["a.example".into()]).unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, name) in names {
            parameters.distinguished_name.push(kind.clone(), *name);
        }
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    /// fault 16
    #[test]
    fn the_common_name_is_read_and_the_organisation_stands_in() {
        let both = [(DnType::OrganizationName, "Office"), (DnType::CommonName, "Office Inspection CA")];
        assert_eq!(issuer(&certificate(&both)).as_deref(), Some("Office Inspection CA"));
        assert_eq!(issuer(&certificate(&both[..1])).as_deref(), Some("Office"));
        assert_eq!(issuer(&certificate(&[])), None);
    }

    #[test]
    fn cut_off_and_altered_bytes_are_no_panic() {
        let whole = certificate(&[(DnType::CommonName, "x")]);
        for at in 0..whole.len() {
            assert!(issuer(&whole[..at]).is_none_or(|name| name == "x"));
            for flip in [0x01, 0x80, 0xff] {
                let mut altered = whole.clone();
                altered[at] ^= flip;
                let _ = issuer(&altered);
            }
        }
    }
}
