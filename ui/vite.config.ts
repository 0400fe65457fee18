// Builds the window: one folder of plain files with relative addresses, as the app's content security policy wants it.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: './',
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
