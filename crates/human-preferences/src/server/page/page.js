"use strict";

// One pair is shown, the next ones are fetched ahead, and answers wait in the browser's storage until the server has them.

const AHEAD = 3; // pairs fetched ahead
const HOLD = 7; // pictures for which the last one of a clip stays
const POLL = 700; // milliseconds between two looks for a pair
const RETRY = 1500; // milliseconds between two attempts to send

const token = new URLSearchParams(location.search).get("token") ?? "";
const $ = (id) => document.getElementById(id);
const state = {
  shown: null, // { pair, left, right, sheets, since }
  ready: [], // pairs fetched ahead
  answered: new Set(), // pairs that this page answered
  unsent: load("unsent", []),
  started: 0, // time of the clips' first picture
  fetching: false,
  sending: false,
  offline: false,
  still: matchMedia("(prefers-reduced-motion: reduce)").matches,
};

function load(key, otherwise) {
  try { return JSON.parse(localStorage.getItem(`${token}:${key}`)) ?? otherwise; } catch { return otherwise; }
}
function keep(key, value) {
  try { localStorage.setItem(`${token}:${key}`, JSON.stringify(value)); } catch { /* the page works without it */ }
}
const labeller = () => $("labeller").value.trim() || "me";

async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { "x-session-token": token, ...(options.headers ?? {}) } });
  if (response.status >= 500) throw new Error(`the server answers ${response.status}`);
  setOffline(false);
  return response;
}
function post(path, body) {
  return call(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
}

function setOffline(offline) {
  state.offline = offline;
  const unsent = state.unsent.length;
  $("banner").hidden = !offline;
  $("banner").textContent = unsent
    ? `The run does not answer. ${unsent} answer${unsent > 1 ? "s are" : " is"} kept in this browser and sent as soon as it does.`
    : "The run does not answer. This page goes on as soon as it does.";
}

async function sheet(clip) {
  const response = await call(`/clip/${clip.digest}/sheet`);
  if (!response.ok) throw new Error("the clip is gone");
  return createImageBitmap(await response.blob());
}

async function fetchAhead() {
  if (state.fetching) return;
  state.fetching = true;
  try {
    while (state.ready.length < AHEAD) {
      const held = [state.shown, ...state.ready].filter(Boolean).map((pair) => pair.pair);
      const unsent = state.unsent.map((answer) => answer.pair);
      const query = new URLSearchParams({ labeller: labeller(), held: [...held, ...unsent].slice(0, 16).join(",") });
      const response = await call(`/api/next?${query}`);
      if (response.status !== 200) break;
      const pair = await response.json();
      if (state.answered.has(pair.pair)) break;
      pair.sheets = await Promise.all([sheet(pair.left), sheet(pair.right)]);
      state.ready.push(pair);
      if (!state.shown) show(state.ready.shift());
    }
  } catch {
    setOffline(true);
  } finally {
    state.fetching = false;
  }
}

function show(pair) {
  state.shown = pair ?? null;
  state.started = performance.now();
  $("pair").hidden = !pair;
  $("waiting").hidden = Boolean(pair);
  for (const button of document.querySelectorAll("[data-answer]")) {
    button.disabled = !pair;
    button.classList.remove("chosen");
  }
  if (!pair) return;
  for (const [side, clip] of [["left", pair.left], ["right", pair.right]]) {
    const canvas = $(side).querySelector("canvas");
    canvas.width = clip.layout.width;
    canvas.height = clip.layout.height;
  }
  pair.since = performance.now();
  draw(performance.now(), true);
}

let drawn = -1;
function draw(now, force = false) {
  const pair = state.shown;
  if (!pair) return;
  const { frames, rate } = pair.left.layout;
  const tick = Math.floor(((now - state.started) / 1000) * rate) % (frames + HOLD);
  const frame = Math.min(tick, frames - 1);
  if (frame === drawn && !force) return;
  drawn = frame;
  [["left", pair.left], ["right", pair.right]].forEach(([side, clip], index) => {
    const { columns, width, height } = clip.layout;
    const context = $(side).querySelector("canvas").getContext("2d");
    const [x, y] = [(frame % columns) * width, Math.floor(frame / columns) * height];
    context.drawImage(pair.sheets[index], x, y, width, height, 0, 0, width, height);
  });
}
function loop(now) {
  draw(now);
  requestAnimationFrame(loop);
}

function answer(kind) {
  const pair = state.shown;
  if (!pair) return;
  state.unsent.push({
    pair: pair.pair, answer: kind, labeller: labeller(), client_id: crypto.randomUUID(),
    latency_ms: Math.round(Math.min(performance.now() - pair.since, 4e9)),
  });
  keep("unsent", state.unsent);
  state.answered.add(pair.pair);
  const words = { left: "Left", right: "Right", tie: "Equally good", cant_tell: "Can't tell" };
  $("said").textContent = `${words[kind]}. Next pair.`;
  pair.sheets.forEach((bitmap) => bitmap.close());
  show(state.ready.shift());
  send().then(fetchAhead);
}

async function send() {
  if (state.sending) return;
  state.sending = true;
  try {
    while (state.unsent.length) {
      const { pair, ...body } = state.unsent[0];
      await post(`/api/pairs/${pair}/answer`, body);
      // 409 and 404 say that this answer can never count: it is not sent again.
      state.unsent.shift();
      keep("unsent", state.unsent);
      stats();
    }
  } catch {
    setOffline(true);
  } finally {
    state.sending = false;
  }
}

async function undo() {
  try {
    await send();
    if (state.unsent.length) return;
    const response = await post("/api/undo", { labeller: labeller() });
    if (response.status !== 200) {
      $("said").textContent = "There is nothing to undo.";
      return;
    }
    const pair = await response.json();
    pair.sheets = await Promise.all([sheet(pair.left), sheet(pair.right)]);
    state.answered.delete(pair.pair);
    if (state.shown) state.ready.unshift(state.shown);
    $("said").textContent = "The last answer is taken back.";
    show(pair);
    stats();
  } catch {
    setOffline(true);
  }
}

async function stats() {
  try {
    const said = await (await call("/api/stats")).json();
    $("answered").textContent = said.answered;
    $("planned").textContent = said.planned ? ` of ${said.planned}` : "";
    $("rate").textContent = said.hourly_rate >= 1 ? `· ${Math.round(said.hourly_rate)} an hour` : "";
    $("progress").hidden = !said.planned;
    $("progress").max = said.planned || 1;
    $("progress").value = Math.min(said.answered, said.planned || 1);
    $("task").textContent = said.task;
    $("instructions").textContent = said.instructions;
    document.body.classList.toggle("pixelated", said.is_pixelated);
    document.body.classList.toggle("finished", said.is_finished);
    $("waiting-text").textContent = said.is_finished
      ? "That was all: thank you. You can close this page."
      : said.waiting_for || "Waiting for the agent to do something new…";
    document.title = state.shown ? "Which clip is better?" : said.is_finished ? "Thank you" : "Waiting…";
  } catch {
    setOffline(true);
  }
}

const keys = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "tie", ArrowDown: "cant_tell" };
addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
  if (keys[event.key]) {
    event.preventDefault();
    // A key that is held down answers once.
    if (!event.repeat) answer(keys[event.key]);
  } else if (event.key === " " && !(event.target instanceof HTMLButtonElement && event.target.matches(":focus-visible"))) {
    event.preventDefault();
    restart();
  } else if (event.key === "z" || event.key === "Z") {
    if (!event.repeat) undo();
  }
});
function restart() {
  state.started = performance.now();
}
for (const button of document.querySelectorAll("[data-answer]")) {
  button.addEventListener("click", () => answer(button.dataset.answer));
}
$("undo").addEventListener("click", undo);
$("restart").addEventListener("click", restart);
$("labeller").value = load("labeller", "me");
$("labeller").addEventListener("change", () => keep("labeller", labeller()));

stats();
send().then(fetchAhead);
setInterval(() => { if (state.ready.length < AHEAD) fetchAhead(); }, POLL);
setInterval(() => { if (state.unsent.length) send(); }, RETRY);
setInterval(stats, 3000);
requestAnimationFrame(loop);
