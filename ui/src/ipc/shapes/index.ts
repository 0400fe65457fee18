// What crosses the boundary to the app. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
export type * from './basis';
export type * from './snapshot';
export type * from './sign-ins';
export type * from './adding';
export type * from './links';
export type * from './settings';
