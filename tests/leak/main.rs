//! No secret leaves its places: every command, the keeper and the demo with everything traced, while each argument, each
//! environment and each file is looked at; and then a search for every token, code and secret there was.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a test fails with words")]

mod commands;
mod demo;
mod keeper;
mod watched_user;
