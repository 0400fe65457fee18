// The app's twin for a plain browser: same promises, made-up profiles, no network. `?scene=` chooses where to begin.
import type {
  Diagnosis,
  DoctorProgress,
  Ipc,
  ProfileShown,
  Refusal,
  SignInUnderWay,
  Snapshot,
  Verdict,
} from './bindings';
import { fakeLinks, USUAL_LINKS } from './fake-links';
import { fakeSettings } from './fake-settings';
import { journalFor } from './journals';
import { at, blank, devicePrompt, scenes, signedIn, USUAL_MARKS, underWay } from './scenes';
import { walkTo } from './walks';

/** As long as a quick sign-in in a browser tab feels. */
const SIGN_IN_TIME = 2_500;
const SHORT_TIME = 400;
const DAY = 86_400_000;

const after = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

function refuse(message: string, hint: string | null = null): never {
  const refusal: Refusal = { message, hint };
  throw refusal;
}

/** Where keyfob does not run. */
const REFUSED: Record<string, Refusal> = {
  held: {
    message: 'another keyfob looks after these sign-ins, and does not make way',
    hint: 'it may be frozen, or run on another computer that shares this folder: end it there, then try again',
  },
  waiting: {
    message: 'another keyfob, process 4711, looks after these sign-ins and has not made way yet',
    hint: 'this one goes on by itself as soon as it has; where it is frozen, end process 4711',
    waits: true,
  },
};

/** A world of its own, changed only through its functions. */
function world(scene: string) {
  let snapshot: Snapshot = (scenes[scene] ?? scenes.daily ?? refuse('no scene'))();
  const listeners = new Set<(snapshot: Snapshot) => void>();
  const become = (next: Partial<Snapshot>) => {
    snapshot = { ...snapshot, ...next };
    for (const listener of listeners) listener(snapshot);
  };
  return {
    listeners,
    now: () => snapshot,
    find: (name: string): ProfileShown =>
      snapshot.profiles.find((one) => one.name === name) ?? refuse(`There is no profile ${name}.`),
    add: (profiles: ProfileShown[]) => become({ profiles: [...snapshot.profiles, ...profiles] }),
    become,
    /** What is said of a sign-in under way; nothing any more. */
    under: (name: string, underWay: SignInUnderWay | null) =>
      become({
        sign_ins: [...snapshot.sign_ins.filter((one) => one.profile !== name), ...(underWay ? [underWay] : [])],
      }),
    decided: (name: string) => become({ step_ups: snapshot.step_ups.filter((one) => one.profile !== name) }),
    drop: (name: string) => become({ profiles: snapshot.profiles.filter((one) => one.name !== name) }),
    change: (name: string, how: (profile: ProfileShown) => ProfileShown) =>
      become({ profiles: snapshot.profiles.map((one) => (one.name === name ? how(one) : one)) }),
  };
}

type World = ReturnType<typeof world>;

/** A twin that begins with `scene`. */
export function fake(scene: string): Ipc {
  const here = world(scene);
  return {
    snapshot: async () => {
      const refusal = REFUSED[scene];
      if (refusal) throw refusal;
      return here.now();
    },
    restart: () => after(SHORT_TIME),
    // A plain browser has no tray: whoever changes the address behind `#` is taken there.
    onPlace: async (listener) => {
      const hear = () => listener(window.location.hash.slice(1));
      window.addEventListener('hashchange', hear);
      return () => window.removeEventListener('hashchange', hear);
    },
    onSnapshot: async (listener) => {
      here.listeners.add(listener);
      return () => here.listeners.delete(listener);
    },
    ...adding(here),
    ...signing(here),
    ...keeping(here),
    ...fakeLinks(scene === 'empty' ? [] : USUAL_LINKS),
    ...fakeSettings(scene === 'empty', (store) => here.become({ store })),
    journal: async (name) => journalFor(name, here.find(name).sign_in !== null),
    doctor: (target, heard) => doctor(here, target, heard),
    // Only where it would be worth asking.
    offerStartAtLogin: async (proxied) => scene === 'well' || (scene === 'empty' && !proxied),
    answerStartAtLogin: () => after(SHORT_TIME),
  };
}

/** Half as long as a quick server takes. */
const STEP_TIME = 120;

async function doctor(here: World, target: string, heard: (progress: DoctorProgress) => void): Promise<Diagnosis> {
  const url = target.includes('://') ? target : here.find(target).url;
  const { hostname } = new URL(url);
  const found = walkTo(hostname);
  for (const step of found) {
    heard({ looking: step.title });
    await after(STEP_TIME);
    heard({ found: step });
  }
  const has = (verdict: Verdict) => found.some((step) => step.verdict === verdict);
  const verdict = has('fail') ? 'fail' : has('warn') ? 'warn' : 'pass';
  return { target: url, verdict, report: `# keyfob doctor: ${url}\n` };
}

function adding(here: World): Pick<Ipc, 'lookUp' | 'addProfile' | 'tryDemo' | 'importable' | 'importSignIn'> {
  return {
    importable: async () => [
      { source: 'codex', program: 'Codex', url: 'https://docs.example.org/mcp', renews: true },
      { source: 'mcp-remote', program: 'mcp-remote', url: 'https://gone.example.org/mcp', renews: false },
    ],
    importSignIn: async (source, url, name) => {
      await after(SHORT_TIME);
      if (url.includes('gone')) refuse('This server no longer takes these tokens.', 'Sign in instead.');
      here.add([signedIn(blank(name, url))]);
      return source === 'codex' ? 'Codex still has this sign-in. Take it out there: codex mcp remove.' : null;
    },
    lookUp: async (url, heard) => {
      const { hostname } = new URL(url);
      if (hostname.startsWith('down')) {
        await after(SHORT_TIME);
        refuse('The server did not answer within 10 seconds.', 'Check the address.');
      }
      await doctor(here, url, heard);
      if (hostname.startsWith('broken')) refuse('The server’s document names another server.', 'Ask whoever runs it.');
      return {
        resource_name: 'Example tools',
        resource: url,
        issuer: `https://login.${hostname}`,
        scopes: 'read write offline_access',
        registration: hostname.startsWith('given') ? 'none offered: a client id is needed' : 'dynamic (RFC 7591)',
        grants: hostname.startsWith('given')
          ? ['authorization-code', 'device', 'client-credentials']
          : ['authorization-code', 'device'],
        client_id_needed: hostname.startsWith('given'),
        local: hostname === '127.0.0.1',
        parent_path: hostname.startsWith('parent'),
      };
    },
    addProfile: async ({ name, url, label, access }) => {
      await after(SHORT_TIME);
      here.add([{ ...blank(name, url), label, access }]);
    },
    tryDemo: async () => {
      await after(SHORT_TIME);
      const demo = (name: string, label: string, port: number) => ({
        ...signedIn(blank(name, `http://127.0.0.1:${port}/mcp`)),
        label,
      });
      here.add([demo('demo-notes', 'Demo: notes', 41001), demo('demo-weather', 'Demo: weather', 41002)]);
    },
  };
}

function signing(here: World): Pick<Ipc, 'signIn' | 'cancelSignIn' | 'answerAccount' | 'declineMore'> {
  const cancels = new Map<string, () => void>();
  return {
    signIn: async (name) => {
      const before = here.find(name);
      const held = before.sign_in !== null && before.state !== 'needs-sign-in';
      here.change(name, (one) => ({ ...one, state: held ? one.state : 'signing-in', signing_in: true }));
      here.decided(name);
      const isDevice = name.startsWith('device');
      here.under(name, isDevice ? { ...underWay(name, 'device'), device: devicePrompt() } : underWay(name, 'browser'));
      const given = await Promise.race([
        after(SIGN_IN_TIME).then(() => true),
        new Promise<boolean>((done) => cancels.set(name, () => done(false))),
      ]);
      const isRefused = given && name.includes('denied');
      here.change(name, (one) =>
        given && !isRefused ? signedIn(one) : { ...one, state: before.state, signing_in: false },
      );
      if (cancels.delete(name) && given) {
        const refusal = { message: 'the sign-in was declined: at the server', hint: `keyfob sign-in ${name}` };
        here.under(name, isRefused ? { ...underWay(name, 'failed'), refusal } : null);
      }
      return given && !isRefused;
    },
    cancelSignIn: async (name) => {
      here.under(name, null);
      cancels.get(name)?.();
    },
    answerAccount: async (name, takes) => {
      const { accounts } = here.now().sign_ins.find((one) => one.profile === name) ?? {};
      here.under(name, null);
      here.change(name, (one) => ({
        ...one,
        signing_in: false,
        account: takes && accounts ? accounts.now : one.account,
      }));
    },
    declineMore: async (name) => here.decided(name),
  };
}

function keeping(
  here: World,
): Pick<Ipc, 'refresh' | 'signOut' | 'remove' | 'pause' | 'resume' | 'setSignInLifetime' | 'setReminders'> {
  return {
    setSignInLifetime: async (name, lifetime) => {
      await after(SHORT_TIME);
      const days = Number.parseInt(lifetime, 10);
      here.change(name, (one) => ({
        ...one,
        hint: null,
        sign_in: one.sign_in && {
          ...one.sign_in,
          asked: false,
          known: days ? 'configured' : 'unknown',
          ends_at: days ? new Date(Date.parse(one.sign_in.since) + days * DAY).toISOString() : null,
        },
      }));
    },
    setReminders: async (name, marks) => {
      await after(SHORT_TIME);
      if (marks?.includes('1m')) refuse('a reminder comes between 5m and 365d before the end, not 1m');
      const reminders = { marks: marks ?? USUAL_MARKS, own: marks !== null };
      here.change(name, (one) => ({ ...one, reminders }));
    },
    refresh: async (name) => {
      const { state } = here.find(name);
      here.change(name, (one) => ({ ...one, state: 'refreshing' }));
      await after(SHORT_TIME);
      if (state === 'retrying') {
        here.change(name, (one) => ({ ...one, state, failures: one.failures + 1 }));
        refuse('The server cannot be reached.', 'keyfob tries again by itself.');
      }
      here.change(name, (one) => ({
        ...one,
        state,
        access_token: { expires_at: at(3_600_000), assumed: false },
        next_refresh_at: at(3_240_000),
        last_refresh: { at: at(0), outcome: 'renewed' },
        refreshes: one.refreshes + 1,
      }));
    },
    signOut: async (name) => {
      await after(SHORT_TIME);
      const offline = here.find(name).state === 'retrying';
      here.change(name, (one) => ({ ...blank(name, one.url), label: one.label, access: one.access }));
      return offline ? 'The server could not be reached; it will be told later.' : null;
    },
    remove: async (name) => {
      await after(SHORT_TIME);
      here.drop(name);
      return null;
    },
    pause: async (name) => here.change(name, (one) => ({ ...one, state: 'paused', next_refresh_at: null })),
    resume: async (name) => here.change(name, (one) => ({ ...one, state: 'active', next_refresh_at: at(600_000) })),
  };
}
