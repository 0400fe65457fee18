// The words of the wizard: from an address to a portal.
import type { Grant, Importable, ProfileShown } from '../../ipc/bindings';
import type { WizardStage } from '../wizard';
import { titleOf } from './profile';

export const wizardLabels = {
  addUrl: 'Address of the MCP server',
  addUrlPlaceholder: 'https://mcp.example.com/mcp',
  lookUp: 'Look up',
  lookingUp: 'Looking…',
  foundName: 'Calls itself',
  foundResource: 'Resource',
  foundIssuer: 'Signs in at',
  foundScopes: 'Asks for',
  foundRegistration: 'Registration',
  foundParent: 'The server describes a path above this address; the token will be for that whole path.',
  foundHere: 'Or one that a program on this computer has already',
  importTitle: 'Or take over a sign-in that a program on this computer has',
  importing: 'Taking it over…',
  rivalTitle: 'Two programs that renew one sign-in end it',
  wizardBack: 'Back',
  wizardLater: 'Later',
  addGrant: 'How to sign in',
  proof: 'How it proves itself',
  proofSecret: 'By a client secret',
  proofKey: 'By a private key',
  addSecret: 'Client secret',
  addSecretHint: 'Only if one came with the client ID. It is sealed at once and never shown again.',
  sealedHint: 'It is sealed at once and never shown again.',
  addSecretMissing: 'Paste the secret that came with the client ID.',
  addKey: 'Private key',
  addKeyHint: 'A PEM or JWK file. What is in it is sealed at once; the file stays as it is.',
  addKeyMissing: 'Choose the file that holds the private key.',
  keyRead: 'read, and sealed when you go on',
  addClientIdMissing: 'This server asks for the client ID that its people gave you.',
  addName: 'Name',
  addNameHint: 'Small letters, digits and hyphens. You will type it on the command line.',
  addNameBad: 'Use small letters, digits and hyphens, beginning with a letter or digit.',
  addNameTaken: 'There is a portal with this name already.',
  addUrlBad: 'This is not the address of a server. It begins with https://.',
  addLabel: 'Label',
  addLabelHint: 'What you call it here. Left empty, the name is shown.',
  addAccess: 'What it is for',
  accessNone: 'Not said',
  addClientId: 'Client ID',
  addClientIdHint: 'Only if the people who run the server gave you one.',
  addSubmit: 'Add and sign in',
};

/** Ways to sign in. */
export const GRANT: Record<Grant, string> = {
  'authorization-code': 'In your browser, on this computer',
  device: 'With a code, on any device',
  'client-credentials': 'As a machine, without a person',
};

export const GRANT_HINT: Record<Grant, string> = {
  'authorization-code': 'A page of the server opens; you allow keyfob there. The usual way.',
  device: 'You type a short code on a phone or another computer. For machines without a browser.',
  'client-credentials': 'With a client ID and a secret or key that the people who run the server gave you.',
};

const WIZARD: Record<WizardStage, string> = {
  address: 'Add a portal',
  describe: 'What was found',
  'sign-in': 'Sign in',
  connect: 'Ready',
};

export const wizardTitle = (stage: WizardStage): string => WIZARD[stage];

/** Whose sign-in could be taken over, and what for. */
export const importWords = (one: Importable): string =>
  one.renews ? one.program : `${one.program}: until its token ends, for keyfob cannot renew it`;

export const welcomeWords = (profile: ProfileShown): string =>
  profile.account ? `Signed in as ${profile.account}` : `Signed in to ${titleOf(profile)}`;
