// The try-it page: a picture in, its reading out; every constraint is a control, every change reads again.

const $ = (id) => document.getElementById(id);
const form = $("try");
const told = form.dataset;
const PAUSE = 250; // milliseconds of typing that are waited for

let picture = null; // the file or blob that was given
let shown = ""; // its object URL
let asked = null; // AbortController of the reading under way
let timer = 0;

function give(file) {
  if (!file) return;
  if (file.type && !file.type.startsWith("image/")) return complain(told.noPicture);
  picture = file;
  URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(file);
  read();
}

// What the form asks for, without what is left empty.
function parameters() {
  return [...new FormData(form)].filter(([, value]) => typeof value === "string" && value.trim() !== "");
}

function body() {
  const data = new FormData();
  data.append("file", picture, picture.name || "picture.png");
  for (const [name, value] of parameters()) data.append(name, value);
  return data;
}

async function post(path, data, signal) {
  const response = await fetch(path, { method: "POST", body: data, signal });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || response.statusText);
  return answer;
}

async function read() {
  clearTimeout(timer);
  snippets();
  if (!picture) return;
  asked?.abort();
  const { signal } = (asked = new AbortController());
  form.setAttribute("aria-busy", "true");
  $("status").textContent = told.waiting;
  try {
    const began = performance.now();
    const answer = await post("/v1/read", body(), signal);
    show(answer, performance.now() - began);
    const { name, version } = answer.model;
    const again = body();
    again.set("model", version ? `${name}@${version}` : name);
    showSteps(await post("/v1/steps", again, signal));
  } catch (error) {
    if (signal.aborted) return;
    complain(error instanceof TypeError ? told.unreachable : error.message);
  }
  if (signal.aborted) return;
  form.removeAttribute("aria-busy");
  $("status").textContent = "";
}

function complain(message) {
  $("problem").textContent = message;
  $("problem").hidden = false;
  for (const id of ["result", "steps", "raw"]) $(id).hidden = true;
}

function show(answer, total) {
  $("problem").hidden = !answer.error;
  $("problem").textContent = answer.error?.detail ?? "";
  $("picture").src = shown;
  $("text").textContent = answer.text || told.nothing;
  $("text").classList.toggle("quiet", !answer.text);
  $("confidence").textContent = percent(answer.confidence);
  $("sum").hidden = answer.answer === undefined;
  $("sum-value").textContent = answer.answer ?? "";
  $("boxes").replaceChildren(...answer.characters.map(box));
  $("characters").replaceChildren(...answer.characters.map(row));
  $("model").textContent = [answer.model.name, answer.model.version].filter(Boolean).join("@");
  const choice = answer.model.choice_confidence;
  $("choice").hidden = choice === undefined;
  $("choice-value").textContent = choice === undefined ? "" : percent(choice);
  $("time-total").textContent = total.toFixed(1);
  $("time-server").textContent = answer.milliseconds.toFixed(1);
  $("time-queue").textContent = answer.queue_milliseconds.toFixed(1);
  $("json").textContent = JSON.stringify(answer, null, 2);
  $("result").hidden = $("raw").hidden = false;
}

function box({ character, confidence, left, right }, place) {
  const made = element("span", { className: `box ${sureness(confidence)}` });
  made.append(element("b", {}, visible(character)));
  made.dataset.place = place;
  made.style.left = `${100 * left}%`;
  made.style.width = `${100 * (right - left)}%`;
  return made;
}

function row({ character, confidence }, place) {
  const bar = element("span", { className: "level" });
  bar.style.width = `${100 * confidence}%`;
  const made = element("li", { className: sureness(confidence) });
  made.append(
    element("b", { className: "glyph" }, visible(character)),
    element("span", { className: "track" }, bar),
    element("span", { className: "number" }, percent(confidence)),
  );
  made.onpointerenter = () => point(place);
  made.onpointerleave = () => point(-1);
  return made;
}

function point(place) {
  for (const each of $("boxes").children) each.classList.toggle("here", each.dataset.place === String(place));
}

// Rows are characters, columns steps; the picture above covers the steps that lie under it.
function showSteps({ rows, best, covered }) {
  const svg = drawn("svg", { viewBox: `0 0 ${best.length} ${rows.length}`, preserveAspectRatio: "none" });
  rows.forEach(({ character, probabilities }, y) => {
    probabilities.forEach((share, x) => {
      const cell = { x, y, width: 1, height: 1, "fill-opacity": share, class: character ? "cell" : "cell none" };
      if (share < 0.005 && best[x] !== y) return;
      if (best[x] === y) cell.class += " best";
      const rect = drawn("rect", cell);
      rect.append(drawn("title", {}, `${x + 1}: ${visible(character) || "∅"} ${percent(share)}`));
      svg.append(rect);
    });
  });
  const above = element("img", { src: shown, alt: "" });
  above.style.width = `${100 * covered}%`;
  svg.style.height = `${1.5 * rows.length}rem`;
  const names = rows.map(({ character }) => element("span", {}, visible(character) || "∅"));
  const label = element("div", { className: "names glyph" });
  label.append(...names);
  $("strip").replaceChildren(above, label, svg);
  $("steps").hidden = false;
}

function snippets() {
  const url = `${location.origin}/v1/read`;
  const name = /^[\w.-]+$/.test(picture?.name ?? "") ? picture.name : "picture.png";
  const fields = parameters();
  const shell = (text) => (/^[\w.=@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
  const key = told.keyed ? ['-H "Authorization: Bearer $KEY"'] : [];
  const options = [...key, `-F file=@${name}`, ...fields.map((each) => `--form-string ${shell(each.join("="))}`)];
  $("curl").textContent = ["curl", ...options, url].join(" ");
  const data = fields.map(([each, value]) => `${JSON.stringify(each)}: ${JSON.stringify(value)}`).join(", ");
  $("python").textContent = [
    "import requests",
    "",
    `with open(${JSON.stringify(name)}, "rb") as file:`,
    "    answer = requests.post(",
    `        "${url}",`,
    ...(told.keyed ? ['        headers={"Authorization": f"Bearer {KEY}"},'] : []),
    '        files={"file": file},',
    ...(data ? [`        data={${data}},`] : []),
    "    )",
    "answer.raise_for_status()",
    'print(answer.json()["text"])',
  ].join("\n");
}

async function copy(button) {
  getSelection().selectAllChildren($(button.dataset.of));
  // Browsers give their clipboard to pages from this machine or over TLS only; the old way works elsewhere too.
  if (navigator.clipboard) await navigator.clipboard.writeText($(button.dataset.of).textContent);
  else document.execCommand("copy");
  const before = button.textContent;
  button.textContent = told.copied;
  setTimeout(() => (button.textContent = before), 1500);
}

async function draw() {
  try {
    const response = await fetch(told.practice);
    if (!response.ok) throw new Error((await response.json()).detail);
    give(await response.blob());
  } catch (error) {
    complain(error instanceof TypeError ? told.unreachable : error.message);
  }
}

// Never 100.00% for less than all, as everywhere in this project.
const percent = (share) => (share >= 0.99995 && share < 1 ? ">99.99%" : `${(100 * share).toFixed(2)}%`);
const sureness = (confidence) => (confidence >= 0.95 ? "sure" : confidence >= 0.7 ? "fair" : "unsure");
const visible = (character) => (character.trim() || !character ? character : "␣");

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function drawn(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [each, value] of Object.entries(attributes)) made.setAttribute(each, value);
  made.textContent = text;
  return made;
}

// As wide as there is room, but no higher than 20rem.
$("picture").addEventListener("load", ({ target }) => {
  target.parentElement.style.maxWidth = `${Math.min(34, (20 * target.naturalWidth) / target.naturalHeight)}rem`;
});
$("file").addEventListener("change", ({ target }) => {
  give(target.files[0]);
  target.value = ""; // the same file may be chosen again
});
form.addEventListener("input", ({ target }) => {
  if (target.type === "file") return;
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  read();
});
form.addEventListener("reset", () => setTimeout(read));
$("draw")?.addEventListener("click", draw);
for (const button of document.querySelectorAll(".copy")) button.addEventListener("click", () => copy(button));

document.addEventListener("paste", ({ clipboardData }) => give(clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dragging");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  give(event.dataTransfer.files[0]);
});

snippets();
