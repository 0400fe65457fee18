// A QR code from its modules, row by row: `1` is dark. Always dark on light, with the quiet edge that cameras need.
import styles from './qr-code.module.css';

/** The edge, in modules (ISO/IEC 18004). */
const QUIET = 4;

/** One rectangle for each run of dark modules. */
export function darkPath(rows: string[]): string {
  return rows
    .flatMap((row, y) =>
      [...row.matchAll(/1+/g)].map(
        ({ 0: run, index }) => `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`,
      ),
    )
    .join('');
}

export function QrCode({ rows, label }: { rows: string[]; label: string }) {
  const size = rows.length + 2 * QUIET;
  return (
    <svg class={styles.code} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} data-testid="qr-code">
      <path d={darkPath(rows)} shape-rendering="crispEdges" />
    </svg>
  );
}
