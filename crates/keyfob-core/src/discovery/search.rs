//! What a row of addresses, asked one after the other, comes to (A1, A2, A8, B1, B2). A sign-in asks until this says so; the
//! doctor asks them all and gets the same answer from the same row.

use super::authorization_server::AuthorizationServer;
use super::protected_resource::ProtectedResource;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::grant::GrantKind;
use crate::resource::CheckedUrl;

/// What was found at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// A document (status 200).
    Document(Vec<u8>),
    /// Nothing usable; why, in words for the trail.
    NotFound(String),
}

/// An address that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// As it was named or built.
    pub address: String,
    /// What was there.
    pub fetched: Fetched,
}

/// How far a search is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search<T> {
    /// It is over; the rest of the row matters no more.
    Over(Result<T, Failure>),
    /// The next address is to be asked; this is the failure where there is none.
    Open(Failure),
}

impl<T> Search<T> {
    /// True where the next address is to be asked.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// What is told once the row is at its end.
    ///
    /// # Errors
    /// The failure that ended the search, or that nothing was found.
    pub fn into_result(self) -> Result<T, Failure> {
        match self {
            Self::Over(result) => result,
            Self::Open(failure) => Err(failure),
        }
    }
}

/// A1, A2: the first document decides. One that lies ends the search: going on could only find a worse one (A4).
pub fn resource(tried: &[Tried], url: &CheckedUrl) -> Search<ProtectedResource> {
    let mut trail = Vec::new();
    for Tried { address, fetched } in tried {
        match fetched {
            Fetched::Document(body) => match ProtectedResource::check(body, url) {
                Err(failure) if is_no_document(&failure) => trail.push(format!("{address} (no JSON)")),
                checked => return Search::Over(checked),
            },
            Fetched::NotFound(why) => trail.push(format!("{address} ({why})")),
        }
    }
    Search::Open(Incompatibility::NoResourceMetadata(trail.join(", ")).into())
}

/// B1, B2: the first document that holds decides; one that fails its checks is discarded, and its failure is what is told
/// where no other form holds.
pub fn server(tried: &[Tried], issuer: &CheckedUrl, grant: GrantKind) -> Search<AuthorizationServer> {
    let mut trail = Vec::new();
    let mut refused = None;
    for Tried { address, fetched } in tried {
        match fetched {
            Fetched::Document(body) => match AuthorizationServer::check_for(body, issuer, grant) {
                Ok(server) => return Search::Over(Ok(server)),
                Err(failure) if is_no_document(&failure) => {
                    trail.push(format!("{address} (not usable: {failure})"));
                }
                Err(failure) => {
                    refused.get_or_insert(failure);
                }
            },
            Fetched::NotFound(why) => trail.push(format!("{address} ({why})")),
        }
    }
    Search::Open(refused.unwrap_or_else(|| {
        Incompatibility::NoServerMetadata { issuer: issuer.to_string(), tried: trail.join(", ") }.into()
    }))
}

/// A8: what is no JSON counts as "not found".
fn is_no_document(failure: &Failure) -> bool {
    matches!(failure, Failure::AuthorizationServerMisbehaved(Misbehaviour::Document(..)))
}
