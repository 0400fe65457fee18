// Starts the window.
import './styles/tokens.css';
import './styles/base.css';
import { render } from 'preact';
import { App } from './app';
import { connect } from './ipc';
import { begin } from './model/act';
import { followPlaces } from './model/place';
import { startClock, startTheme } from './model/state';

const root = document.getElementById('app');
if (root) render(<App />, root);
startClock();
startTheme();
connect().then(async (app) => {
  await begin(app);
  await followPlaces(app);
});
