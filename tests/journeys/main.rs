//! The command line as a person and a script meet it: the real binary against a portal on loopback.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails with words")]

mod accounts;
mod at_once;
mod bad_input;
mod bad_redirect;
mod bad_token_answer;
mod client_metadata;
mod closed_pipes;
mod connect;
mod connect_long;
mod credential_protocols;
mod delivery_commands;
mod devices;
mod doctor;
mod doctor_of_a_profile;
mod doctor_of_other_grants;
mod doctor_with_a_trial;
mod exec;
mod exhaustion;
mod folders;
mod happy;
mod held_answer;
mod imports;
mod journal;
mod keeper;
mod left_revocations;
mod link;
mod machines;
mod networks;
mod overtaken;
mod own_files;
mod pages;
mod passphrase;
mod recipes;
mod recorded;
mod service;
mod silent_server;
mod stopping;
mod store_move;
mod store_trouble;
mod token_files;
mod transaction;
mod unreadable_records;
mod versions;
mod watched;
