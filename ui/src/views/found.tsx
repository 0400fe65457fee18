// What looking a server up found.
import type { Examined } from '../ipc/bindings';
import { words } from '../model/words';
import { Notice } from '../parts/notice';
import styles from './form.module.css';

export function Found({ found }: { found: Examined }) {
  const rows: [string, string | null][] = [
    [words.foundName, found.resource_name],
    [words.foundResource, found.local ? `${found.resource} (${words.local.toLowerCase()})` : found.resource],
    [words.foundIssuer, found.issuer],
    [words.foundScopes, found.scopes],
    [words.foundRegistration, found.registration],
  ];
  return (
    <>
      <dl class={styles.found} aria-live="polite" data-testid="found">
        {rows.map(
          ([name, value]) =>
            value && (
              <>
                <dt key={`${name}-t`}>{name}</dt>
                <dd key={`${name}-d`}>{value}</dd>
              </>
            ),
        )}
      </dl>
      {found.parent_path && <Notice tone="calm" message={words.foundParent} />}
    </>
  );
}
