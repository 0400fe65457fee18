// A code to be typed on any device with a browser: large, to copy, to scan, with its site, its end and a way out.
import { useEffect, useState } from 'preact/hooks';
import type { DevicePrompt } from '../ipc/bindings';
import { deviceIntro, deviceWarning, words } from '../model/words';
import { clockWords } from '../model/words/times';
import { CopyButton } from '../parts/copy-button';
import { QrCode } from '../parts/qr-code';
import styles from './device-panel.module.css';

/** Whether it was called with pictures and addresses, or only with the code where there is little room. */
export function DevicePanel({ device, small }: { device: DevicePrompt; small: boolean }) {
  return (
    <section class={small ? styles.small : styles.panel} aria-label={words.deviceTitle} data-testid="device-panel">
      <div class={styles.text}>
        {!small && <p>{deviceIntro(device.site, device.opened)}</p>}
        <p class={styles.code} data-testid="user-code">
          {device.user_code}
        </p>
        <div class={styles.row}>
          <CopyButton text={device.user_code} label={words.deviceCode} />
          <Countdown until={device.until} />
        </div>
        {!small && (
          <>
            <p class={styles.address}>
              <span>{device.page}</span>
              <CopyButton text={device.page} label={words.deviceAddress} quiet />
            </p>
            <p class={styles.soft}>{deviceWarning(device.site)}</p>
          </>
        )}
      </div>
      {!small && device.picture.length > 0 && (
        <figure class={styles.picture}>
          <QrCode rows={device.picture} label={words.devicePicture} />
          <figcaption class={styles.soft}>{words.deviceScan}</figcaption>
        </figure>
      )}
    </section>
  );
}

const SECOND = 1_000;

/** What is left of the code, by the second. */
function Countdown({ until }: { until: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECOND);
    return () => clearInterval(timer);
  }, []);
  // Nothing is read out each second: whoever wants to know looks.
  return (
    <span class={styles.left} role="timer" data-testid="countdown">
      {clockWords(Date.parse(until) - now)}
    </span>
  );
}
