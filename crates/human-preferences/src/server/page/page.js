"use strict";

// One pair is shown, the next ones are fetched ahead, and answers wait in the browser's storage until the server has them.

const AHEAD = 3; // pairs fetched ahead
const FRESH = 55_000; // milliseconds for which a pair is nobody else's
const GUARD = 250; // milliseconds in which a pair takes no answer: the second press of a double one is meant for the last pair
const HOLD = 7; // pictures for which the last one of a clip stays
const IDLE = 600_000; // milliseconds without a key or a pointer after which nobody is there
const POLL = 700; // milliseconds between two looks for a pair
const RENEW = 20_000; // milliseconds after which the page says again that it has its pairs
const RETRY = 1500; // milliseconds between two attempts to send

const token = new URLSearchParams(location.search).get("token") ?? "";
const $ = (id) => document.getElementById(id);
const answers = [...document.querySelectorAll("[data-answer]")];
const still = matchMedia("(prefers-reduced-motion: reduce)");
const state = {
  shown: null, // { pair, left, right, sheets, leased, since }
  ready: [], // pairs fetched ahead
  started: 0, // time of the clips' first picture
  focus: null, // the button to focus when a pair comes
  fetching: false,
  sending: null, // a promise while answers are being sent
  trouble: "", // "offline", "refused" or nothing
};

// Storage. Each answer has its own key: several tabs share the storage, and none may overwrite what another one keeps.
const UNSENT = `${token}:unsent:`;
const memory = new Map(); // for browsers that store nothing
function keep(key, value) {
  memory.set(key, value);
  try { localStorage.setItem(key, value); } catch { /* the page works without it */ }
}
function forget(key) {
  memory.delete(key);
  try { localStorage.removeItem(key); } catch { /* as above */ }
}
function kept(key) {
  try { return localStorage.getItem(key) ?? memory.get(key); } catch { return memory.get(key); }
}
function unsent() {
  let keys = [...memory.keys()];
  try { keys = [...new Set([...keys, ...Object.keys(localStorage)])]; } catch { /* as above */ }
  const parse = (key) => {
    try { return [{ ...JSON.parse(kept(key)), key }]; } catch { forget(key); return []; }
  };
  return keys.filter((key) => key.startsWith(UNSENT)).flatMap(parse).sort((one, two) => one.at - two.at);
}

function guest() {
  return `guest-${Math.floor(Math.random() * 1296).toString(36).padStart(2, "0")}`;
}
const labeller = () => $("labeller").value.trim() || guest();

async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { "x-session-token": token, ...options.headers } });
  if (response.status >= 500) throw new Error(`the server answers ${response.status}`);
  trouble(response.status === 403 ? "refused" : "");
  if (response.status === 403) throw new Error("another session");
  return response;
}
function post(path, body) {
  return call(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
}
async function attempt(work) {
  try {
    await work();
  } catch {
    if (state.trouble !== "refused") trouble("offline");
  }
}

function trouble(kind) {
  state.trouble = kind;
  const count = kind ? unsent().length : 0;
  const answers = count === 1 ? "Your last answer is" : `${count} answers are`;
  const stored = count ? ` ${answers} kept in this browser and sent as soon as it answers.` : "";
  const text = {
    "": "",
    offline: `The run cannot be reached. ${stored || "This page goes on as soon as it answers."}`,
    refused: `Another run answers here now: open the address that its terminal shows.${count ? " What you answered before is kept in this browser." : ""}`,
  }[kind];
  $("banner").hidden = !kind;
  // Told once, not at each attempt.
  if ($("banner").textContent !== text) $("banner").textContent = text;
}

async function sheet(clip) {
  const response = await call(`/clip/${clip.digest}/sheet`);
  if (!response.ok) throw new Error("the clip is gone");
  return createImageBitmap(await response.blob());
}
async function withSheets(pair) {
  pair.leased = performance.now();
  pair.sheets = await Promise.all([sheet(pair.left), sheet(pair.right)]);
  return pair;
}
function close(pair) {
  pair.sheets.forEach((bitmap) => bitmap.close());
}

function dropStale() {
  const isFresh = (pair) => performance.now() - pair.leased < FRESH;
  state.ready.filter((pair) => !isFresh(pair)).forEach(close);
  state.ready = state.ready.filter(isFresh);
}

// Time of the latest key or pointer, and of the latest attempt to keep pairs.
let [active, renewed] = [performance.now(), performance.now()];
for (const kind of ["keydown", "pointerdown", "pointermove"]) addEventListener(kind, () => { active = performance.now(); });
const isIdle = () => performance.now() - active > IDLE;

// Keeps the page's pairs from others, for as long as somebody is there to answer.
async function renew() {
  const held = [state.shown, ...state.ready].filter(Boolean);
  const now = performance.now();
  if (document.hidden || isIdle() || !held.length || now - renewed < RENEW) return;
  renewed = now;
  await attempt(async () => {
    const response = await post("/api/renew", { labeller: labeller(), pairs: held.map(({ pair }) => pair) });
    if (!response.ok) return;
    const { pairs } = await response.json();
    for (const pair of held) if (pairs.includes(pair.pair)) pair.leased = now;
  });
}

async function fetchAhead() {
  // Where nobody is there, only a pair to show is fetched: it is somebody else's before long.
  if (state.fetching || document.hidden || (isIdle() && state.shown)) return;
  state.fetching = true;
  await attempt(async () => {
    dropStale();
    while (state.ready.length < AHEAD) {
      const held = [state.shown, ...state.ready, ...unsent()].filter(Boolean).map(({ pair }) => pair);
      const query = new URLSearchParams({ labeller: labeller(), held: held.slice(0, 16).join(",") });
      const response = await call(`/api/next?${query}`);
      if (response.status !== 200) break;
      const pair = await response.json();
      // Taken back while this was on its way.
      if ([state.shown, ...state.ready, ...unsent()].some((known) => known?.pair === pair.pair)) break;
      state.ready.push(await withSheets(pair));
      if (!state.shown) show(state.ready.shift());
    }
  });
  state.fetching = false;
}

function show(pair) {
  const before = document.activeElement;
  if (answers.includes(before)) state.focus = before;
  state.shown = pair ?? null;
  state.started = performance.now();
  $("pair").hidden = !pair;
  $("waiting").hidden = Boolean(pair);
  for (const button of [...answers, $("restart")]) button.disabled = !pair;
  title();
  if (!pair) return;
  for (const [side, clip] of [["left", pair.left], ["right", pair.right]]) {
    const canvas = $(side).querySelector("canvas");
    canvas.width = clip.layout.width;
    canvas.height = clip.layout.height;
  }
  pair.since = performance.now();
  if (document.activeElement === document.body) state.focus?.focus({ focusVisible: state.focus.matches(":focus-visible") });
  draw(pair.since, true);
}

// Both clips follow one clock. Who wants little motion sees them once, and again at the press of a key.
let drawn = -1;
function draw(now, force = false) {
  const pair = state.shown;
  if (!pair) return;
  const { frames, rate } = pair.left.layout;
  const passed = Math.floor(Math.max(0, now - state.started) / 1000 * rate);
  const frame = Math.min(still.matches ? passed : passed % (frames + HOLD), frames - 1);
  if (frame === drawn && !force) return;
  drawn = frame;
  [["left", pair.left], ["right", pair.right]].forEach(([side, clip], index) => {
    const { columns, width, height } = clip.layout;
    const here = Math.min(frame, clip.layout.frames - 1);
    const [x, y] = [(here % columns) * width, Math.floor(here / columns) * height];
    $(side).querySelector("canvas").getContext("2d")
      .drawImage(pair.sheets[index], x, y, width, height, 0, 0, width, height);
  });
}
function loop(now) {
  draw(now);
  requestAnimationFrame(loop);
}
function restart() {
  state.started = performance.now();
}

function say(text) {
  $("said").textContent = text;
}

function answer(kind) {
  const pair = state.shown;
  const took = pair && performance.now() - pair.since;
  if (!pair || took < GUARD) return;
  const id = crypto.randomUUID();
  keep(UNSENT + id, JSON.stringify({
    at: Date.now(), pair: pair.pair,
    body: { answer: kind, labeller: labeller(), client_id: id, latency_ms: Math.round(Math.min(took, 4e9)) },
  }));
  say(`${$(kind).querySelector(".text").innerText}. Press Z to take it back.`);
  flash($(kind));
  close(pair);
  dropStale();
  show(state.ready.shift());
  send().then(fetchAhead);
}
function flash(button) {
  button.classList.add("chosen");
  setTimeout(() => button.classList.remove("chosen"), GUARD);
}

// Sends what is unsent, oldest first. What the server has, or can never take, is not sent again.
function send() {
  state.sending ??= attempt(async () => {
    for (let next = unsent()[0]; next; next = unsent()[0]) {
      const response = await post(`/api/pairs/${next.pair}/answer`, next.body);
      if (response.status === 409) say("Somebody else had answered that pair; on to the next.");
      else if (!response.ok) say(`An answer was refused: ${(await response.json()).error}`);
      forget(next.key);
      stats();
    }
  }).finally(() => { state.sending = null; });
  return state.sending;
}

let undoing = false;
async function undo() {
  if (undoing) return;
  undoing = true;
  await attempt(async () => {
    await send();
    if (unsent().length) return say("This can be taken back as soon as the run answers.");
    const response = await post("/api/undo", { labeller: labeller() });
    if (response.status !== 200) return say("There is nothing to take back.");
    const pair = await withSheets(await response.json());
    if (state.shown) state.ready.unshift(state.shown);
    say("Your last answer is taken back: choose again.");
    show(pair);
    stats();
  });
  undoing = false;
}

function left(seconds) {
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min left` : `${Math.round(minutes / 60)} h left`;
}
let isFinished = false;
function title() {
  document.title = state.shown ? "Which clip is better?" : isFinished ? "Thank you" : "Waiting…";
}
function stats() {
  return attempt(async () => {
    const said = await (await call("/api/stats")).json();
    const rate = Math.round(said.hourly_rate);
    const missing = said.planned ? Math.max(0, said.planned - said.answered) : 0;
    $("answered").textContent = said.answered;
    $("planned").textContent = said.planned ? ` of ${said.planned}` : "";
    $("rate").textContent = rate < 1 ? "" : `${rate} an hour${missing ? ` · ${left((missing / rate) * 3600)}` : ""}`;
    $("progress").hidden = !said.planned;
    $("progress").max = said.planned || 1;
    $("progress").value = Math.min(said.answered, said.planned || 1);
    $("task").textContent = said.task;
    $("how").hidden = !said.instructions;
    $("instructions").textContent = said.instructions;
    isFinished = said.is_finished;
    document.body.classList.remove("loading");
    document.body.classList.toggle("pixelated", said.is_pixelated);
    document.body.classList.toggle("finished", isFinished);
    const text = isFinished
      ? "That was all: thank you. You can close this page."
      : said.waiting_for || "The agent has nothing new to show yet; the next pair comes by itself.";
    if ($("waiting-text").textContent !== text) $("waiting-text").textContent = text;
    title();
  });
}

const keys = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "tie", ArrowDown: "cant_tell" };
addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement) {
    if (event.key === "Enter" || event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const pressesFocused = event.target.matches?.("button:focus-visible, summary");
  if (keys[event.key]) {
    event.preventDefault();
    // A key that is held down answers once.
    if (!event.repeat) answer(keys[event.key]);
  } else if (event.key === " " && !pressesFocused) {
    event.preventDefault();
    restart();
  } else if (event.key.toLowerCase() === "z" && !event.repeat) {
    undo();
  }
});
// A button that the mouse left focused would be pressed once more when the space bar comes up.
addEventListener("keyup", (event) => {
  if (event.key === " " && event.target.matches?.("button:not(:focus-visible)")) event.preventDefault();
});
for (const button of answers) button.addEventListener("click", () => answer(button.dataset.answer));
$("undo").addEventListener("click", undo);
$("restart").addEventListener("click", restart);
$("how").addEventListener("toggle", () => keep("how", $("how").open ? "open" : "closed"));
$("how").open = kept("how") !== "closed";
$("labeller").value = kept("labeller") ?? guest();
keep("labeller", $("labeller").value);
$("labeller").addEventListener("change", () => {
  $("labeller").value = labeller();
  keep("labeller", $("labeller").value);
  // What was fetched ahead is for the other name.
  state.ready.forEach(close);
  state.ready = [];
});
addEventListener("visibilitychange", () => { fetchAhead(); });

stats();
send().then(fetchAhead);
setInterval(() => { dropStale(); if (state.ready.length < AHEAD) fetchAhead(); renew(); }, POLL);
setInterval(() => { if (unsent().length) send(); }, RETRY);
setInterval(stats, 3000);
requestAnimationFrame(loop);
