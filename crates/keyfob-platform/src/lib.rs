//! The machine: implements the ports of `keyfob_agent`. The only home of keyring, HTTP client, file, socket and clock code.
//! It decides nothing: no policy, no retry.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests look at what they made"))]

pub mod assertion_signer;
mod bounded_command;
pub mod browser;
pub mod client_keys;
pub mod client_programs;
mod command_marks;
pub mod compose;
pub mod config_file;
pub mod control_socket;
pub mod delivery_command;
pub mod entropy;
pub mod event_command;
mod file_version;
pub mod folder_opener;
pub mod hardening;
pub mod http_client;
mod journal_beside;
pub mod keeper;
pub mod keyring_entries;
pub mod lease;
pub mod local_entrances;
pub mod local_pages;
pub mod loopback;
pub mod paths;
pub mod power;
pub mod program;
pub mod reader_gone;
pub mod service_install;
pub mod service_manager;
pub mod service_unit;
pub mod standard_output;
pub mod start_up_code;
pub mod store;
pub mod system_clock;
pub mod threads;
pub mod token_files;
mod toml_source;
mod written;
