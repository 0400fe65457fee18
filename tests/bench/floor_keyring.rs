//! The floor of "a token without a keeper": reads one entry of the Secret Service and says how long it is.
#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
fn main() -> Result<(), secret_service::Error> {
    use std::collections::HashMap;

    use secret_service::EncryptionType;
    use secret_service::blocking::SecretService;

    let account = std::env::args().nth(1).unwrap_or_default();
    let service = SecretService::connect(EncryptionType::Dh)?;
    let wanted = HashMap::from([("service", "keyfob"), ("username", account.as_str())]);
    let found = service.search_items(wanted)?;
    let item = found.unlocked.first().ok_or(secret_service::Error::NoResult)?;
    let length = item.get_secret()?.len();
    std::process::exit(i32::from(length == 0))
}

#[cfg(not(target_os = "linux"))]
fn main() {}
