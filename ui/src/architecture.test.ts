// The rooms of the window and who may depend on whom.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => /\.tsx?$/.test(path));
const read = (path: string) => readFileSync(join(src, path), 'utf8');
const product = files.filter((path) => !path.endsWith('.test.ts'));

const imports = (path: string): string[] =>
  [...read(path).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
const room = (path: string): string => (path.includes('/') ? (path.split('/')[0] ?? '') : 'app');

/** What each room may import of the others. */
const MAY: Record<string, string[]> = {
  ipc: [],
  model: ['ipc'],
  parts: ['ipc', 'model', 'icons'],
  views: ['ipc', 'model', 'parts'],
  app: ['ipc', 'model', 'parts', 'views', 'styles'],
};

describe('rooms', () => {
  it('only ipc/index.ts speaks to the app', () => {
    const speaking = product.filter((path) => imports(path).some((name) => name.startsWith('@tauri-apps')));
    expect(speaking).toEqual(['ipc/index.ts']);
  });
  it('depend on each other in one direction', () => {
    const wrong = product.flatMap((path) =>
      imports(path)
        .filter((name) => name.startsWith('.'))
        .map((name) => normalize(join(dirname(path), name)))
        .filter((to) => to.includes('/') && room(to) !== room(path))
        .map((to) => (to.startsWith('..') ? 'icons' : room(to)))
        .filter((to) => !MAY[room(path)]?.includes(to))
        .map((to) => `${path} -> ${to}`),
    );
    expect(wrong).toEqual([]);
  });
  it('take from ipc its shapes only; the start alone connects', () => {
    const values = product.filter((path) => room(path) !== 'ipc' && /import (?!type)[^;]*\/ipc'/.test(read(path)));
    expect(values).toEqual(['main.tsx']);
  });
  it('open with their one job', () => {
    expect(files.filter((path) => !read(path).startsWith('// '))).toEqual([]);
  });
  it('keep their files small', () => {
    expect(files.filter((path) => read(path).split('\n').length > 400)).toEqual([]);
  });
  it('hold no sentence outside model/words: no text between tags, none in a label', () => {
    const views = product.filter((path) => path.endsWith('.tsx'));
    const sentence = />\s*[A-Z][a-z]+ [a-z][^<{]*<|(?:aria-label|label|title|message|hint|placeholder)="/;
    expect(views.filter((path) => sentence.test(read(path)))).toEqual([]);
  });
});
