//! Every file and folder that keyfob keeps for itself, by what it is for: people are shown all of them.

use std::path::PathBuf;

use super::Paths;

/// What such a file or folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnFile {
    /// What the user may edit.
    Profiles,
    /// Settings that belong to no profile.
    Config,
    /// Sealed records.
    Records,
    /// Where the sealing key is, or the key itself.
    Key,
    /// So that no two programs renew one sign-in.
    Locks,
    /// Fingerprints of the keys of the loopback proxy's clients.
    ClientKeys,
    /// The journal.
    Journal,
    /// The ledger of links, and clients' files as they were.
    Links,
    /// Which runs of commands have ended.
    CommandMarks,
    /// Hashes of what was written for other programs.
    Written,
    /// The tray app's preferences.
    Preferences,
    /// So that one keeper runs.
    Lease,
    /// Where the command line speaks to the keeper.
    Socket,
    /// Where that socket is, if its usual path is too long.
    SocketPointer,
    /// The loopback proxy's socket.
    ProxySocket,
    /// Names this machine, on systems that have no name of their own.
    MachineId,
    /// Where everything is, for programs that do not see the environment.
    Where,
}

impl Paths {
    /// All of them, there or not yet; the last resorts only where they are there. Those in a folder of this list are meant with it.
    pub fn own_files(&self) -> Vec<(OwnFile, PathBuf)> {
        let mut files = vec![
            (OwnFile::Profiles, self.profiles_toml()),
            (OwnFile::Config, self.config_toml()),
            (OwnFile::Records, self.credentials_dir()),
            (OwnFile::Key, self.store_record()),
        ];
        files.extend(self.keys_in_files().map(|path| (OwnFile::Key, path)));
        files.extend([
            (OwnFile::Locks, self.locks_dir()),
            (OwnFile::ClientKeys, self.client_keys()),
            (OwnFile::Journal, self.journal_dir()),
            (OwnFile::Links, self.links_dir()),
            (OwnFile::CommandMarks, self.command_marks()),
            (OwnFile::Written, self.written_marks()),
            (OwnFile::Preferences, self.app_preferences()),
            (OwnFile::Lease, self.lease()),
            (OwnFile::Socket, self.control_socket()),
            (OwnFile::ProxySocket, self.proxy_socket()),
        ]);
        let last_resorts =
            [(OwnFile::SocketPointer, self.socket_pointer()), (OwnFile::MachineId, self.machine_id_file())];
        files.extend(last_resorts.into_iter().filter(|(_, path)| path.exists()));
        files.extend(self.where_toml().map(|path| (OwnFile::Where, path)));
        files
    }

    /// Of whichever backend keeps them there.
    fn keys_in_files(&self) -> impl Iterator<Item = PathBuf> {
        let entries = std::fs::read_dir(&self.data).into_iter().flatten().flatten();
        let is_key = |name: &str| name.starts_with("sealing-");
        entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_key)).map(|entry| entry.path())
    }
}
