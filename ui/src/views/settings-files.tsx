// Every file and folder that keyfob writes, each to be copied or shown: the user's own, keyfob's, and those of other programs.
import type { FilePlace } from '../ipc/bindings';
import * as act from '../model/act';
import { GROUPS, grouped } from '../model/files';
import { configuration } from '../model/state';
import { FILE, FILE_GROUP, fileName, openFolderOf, words } from '../model/words';
import { Button } from '../parts/button';
import { CopyButton } from '../parts/copy-button';
import { Icon } from '../parts/icon';
import styles from './settings-files.module.css';
import { Section } from './settings-section';

export function FilesSection() {
  const known = configuration.value;
  if (!known) return null;
  return (
    <>
      {GROUPS.map((group) => {
        const files = grouped(known.files, group);
        return (
          files.length > 0 && (
            <Section
              key={group}
              title={FILE_GROUP[group].title}
              hint={FILE_GROUP[group].hint}
              testid={`files-${group}`}
            >
              {files.map((file) => (
                <Place key={`${file.kind} ${file.path} ${file.about}`} file={file} />
              ))}
            </Section>
          )
        );
      })}
    </>
  );
}

function Place({ file }: { file: FilePlace }) {
  const name = fileName(file);
  return (
    <div class={styles.file} data-kind={file.kind}>
      <div class={styles.text}>
        <p class={styles.name} title={FILE[file.kind].hint}>
          {name}
          {!file.there && <span class={styles.soft}>{words.fileNotThere}</span>}
        </p>
        <p class={styles.path}>{file.path}</p>
      </div>
      <div class={styles.ways}>
        <CopyButton quiet text={file.path} label={name} />
        <Button
          kind="quiet"
          label={openFolderOf(name)}
          testid="open-folder"
          waiting={act.isRunning('folder', file.path)}
          onClick={() => act.openFolder(file.path)}
        >
          <Icon name="folder" />
          {words.openFolder}
        </Button>
      </div>
    </div>
  );
}
