// What concerns every portal at once: settings, store, keeper, another version, and the offer to start at login.
import * as act from '../model/act';
import { offerStart, snapshot } from '../model/state';
import { otherVersionWords, words } from '../model/words';
import { Button } from '../parts/button';
import { Notice } from '../parts/notice';
import { StoreProblem } from './store-problem';

export function Banners() {
  const known = snapshot.value;
  if (!known) return null;
  const { settings_problem, agent, other_version, version } = known;
  return (
    <>
      {settings_problem && <Notice tone="act" message={words.settingsProblem} hint={settings_problem} />}
      <StoreProblem />
      {!agent.running && <Notice tone="act" message={words.noKeeper} hint={words.noKeeperHint} />}
      {other_version && (
        <Notice tone="offer" {...otherVersionWords(other_version, version)}>
          {other_version.restart && (
            <Button kind="primary" testid="restart" waiting={act.isRunning('restart')} onClick={act.restart}>
              {words.restart}
            </Button>
          )}
        </Notice>
      )}
      {offerStart.value && <StartOffer />}
    </>
  );
}

function StartOffer() {
  const waiting = act.isRunning('start');
  return (
    <Notice tone="offer" message={offerStart.value === 'links' ? words.startOfferLinked : words.startOffer}>
      <Button kind="primary" testid="start-at-login-yes" waiting={waiting} onClick={() => act.answerStart(true)}>
        {words.startYes}
      </Button>
      <Button testid="start-at-login-no" waiting={waiting} onClick={() => act.answerStart(false)}>
        {words.startNo}
      </Button>
    </Notice>
  );
}
