// The page: one conversation over one WebSocket. Text from outside is only ever set as text.
"use strict";

const byId = (id) => document.getElementById(id);
const log = byId("log"), composer = byId("composer"), box = byId("message"), menu = byId("menu");
const earlier = byId("earlier"), typing = byId("typing"), down = byId("down"), link = byId("link");

const TAGS = { bold: "strong", italic: "em", code: "code", pre: "pre" };
const ENCOURAGED = /Approve|Activate|Yes/;
const waiting = new Map(); // what was said or pressed and is not stored yet, by its key
let socket = null, commands = [], pause = 500, typingEnds = 0, oldest = null;

// --- drawing ------------------------------------------------------------------------------------

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function drawWords(spans) {
  const words = element("div", { className: "words", dir: "auto" });
  let block = false;
  for (const [content, style] of spans) {
    const tag = TAGS[style];
    // A block ends its line by itself; the line break after it would show as an empty line.
    const shown = block && content.startsWith("\n") ? content.slice(1) : content;
    words.append(tag ? element(tag, { textContent: shown }) : shown);
    block = tag === "pre";
  }
  return words;
}

function drawRows(rows, message) {
  const grid = element("div", { className: "rows" });
  for (const row of rows) {
    const line = element("div", { className: "row" });
    for (const [label, data] of row) {
      const button = element("button", { type: "button", textContent: label });
      if (ENCOURAGED.test(label)) button.classList.add("go");
      button.addEventListener("click", () => press(button, message, data));
      line.append(button);
    }
    grid.append(line);
  }
  return grid;
}

function drawPicture(message) {
  const version = message.version || 0;
  const address = `/picture/${message.id}?v=${version}`;
  const image = element("img", { src: address, alt: "Chart", loading: "lazy" });
  const frame = element("button", { type: "button", className: "picture" }, image);
  frame.setAttribute("aria-label", "Enlarge the chart");
  frame.addEventListener("click", () => enlarge(address));
  return frame;
}

function drawFile(message) {
  const address = `/file/${message.id}/${encodeURIComponent(message.file)}`;
  return element("a", { href: address, download: message.file, className: "file", textContent: `💾 ${message.file}` });
}

function enlarge(address) {
  const dialog = element("dialog", {}, element("img", { src: address, alt: "Chart" }));
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function clock(moment) {
  const at = new Date(moment), today = new Date().toDateString() === at.toDateString();
  const hours = { hour: "2-digit", minute: "2-digit" };
  return at.toLocaleString([], today ? hours : { ...hours, day: "numeric", month: "short" });
}

function drawMessage(message) {
  const article = element("article", { id: `m${message.id}`, className: message.mine ? "mine" : "" });
  article.classList.toggle("pictured", Boolean(message.pictured && !message.file));
  article.dataset.key = message.key || "";
  const bubble = element("div", { className: "bubble" });
  const answered = message.reply_to && byId(`m${message.reply_to}`);
  if (answered) bubble.append(drawAnswered(answered));
  if (message.pictured && !message.file) bubble.append(drawPicture(message));
  bubble.append(drawWords(message.words));
  if (message.pictured && message.file) bubble.append(drawFile(message));
  if (message.rows.length) bubble.append(drawRows(message.rows, message));
  const when = element("time", { dateTime: message.at, textContent: clock(message.at) });
  article.append(bubble, when);
  return article;
}

function drawAnswered(article) {
  const first = (article.querySelector(".words")?.textContent || "").split("\n")[0];
  const quote = element("button", { type: "button", className: "answers", textContent: first });
  quote.addEventListener("click", () => {
    article.scrollIntoView({ behavior: "smooth", block: "center" });
    article.classList.remove("flash");
    requestAnimationFrame(() => article.classList.add("flash"));
  });
  return quote;
}

// --- the log ------------------------------------------------------------------------------------

const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 90;
const toEnd = () => { log.scrollTop = log.scrollHeight; down.hidden = true; };

function place(message) {
  const stay = atEnd() || message.mine;
  const pending = message.key && log.querySelector(`[data-key="${CSS.escape(message.key)}"]`);
  const present = byId(`m${message.id}`) || pending;
  const drawn = drawMessage(message);
  if (present) present.replaceWith(drawn); else log.append(drawn);
  if (stay) toEnd(); else down.hidden = false;
}

function redraw(message) {
  const present = byId(`m${message.id}`);
  if (!present) return;
  const stay = atEnd();
  message.version = Date.now();
  const drawn = drawMessage(message);
  present.replaceWith(drawn);
  drawn.classList.add("flash");
  if (stay) toEnd();
}

function fill(messages) {
  for (const old of log.querySelectorAll("article")) old.remove();
  for (const message of messages) log.append(drawMessage(message));
  for (const [key, item] of waiting) if (item.kind === "say" && !present(key)) log.append(item.drawn);
  remember(messages);
  toEnd();
}

const present = (key) => log.querySelector(`[data-key="${CSS.escape(key)}"]`);

function remember(messages) {
  if (messages.length) oldest = messages[0].id;
  earlier.hidden = messages.length < 60;
}

function prepend(messages) {
  const height = log.scrollHeight;
  earlier.after(...messages.map(drawMessage));
  remember(messages);
  log.scrollTop += log.scrollHeight - height;
}

// --- saying -------------------------------------------------------------------------------------

const newKey = () => [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, "0")).join("");

function post(item) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(item));
}

function say(text) {
  const key = newKey(), at = new Date().toISOString();
  const drawn = drawMessage({ id: key, key, mine: true, words: [[text, "plain"]], rows: [], at });
  drawn.dataset.state = "sending";
  log.append(drawn);
  toEnd();
  waiting.set(key, { kind: "say", key, text, drawn });
  post({ kind: "say", key, text });
}

function press(button, message, data) {
  const key = newKey();
  for (const other of button.closest(".rows").querySelectorAll("button")) other.disabled = true;
  button.setAttribute("aria-busy", "true");
  waiting.set(key, { kind: "tap", key, message: message.id, data, button });
  post({ kind: "tap", key, message: message.id, data });
}

function stored(key) {
  const item = waiting.get(key);
  waiting.delete(key);
  if (item?.drawn) delete item.drawn.dataset.state;
  if (item?.button) setTimeout(() => release(item.button), 1500);
}

function release(button) {
  button.removeAttribute("aria-busy");
  for (const other of button.closest(".rows")?.querySelectorAll("button") || []) other.disabled = false;
}

function refused(key, why) {
  const item = waiting.get(key);
  waiting.delete(key);
  if (item?.drawn) { item.drawn.dataset.state = "refused"; item.drawn.querySelector("time").textContent = why; }
}

// --- the line -----------------------------------------------------------------------------------

function showLink(state, words) { link.dataset.state = state; link.textContent = words; }

function showStatus(status) { byId("status").textContent = Object.values(status).filter(Boolean).join(" · "); }

const HEARD = {
  hello(event) {
    commands = event.commands;
    showStatus(event.status);
    fill(event.messages);
    for (const { drawn, button, ...item } of waiting.values()) post(item);
  },
  message(event) { typing.hidden = true; place(event.message); },
  edit(event) { redraw(event.message); },
  earlier(event) { prepend(event.messages); },
  stored(event) { stored(event.key); },
  refused(event) { refused(event.key, event.why); },
  status(event) { showStatus(event.status); },
  typing() {
    typing.hidden = false;
    typingEnds = Date.now() + 6000;
    setTimeout(() => { if (Date.now() >= typingEnds) typing.hidden = true; }, 6100);
  },
};

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/socket`);
  socket.addEventListener("open", () => { pause = 500; showLink("on", "connected"); });
  socket.addEventListener("message", (heard) => {
    const event = JSON.parse(heard.data);
    HEARD[event.kind]?.(event);
  });
  socket.addEventListener("close", () => {
    showLink("off", "reconnecting…");
    setTimeout(connect, pause + Math.random() * 300);
    pause = Math.min(pause * 1.7, 8000);
  });
}

// --- the composer and its menu ------------------------------------------------------------------

function grow() { box.style.height = "auto"; box.style.height = `${box.scrollHeight + 2}px`; }

function send() {
  const text = box.value.trim();
  if (!text) return;
  say(text);
  box.value = "";
  grow();
  showMenu();
}

function matching() {
  const typed = /^\/(\w*)$/.exec(box.value);
  return typed ? commands.filter(([name]) => name.startsWith(typed[1].toLowerCase())) : [];
}

function showMenu() {
  const found = matching();
  menu.hidden = !found.length;
  menu.replaceChildren(...found.map(([name, description], index) => {
    const item = element("li", { id: `c${index}` }, element("b", { textContent: `/${name}` }), element("span", { textContent: description }));
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(index === 0));
    item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(item); });
    return item;
  }));
}

const selected = () => menu.querySelector('[aria-selected="true"]');

function choose(item) {
  box.value = `${item.querySelector("b").textContent} `;
  showMenu();
  box.focus();
}

function moveChoice(step) {
  const items = [...menu.children], index = items.indexOf(selected());
  items[index].setAttribute("aria-selected", "false");
  const next = items[(index + step + items.length) % items.length];
  next.setAttribute("aria-selected", "true");
  next.scrollIntoView({ block: "nearest" });
}

box.addEventListener("input", () => { grow(); showMenu(); });
box.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const open = !menu.hidden;
  if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    moveChoice(event.key === "ArrowDown" ? 1 : -1);
  } else if (open && event.key === "Tab") {
    event.preventDefault();
    choose(selected());
  } else if (open && event.key === "Escape") {
    menu.hidden = true;
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    const choice = open && selected().querySelector("b").textContent;
    if (choice) box.value = choice;
    send();
  }
});
composer.addEventListener("submit", (event) => { event.preventDefault(); send(); });
log.addEventListener("scroll", () => { if (atEnd()) down.hidden = true; });
down.addEventListener("click", toEnd);
earlier.addEventListener("click", () => post({ kind: "earlier", before: oldest }));
connect();
box.focus({ preventScroll: true });
