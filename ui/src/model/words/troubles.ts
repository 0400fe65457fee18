// The words for what is wrong with all of keyfob.
import type { OtherVersion } from '../../ipc/bindings';

export const troubleLabels = {
  tryAgain: 'Try again',
  offlineTitle: 'No connection',
  offlineHint: 'keyfob tries again by itself, soon after the network is back.',
  settingsProblem: 'profiles.toml cannot be read',
  refusedTitle: 'keyfob cannot run',
  refusedLine: 'Nothing is lost: your sign-ins stay as they are, but nothing renews them from here.',
  waitingTitle: 'Still starting',
  waitingLine: 'Nothing is lost: your sign-ins stay as they are.',
  updated: 'keyfob was updated',
  restart: 'Restart keyfob',
  noKeeper: 'The keeper is not running',
  noKeeperHint: 'Nothing is renewed until it runs again: restart keyfob.',
  failed: 'That did not work.',
  failedHint: 'Try again; if it happens again, look at: keyfob log',
};

/** What is to be done about another version of keyfob than the one that runs here. */
export function otherVersionWords(other: OtherVersion, ours: string): { message: string; hint: string } {
  if (other.restart) {
    const to = other.newer && other.version ? ` to ${other.version}` : '';
    return {
      message: `${troubleLabels.updated}${to}; what runs here is still the one from before`,
      hint: 'Restart it. That takes a moment, and nobody is signed out.',
    };
  }
  const beside = `keyfob ${other.version} is used on this computer too; this app is ${ours}`;
  return other.newer
    ? { message: beside, hint: 'Update the app to the same version, then restart it.' }
    : { message: beside, hint: 'Update the older one, or restart the program that still has it running.' };
}
