// Builds the window: one folder of plain files with relative addresses, as the app's content security policy wants it.
import { defineConfig, type Plugin } from 'vitest/config';

/**
 * Lets the window live with a frozen `Object.prototype` (Tauri's `freezePrototype`), under which
 * `X.prototype.toString = …` throws: what is inherited may not be written. The signals assign two such names; given a
 * property of their own first, they may. Preact itself can since 11.
 */
function ownBeforeAssigned(): Plugin {
  const assigned = /(\b[\w$]+\.prototype)\.(toString|valueOf)(?=\s*=[^=])/g;
  const own = 'Object.defineProperty($1,"$2",{writable:true,configurable:true,value:undefined}).$2';
  return {
    name: 'own-before-assigned',
    transform: (code, id) => (id.includes('/@preact/') ? { code: code.replace(assigned, own), map: null } : null),
  };
}

export default defineConfig({
  base: './',
  plugins: [ownBeforeAssigned()],
  // The mark comes from icons/ beside this folder.
  server: { port: 1420, strictPort: true, fs: { allow: ['..'] } },
  build: {
    outDir: 'dist',
    // WebKitGTK 2.40 and the WebView2 and WKWebView of the same years.
    target: ['safari16', 'chrome110'],
    // A data: address would be refused by `default-src 'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
