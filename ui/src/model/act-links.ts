// Links of programs on this computer: who is here, what a link would change, making and undoing it.
import type { ClientShown, LinkPlan, ProfileShown, Via } from '../ipc/bindings';
import { app, run } from './run';
import { asRefusal, complain, links, offerStart } from './state';
import { linkedNote, titleOf, unlinkedNote } from './words';

/** Reads again which programs are linked to what. */
export async function readLinks(): Promise<void> {
  try {
    links.value = await app().links();
  } catch (thrown) {
    complain(asRefusal(thrown));
  }
}

/** The programs found here, linked or not. */
export async function clientsOf(name: string): Promise<ClientShown[]> {
  try {
    return await app().clients(name);
  } catch (thrown) {
    complain(asRefusal(thrown));
    return [];
  }
}

/** What a link, or the end of one, would change; nothing where that cannot be said. */
export async function planLink(
  profile: ProfileShown,
  client: ClientShown,
  undo: boolean,
  via: Via | null,
  replace: string | null,
): Promise<LinkPlan | null> {
  let plan: LinkPlan | null = null;
  await run('plan', `${profile.name} ${client.id}`, async () => {
    const ipc = app();
    plan = await (undo ? ipc.planUnlink(profile.name, client.id) : ipc.planLink(profile.name, client.id, via, replace));
    return null;
  });
  return plan;
}

/** Makes a link or undoes it; whether that worked. */
export async function carryOut(
  profile: ProfileShown,
  client: ClientShown,
  undo: boolean,
  via: Via,
  replace: string | null,
): Promise<boolean> {
  const worked = await run('link', `${profile.name} ${client.id}`, async () => {
    if (undo) {
      await app().unlink(profile.name, client.id);
      return unlinkedNote(client.name, titleOf(profile));
    }
    const note = await app().link(profile.name, client.id, via, replace);
    // The program needs keyfob at every start, whatever was answered before there was such a link.
    if (via === 'proxy' && (await app().offerStartAtLogin(true))) offerStart.value = 'links';
    return note ?? linkedNote(client.name, titleOf(profile));
  });
  if (worked) await readLinks();
  return worked;
}
