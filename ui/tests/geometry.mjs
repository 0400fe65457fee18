// What may not be, measured in the page: anything beyond the window, under something else, or cut off. Each function runs in
// the page, alone but for what `geometry` has put there; what it gives is a list of faults in words.

/** Words and looks that the others share, left in the page as `seen`. */
function prepare() {
  // Cards out of sight are not laid out; a few are, for this.
  const cards = [...document.querySelectorAll('main li')];
  if (cards.length <= 20) for (const card of cards) card.style.contentVisibility = 'visible';
  const words = (text) => `"${(text ?? '').trim().slice(0, 40)}"`;
  globalThis.seen = {
    words,
    named: (one) => `${one.tagName.toLowerCase()} ${words(one.getAttribute('aria-label') ?? one.textContent)}`,
    // Behind an open dialog nothing can be reached, and covering it is what a dialog is for.
    top: () => [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body,
    isShown: (one) =>
      one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true, contentVisibilityAuto: true }),
    // A toast lies above everything for as long as it is there.
    layer: (one) => one.closest('[data-testid=toast]'),
    /** Those of `boxed` that share more than `wide` by `high` pixels, two by two. */
    pairs: (boxed, wide, high) => {
      const sorted = [...boxed].sort((a, b) => a.box.top - b.box.top);
      return sorted.flatMap((one, index) => {
        const found = [];
        for (let at = index + 1; at < sorted.length && sorted[at].box.top < one.box.bottom - high; at += 1) {
          const other = sorted[at];
          const common = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
          const deep = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
          if (common > wide && deep > high && one.layer === other.layer) found.push([one, other]);
        }
        return found;
      });
    },
  };
}

/** Whatever would have to be scrolled sideways; a listing may be. */
function sideways() {
  const { named, top } = globalThis.seen;
  const beyond = (box) => box.scrollWidth - box.clientWidth;
  const inside = [...top().querySelectorAll('main, aside, section, dialog, div, ul, ol, table, form')];
  return [document.documentElement, top(), ...inside]
    .filter((box) => beyond(box) > 0)
    .filter((box) => box === document.documentElement || /auto|scroll/.test(getComputedStyle(box).overflowX))
    .map((box) => `${named(box)} scrolls ${beyond(box)} px sideways`);
}

/** Whatever is to be pressed or filled in, and lies outside the window or over another such thing. */
function overlapping() {
  const { named, top, isShown, layer, pairs } = globalThis.seen;
  const controls = [...top().querySelectorAll('button, a[href], input, select, textarea, summary, [tabindex="0"]')]
    .filter((one) => isShown(one) && !one.matches('pre'))
    .map((one) => ({ one, box: one.getBoundingClientRect(), layer: layer(one) }))
    .filter(({ box }) => box.width >= 1 && box.height >= 1);
  const outside = controls
    .filter(({ box }) => box.left < -0.5 || box.right > innerWidth + 0.5)
    .map(({ one, box }) => `${named(one)} is outside the window: ${Math.round(box.left)} to ${Math.round(box.right)}`);
  const over = pairs(controls, 1, 1)
    .filter(([a, b]) => !a.one.contains(b.one) && !b.one.contains(a.one))
    .map(([a, b]) => `${named(a.one)} and ${named(b.one)} overlap`);
  return [...outside, ...over];
}

/** Words that are beyond the window, cut off by what they stand in, or written over each other. */
function cutOff() {
  const { words, named, top, isShown, layer, pairs } = globalThis.seen;
  const faults = new Set();
  const lines = [];
  const walker = document.createTreeWalker(top(), NodeFilter.SHOW_TEXT);
  const isLeftOut = (parent) => !parent || !isShown(parent) || parent.closest('pre, svg, table, [data-testid=spoken]');
  const clips = (one) => /hidden|clip|auto|scroll/.test(getComputedStyle(one).overflow);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || isLeftOut(parent)) continue;
    let around = parent;
    while (around !== document.body && !clips(around)) around = around.parentElement;
    const edge = around.getBoundingClientRect();
    const isFixed = around !== document.body && /hidden|clip/.test(getComputedStyle(around).overflowY);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of [...range.getClientRects()].filter(({ width }) => width >= 1)) {
      const isInSight = around === document.body || (box.bottom > edge.top && box.top < edge.bottom);
      if (isInSight) lines.push({ box, text: node.data, layer: layer(parent) });
      if (box.left < -1 || box.right > innerWidth + 1) faults.add(`${words(node.data)} is beyond the window`);
      const isCut = isFixed && (box.top < edge.top - 2 || box.bottom > edge.bottom + 2);
      if (isCut || box.left < edge.left - 1 || box.right > edge.right + 1)
        faults.add(`${words(node.data)} is cut off by ${named(around)}`);
    }
  }
  // Lines of one text touch each other.
  for (const [a, b] of pairs(lines, 2, 4)) faults.add(`${words(a.text)} and ${words(b.text)} lie over each other`);
  return [...faults];
}

/** Puts all of it into the page; comes before what follows. */
export const geometry = `(${prepare})(); globalThis.seen.looks = [${sideways}, ${overlapping}, ${cutOff}]; null`;

/** Faults of the layout as it stands. */
export const layoutFaults = () => globalThis.seen.looks.flatMap((look) => look());

/** Whatever moves, by name. */
export const moving = () =>
  document
    .getAnimations()
    .filter((one) => one.playState === 'running')
    .map((one) => one.animationName ?? one.transitionProperty ?? 'something');

/** Every action that the keyboard should reach, in the order of the page: one of each group of radio buttons. */
export function reachable() {
  const top = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  const all = [...top.querySelectorAll('button, a[href], input, select, textarea, summary, [tabindex="0"]')];
  const groups = new Set();
  let count = 0;
  for (const one of all) {
    if (!one.checkVisibility({ checkVisibilityCSS: true }) || one.disabled || one.tabIndex < 0) continue;
    if (one.type === 'radio') {
      if (groups.has(one.name)) continue;
      groups.add(one.name);
    }
    one.dataset.reach = String(count);
    count += 1;
  }
  return count;
}

/** Where the keyboard is: its place in that order, where on the window, and whether it can be seen. */
export function focusedNow() {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  // Of a group of radio buttons the chosen one has the focus.
  const marked =
    one.dataset.reach !== undefined || one.type !== 'radio'
      ? one
      : document.querySelector(`input[type=radio][name="${one.name}"][data-reach]`);
  const box = one.getBoundingClientRect();
  const isOutlined = ({ outlineStyle, outlineWidth }) =>
    outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1;
  let ring = false;
  // A card draws the ring of its name, a row that of its radio button.
  for (let holder = one; holder && holder !== document.body && !ring; holder = holder.parentElement) {
    ring = isOutlined(getComputedStyle(holder));
  }
  const around = [...document.querySelectorAll('dialog[open], main, aside, [data-testid=toast]')].filter((region) =>
    region.contains(one),
  );
  return {
    place: marked?.dataset.reach === undefined ? null : Number(marked.dataset.reach),
    name: (one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 40) || one.tagName.toLowerCase(),
    region: around.map((region) => region.tagName).join(' '),
    top: box.top + scrollY + (one.closest('main, aside, dialog')?.scrollTop ?? 0),
    bottom: box.bottom + scrollY + (one.closest('main, aside, dialog')?.scrollTop ?? 0),
    isSeen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    ring,
  };
}
