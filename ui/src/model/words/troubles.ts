// The words for what is wrong with all of keyfob.

export const troubleLabels = {
  tryAgain: 'Try again',
  offlineTitle: 'No connection',
  offlineHint: 'keyfob tries again by itself, soon after the network is back.',
  settingsProblem: 'profiles.toml cannot be read',
  refusedTitle: 'keyfob cannot run',
  refusedLine: 'Nothing is lost: your sign-ins stay as they are, but nothing renews them from here.',
  noKeeper: 'The keeper is not running',
  noKeeperHint: 'Nothing is renewed until it runs again: restart keyfob.',
  failed: 'That did not work.',
  failedHint: 'Try again; if it happens again, look at: keyfob log',
};
