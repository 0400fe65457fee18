//! The control socket: how a CLI talks to the running keeper. Length-prefixed JSON with a versioned handshake; a name or a
//! token can never be mistaken for protocol (V12).

pub mod client;
pub mod hand_outs;
pub mod server;
pub mod under_way;
pub mod wire;
