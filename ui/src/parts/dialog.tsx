// A modal dialog on the platform's own <dialog>: it keeps the focus inside, gives it back, and closes on Escape.
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { words } from '../model/words';
import { Button } from './button';
import styles from './dialog.module.css';
import { Icon } from './icon';
import { ToastsInDialog } from './toasts';

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** For what is read rather than answered. */
  wide?: boolean;
}

/** Open for as long as it is rendered. */
export function Dialog({ title, onClose, children, wide }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // At once: a key pressed between the click and the next picture belongs to the dialog, and after it to what opened it.
  useLayoutEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    shown?.showModal();
    // What is to be filled in comes before the button that closes.
    shown?.querySelector('input')?.focus();
    return () => {
      // Nothing behind an open dialog takes the focus, and one already out of the page no longer gives it back.
      shown?.close();
      // What opened it may have gone meanwhile, as the first look does with the first portal.
      const back = before?.isConnected && before !== document.body ? before : document.querySelector('main button');
      if (back instanceof HTMLElement) back.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`${styles.dialog} ${wide ? styles.wide : ''}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header class={styles.head}>
        <h2 id={heading} class={styles.title}>
          {title}
        </h2>
        <Button kind="quiet" label={words.close} onClick={onClose}>
          <Icon name="close" />
        </Button>
      </header>
      {children}
      <ToastsInDialog />
    </dialog>
  );
}
