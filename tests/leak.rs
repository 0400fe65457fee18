//! No secret leaves its places.
