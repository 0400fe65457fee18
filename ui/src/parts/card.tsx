// A raised surface. As a whole it opens what it stands for, through the one button in its title.
import type { ComponentChildren } from 'preact';
import styles from './card.module.css';

interface Props {
  title: string;
  onOpen: () => void;
  current: boolean;
  children: ComponentChildren;
  badge: ComponentChildren;
  data: Record<`data-${string}`, string>;
}

export function Card({ title, onOpen, current, children, badge, data }: Props) {
  return (
    <article class={`${styles.card} ${current ? styles.current : ''}`} {...data}>
      <div class={styles.head}>
        <h2 class={styles.title}>
          <button type="button" class={styles.open} aria-current={current ? 'true' : undefined} onClick={onOpen}>
            {title}
          </button>
        </h2>
        {badge}
      </div>
      {children}
    </article>
  );
}
