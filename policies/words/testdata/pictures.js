// What a browser says of emails: each stands in a frame of its own.

function show(all) {
  document.documentElement.style.colorScheme = "light dark";
  document.body.replaceChildren();
  document.body.style.margin = "0";
  return Promise.all(all.map(one => new Promise(loaded => {
    const frame = document.createElement("iframe");
    frame.dataset.name = one.name;
    frame.style.cssText = "border:0;display:block";
    frame.addEventListener("load", loaded);
    frame.srcdoc = one.html;
    document.body.append(frame);
  }))).then(() => all.length);
}

// widen makes every frame so wide, and as high as what is in it.
function widen(width) {
  for (const f of frames()) Object.assign(f, { width, height: 0 });
  for (const f of frames()) f.height = f.contentDocument.documentElement.scrollHeight;
}

const frames = () => Array.from(document.querySelectorAll("iframe"));

function allDark() {
  return frames().every(f => f.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches);
}

function places() {
  return frames().map(f => {
    const r = f.getBoundingClientRect();
    return { name: f.dataset.name, x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height };
  });
}

function inspectAll(width) {
  widen(width);
  return frames().flatMap(f => Array.from(inspect(f.contentDocument, f.contentWindow), fault => ({ name: f.dataset.name, fault })));
}

// color reads "rgb(1, 2, 3)" or "rgba(1, 2, 3, 0.5)".
function color(s) {
  const [r, g, b, a = 1] = s.match(/[\d.]+/g).map(Number);
  return { r, g, b, a };
}

const over = (top, below) => ({
  r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1,
});

// ground is the colour behind what stands in an element: its own over that of its
// parent. known is what was found out of others.
function ground(element, win, known) {
  if (!element) return win.matchMedia("(prefers-color-scheme: dark)").matches ? { r: 18, g: 18, b: 18, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
  if (!known.has(element)) {
    const own = color(win.getComputedStyle(element).backgroundColor);
    known.set(element, own.a === 1 ? own : over(own, ground(element.parentElement, win, known)));
  }
  return known.get(element);
}

// luminance and contrast are those of WCAG 2.2.
function luminance(c) {
  const [r, g, b] = [c.r, c.g, c.b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

// opacity is how much of an element's ink is seen, by its own and its ancestors'.
function opacity(element, win, known) {
  if (!element) return 1;
  if (!known.has(element)) known.set(element, Number(win.getComputedStyle(element).opacity) * opacity(element.parentElement, win, known));
  return known.get(element);
}

// Small print is what stands beside something, and what is quoted.
const smallPrint = ".soft, .quote, .code, .open, .watch, .over";

function* texts(doc) {
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const element = n.parentElement;
    if (!n.data.trim() || n.data.trim() === "\u00a0" || !element.checkVisibility()) continue;
    const range = doc.createRange();
    range.selectNodeContents(n);
    const boxes = Array.from(range.getClientRects()).filter(r => r.width > 0 && r.height > 0);
    if (boxes.length) yield { element, text: n.data.trim(), boxes };
  }
}

function inspect(doc, win) {
  const faults = new Set();
  const root = doc.documentElement;
  const short = s => JSON.stringify(s.length > 40 ? s.slice(0, 40) + "…" : s);
  if (root.scrollWidth > win.innerWidth) faults.add("it scrolls sideways: it needs " + root.scrollWidth + " pixels of " + win.innerWidth);
  if (!root.lang) faults.add("no language is said");
  for (const t of doc.querySelectorAll("table")) if (t.getAttribute("role") !== "presentation") faults.add("a table is not there for presentation only");
  for (const e of doc.querySelectorAll("img, picture, svg, video, audio, object, embed, iframe, link, script")) faults.add("it holds " + (e.localName === "img" ? "an image" : "<" + e.localName + ">"));
  const grounds = new Map(), opacities = new Map();
  let left = Infinity, right = -Infinity;
  for (const { element, text, boxes } of texts(doc)) {
    const style = win.getComputedStyle(element);
    const size = parseFloat(style.fontSize), least = element.closest(smallPrint) ? 14 : 16;
    if (size < least) faults.add("text of " + size + " pixels, where " + least + " are the least: " + short(text));
    const below = ground(element, win, grounds), ink = color(style.color);
    ink.a *= opacity(element, win, opacities);
    const ratio = contrast(over(ink, below), below);
    if (ratio < 4.5) faults.add("a contrast of " + ratio.toFixed(2) + ", where 4.5 is the least: " + short(text));
    for (const b of boxes) { left = Math.min(left, b.left); right = Math.max(right, b.right); }
  }
  if (right - left > 600) faults.add("a column of " + Math.round(right - left) + " pixels, where 600 are the most");
  for (const e of doc.body.querySelectorAll("*")) {
    if (win.getComputedStyle(e).backgroundImage !== "none") faults.add("an image behind a text");
  }
  const first = doc.body.firstElementChild;
  if (first.localName === "div" && (first.checkVisibility({ opacityProperty: true }) && first.getBoundingClientRect().height + first.scrollHeight > 0)) faults.add("what an inbox shows beside the subject is not hidden");
  return faults;
}
