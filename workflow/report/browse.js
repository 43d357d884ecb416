// The images of a run as a grid, and one of them large. Scripts of the folder beside the page hand over data by calling
// `dissent(name, value)`: a page that is opened from the disk may load scripts and pictures, and nothing else.
"use strict";
const about = JSON.parse(document.getElementById("about").textContent);
const $ = (id) => document.getElementById(id);
const choice = $("choice").elements;
const layers = $("layers").elements;
const HERE = about.folder;
const BATCH = 120;  // tiles that are added at a time
const images = [];
const byId = new Map();
let listed = [];
let current = null;  // the image that is shown large

// ---- what is loaded ----
const waiting = new Map();
const received = new Map();
window.dissent = (name, value) => received.set(name, value);

function load(name) {
  if (!waiting.has(name)) {
    waiting.set(name, new Promise((done) => {
      const script = document.createElement("script");
      script.src = `${HERE}/${name}.js`;
      script.onload = () => { done(received.get(name) ?? null); received.delete(name); script.remove(); };
      script.onerror = () => {
        tell(`${HERE}/${name}.js is not there: the folder ${HERE} must lie beside this page. It may be made again with the page.`);
        done(null);
      };
      document.head.append(script);
    }));
  }
  return waiting.get(name);
}

function tell(words) { $("trouble").textContent = words; $("trouble").hidden = false; }

const number4 = (index) => String(Math.floor(index / about.across ** 2) + 1).padStart(4, "0");
const address = (path) => path.split("/").map(encodeURIComponent).join("/");

function take({ folders, rows }) {
  const path = (place, id) => place === "" ? "" : address(typeof place === "number" ? `${folders[place]}/${id}.png` : place);
  for (const [id, subset, group, photo, truth, said] of rows) {
    const one = { index: images.length, id, subset, group, photo: path(photo, id), truth: path(truth, id), said };
    for (const of of Object.values(said)) {
      of.teachers = of.teachers.map((place) => path(place, id));
      of.label = path(of.label, id);
    }
    images.push(one);
    byId.set(id, one);
  }
}

// ---- what is chosen: all of it stands in the address ----
const kept = String(about.kept);
const DEFAULTS = { g: kept, show: about.generations.length ? "unlabelled" : "all", sort: "doubt", q: "", i: "", v: "photo", doubt: "1", off: "", strength: "60", zoom: "1" };
let state = { ...DEFAULTS };

function read() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  state = { ...DEFAULTS, ...given };
  for (const [name, element] of [["g", choice.g], ["show", choice.show], ["sort", choice.sort], ["zoom", layers.zoom]]) {
    if (![...element.options].some((option) => option.value === state[name])) state[name] = DEFAULTS[name];
  }
}

function change(more, goesBack = false) {
  state = { ...state, ...more };
  const words = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
  const hash = `#${new URLSearchParams(words)}`;
  if (hash !== (location.hash || "#")) history[goesBack ? "pushState" : "replaceState"](null, "", hash);
  show();
}

// ---- picks: kept by the browser until they are saved ----
const STORE = `dissent picks of ${about.run.name} in ${location.pathname}`;
let picks = new Set();
try { picks = new Set(JSON.parse(localStorage.getItem(STORE) ?? "[]")); } catch { /* a browser that keeps nothing */ }

function keep() {
  try { localStorage.setItem(STORE, JSON.stringify([...picks])); } catch { /* likewise */ }
  $("picked").textContent = `${picks.size} picked`;
  $("save").disabled = $("clear").disabled = !picks.size;
}

function pick(one, wanted = !picks.has(one.id)) {
  if (one.subset !== "unlabelled") return;
  picks[wanted ? "add" : "delete"](one.id);
  keep();
  for (const tile of document.querySelectorAll(".tile")) mark(tile);
  if (current) $("pick").setAttribute("aria-pressed", picks.has(current.id));
}

function mark(tile) {
  const picked = picks.has(tile.dataset.id);
  tile.classList.toggle("picked", picked);
  const box = tile.querySelector("input");
  if (box) box.checked = picked;
}

function save() {
  const lines = [`# picked in results/${about.run.name}/browse.html: the id of an image a line`, ...picks, ""];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\n")], { type: "text/plain" }));
  link.download = `${about.run.name}.picks.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function openList(file) {
  const lines = (await file.text()).split(/\r?\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith("# "));
  const there = lines.filter((id) => byId.get(id)?.subset === "unlabelled");
  picks = new Set([...picks, ...there]);
  keep();
  list();
  if (there.length < lines.length) tell(`${lines.length - there.length} of ${lines.length} lines name no unlabelled image of this page`);
}

// ---- the grid ----
const NAMES = { unlabelled: "unlabelled", labelled: "labelled by annotators", val: "validation" };
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const said = (one) => one.said[state.g];

function fill(select, options) {
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
}

function begin() {
  const generations = about.generations.map(({ number }) => [String(number), `gen${number}${number === about.used ? " (the result)" : ""}`]);
  for (const select of [choice.g, layers.g]) { fill(select, generations); select.parentElement.hidden = !generations.length; }
  const of = (subset) => `${NAMES[subset]} (${about.counts[subset].shown.toLocaleString("en")})`;
  fill(choice.show, [
    ["all", "all"], ...Object.keys(about.counts).filter((subset) => about.counts[subset].shown).map((subset) => [subset, of(subset)]),
    ...(generations.length ? [["kept", "unlabelled, kept"], ["dropped", "unlabelled, dropped"]] : []), ["picked", "picked"],
  ]);
  const labels = about.labels.map(({ name }, index) => [index, name]).filter(([index]) => index !== about.background);
  fill(choice.sort, [
    ...(generations.length ? [["doubt", "most in doubt"], ["sure", "least in doubt"], ["changed", "most changed"]] : []),
    ...(generations.length && labels.length > 1 ? labels.map(([index, name]) => [`doubt${index}`, `most in doubt about ${name}`]) : []),
    ...(generations.length ? labels.map(([index, name]) => [`most${index}`, `most ${name}`]) : []),
    ["group", "by group"], ["subset", "by subset"], ["name", "by name"],
  ]);
  if (!generations.length) DEFAULTS.sort = "name";
}

const byName = (a, b) => a.id < b.id ? -1 : Number(a.id > b.id);
function worth(one) {  // what comes first has the least
  const of = said(one);
  const [, kind, label] = state.sort.match(/^(doubt|most)(\d+)$/) ?? [];
  if (state.sort === "group") return one.group;
  if (state.sort === "subset") return Object.keys(NAMES).indexOf(one.subset);
  if (state.sort === "name") return 0;
  if (!of) return Infinity;
  if (kind) return -(kind === "doubt" ? of.disputed : of.pixels)[label] / of.size;
  if (state.sort === "changed") return -(of.changed ?? -1);
  return state.sort === "sure" ? of.doubt : -of.doubt;
}

function wanted(one) {
  const words = state.q.toLowerCase();
  if (words && !one.id.toLowerCase().includes(words) && !one.group.toLowerCase().includes(words)) return false;
  if (state.show === "picked") return picks.has(one.id);
  if (state.show === "kept" || state.show === "dropped") return said(one)?.kept === (state.show === "kept");
  return state.show === "all" || one.subset === state.show;
}

function facts(one) {
  const of = said(one);
  if (!of) return NAMES[one.subset];
  const label = state.sort.match(/^(doubt|most)(\d+)$/);
  if (label) return `${about.labels[label[2]].name} ${percent((label[1] === "doubt" ? of.disputed : of.pixels)[label[2]] / of.size)}`;
  if (state.sort === "changed" && of.changed !== null) return `changed ${percent(of.changed)}`;
  if (state.sort === "group" && one.group !== one.id) return one.group;
  return `doubt ${percent(of.doubt)}${of.kept ? "" : ", dropped"}`;
}

function backgrounds(one, marks) {
  const found = [`url("${HERE}/thumbs${number4(one.index)}.jpg")`];
  if (marks && said(one)) found.unshift(`url("${HERE}/gen${state.g}/marks${number4(one.index)}.png")`);
  const cell = one.index % about.across ** 2;
  const [x, y] = [cell % about.across, Math.floor(cell / about.across)].map((at) => `${100 * at / (about.across - 1)}%`);
  return { backgroundImage: found.join(), backgroundPosition: `${x} ${y}` };
}

function tile(one) {
  const box = document.createElement("div");
  box.className = "tile";
  box.dataset.id = one.id;
  const button = document.createElement("button");
  button.type = "button";
  const [thumb, name] = ["span", "b"].map((tag) => document.createElement(tag));
  thumb.className = "thumb";
  Object.assign(thumb.style, backgrounds(one, true));
  name.textContent = button.title = one.id;
  button.append(thumb, name, facts(one));
  button.onclick = () => change({ i: one.id }, true);
  box.append(button);
  if (one.subset === "unlabelled") {
    const check = document.createElement("input");
    check.type = "checkbox";
    check.ariaLabel = `pick ${one.id}`;
    check.onchange = () => pick(one, check.checked);
    box.append(check);
  }
  mark(box);
  return box;
}

let shown = "";
function list() {
  const values = new Map();
  listed = images.filter(wanted);
  for (const one of listed) values.set(one, worth(one));
  const order = (a, b) => a < b ? -1 : Number(a > b);
  listed.sort((a, b) => order(values.get(a), values.get(b)) || byName(a, b));
  shown = key();
  const { shown: few, all } = about.counts.unlabelled;
  const part = few < all ? `; of ${all.toLocaleString("en")} unlabelled images ${few.toLocaleString("en")} are on this page` : "";
  $("count").textContent = `${listed.length.toLocaleString("en")} images${part}`;
  const most = about.labels.length > 2 || about.overlap ? about.confused[state.g] ?? [] : [];
  $("confused").hidden = !most.length;
  $("confused").textContent = `In question in gen${state.g}, most often: ${most.map(([set, share]) => `${nameOf(set)} (${percent(share)} of all doubt)`).join("; ")}.`;
  $("tiles").replaceChildren();
  more();
}

function more() {
  const from = $("tiles").childElementCount;
  $("tiles").append(...listed.slice(from, from + BATCH).map(tile));
}
new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) more(); }, { rootMargin: "600px" }).observe($("more"));

const key = () => JSON.stringify([state.g, state.show, state.sort, state.q, images.length, state.show === "picked" && [...picks]]);

// ---- one image ----
let dispute = null;  // size, sets and codes of the doubt that is drawn

function masksOf(one) {
  const of = said(one);
  const names = about.generations.find(({ number }) => String(number) === state.g)?.teachers ?? [];
  return [
    ["photo", "the image alone", "0", ""],
    ...(of ? of.teachers.map((path, index) => [`teacher${index + 1}`, names[index], index < 9 ? String(index + 1) : "", path]) : []),
    ...(of ? [["label", "consensus", "C", of.label]] : []),
    ...(one.truth ? [["truth", one.subset === "unlabelled" ? "true mask (hidden from training)" : "true mask", "T", one.truth]] : []),
  ];
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// new controls in the place of old ones; whoever stood on one with the keyboard stands on it still
function refill(parent, children) {
  const { name, value } = parent.contains(document.activeElement) ? document.activeElement : {};
  parent.replaceChildren(...children);
  if (name) [...parent.querySelectorAll("input")].find((one) => one.name === name && (one.type === "radio" ? one.checked : one.value === value))?.focus();
}

function swatch(colour) {
  const made = element("span", { className: "colour" });
  made.style.background = colour;
  return made;
}

function look() {
  const one = current;
  const masks = masksOf(one);
  const chosen = masks.find(([name]) => name === state.v) ?? masks[0];
  $("name").textContent = one.id;
  $("pick").hidden = one.subset !== "unlabelled";
  $("pick").setAttribute("aria-pressed", picks.has(one.id));
  $("before").disabled = listed.indexOf(one) < 1;
  $("after").disabled = listed.indexOf(one) === listed.length - 1;
  if ($("photo").getAttribute("src") !== one.photo) {
    Object.assign($("frame").style, backgrounds(one, false));
    $("photo").src = one.photo;
    $("photo").alt = `image ${one.id}`;
  }
  $("mask").hidden = !chosen[3];
  if (chosen[3] && $("mask").getAttribute("src") !== chosen[3]) $("mask").src = chosen[3];
  $("mask").alt = chosen[3] ? `${chosen[1]}, as a mask` : "";
  $("mask").className = about.background === null && !about.overlap ? "" : "clear";
  $("mask").style.opacity = state.strength / 100;
  refill($("masks"), masks.map(([name, words, button]) => element("label", {},
    element("input", { type: "radio", name: "v", value: name, checked: name === chosen[0] }), `${words}${button ? ` [${button}]` : ""}`)));
  layers.strength.value = state.strength;
  layers.doubt.checked = state.doubt === "1";
  layers.zoom.value = state.zoom;
  if (about.generations.length) layers.g.value = state.g;
  describe(one);
  size();
  drawDoubt(one);
}

function describe(one) {
  const of = said(one);
  const lines = [["subset", NAMES[one.subset]], ...(one.group && one.group !== one.id ? [["group", one.group]] : [])];
  if (of) {
    lines.push(["in doubt", percent(of.doubt)]);
    if (of.changed !== null) lines.push(["changed", percent(of.changed)]);
    lines.push(["learned from", of.kept ? "yes: kept" : `no: dropped (${of.why})`]);
  }
  $("facts").replaceChildren(...lines.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function size() {
  const { naturalWidth: width, naturalHeight: height } = $("photo");
  const shape = width ? width / height : 1;
  $("frame").style.width = `calc(min(100%, ${(78 * shape).toFixed(3)}vh) * ${state.zoom})`;
  $("frame").style.aspectRatio = String(shape);
}

const unpack = async (text) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

async function drawDoubt(one) {
  const wantedNow = [one.id, state.g].join("\n");
  if (dispute?.of !== wantedNow) {
    dispute = null;
    paint();
    const found = said(one) ? (await load(`gen${state.g}/doubt${number4(one.index)}`))?.[one.id] : null;
    const codes = found ? await unpack(found.codes) : null;
    if (current !== one || wantedNow !== [one.id, state.g].join("\n")) return;  // another was asked for meanwhile
    dispute = { of: wantedNow, ...(found ?? { size: [1, 1], sets: [], pixels: [] }), codes: codes ?? new Uint8Array(1) };
  }
  paint();
}

// the labels of a set that are painted: what is no label in particular gives way to those that are
const painted = (set) => set.filter((label) => label !== about.background || set.length === 1);
const nameOf = (set) => {
  if (!set.length) return "several labels, seldom so";
  const names = set.map((label) => about.labels[label].name);
  if (about.overlap) return names.map((name) => `${name} or not`).join(", ");
  return names.length > 1 ? names.join(" or ") : `${names[0]}, next to a dispute`;
};
const colourOf = (label) => label === about.background ? about.doubt : about.labels[label].colour;

function paint() {
  const canvas = $("doubt");
  const { size: [width, height], sets, pixels, codes } = dispute ?? { size: [1, 1], sets: [], pixels: [], codes: [0] };
  const off = new Set(state.off.split(".").filter(Boolean).map(Number));
  canvas.hidden = state.doubt !== "1" || !dispute;
  const larger = Math.max(1, Math.min(8, Math.round(768 / Math.max(width, height))));
  canvas.width = width * larger;
  canvas.height = height * larger;
  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const under = !$("mask").hidden;  // stripes of black tell the doubt from a mask of the same colour
  const paints = sets.map((set) => {
    const colours = set.length ? painted(set).filter((label) => !off.has(label)).map((label) => rgb(colourOf(label))) : [rgb(about.doubt)];
    return under && colours.length === 1 ? [colours[0], [0, 0, 0]] : colours;
  });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  for (let y = 0, at = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++, at += 4) {
      const code = codes[Math.floor(y / larger) * width + Math.floor(x / larger)];
      if (!code || !paints[code - 1].length) continue;
      const paint = paints[code - 1];
      const [red, green, blue] = paint[((x + y) >> 2) % paint.length];
      picture.data[at] = red; picture.data[at + 1] = green; picture.data[at + 2] = blue; picture.data[at + 3] = 230;
    }
  }
  context.putImageData(picture, 0, 0);
  const counts = new Map();
  sets.forEach((set, index) => painted(set).forEach((label) => counts.set(label, (counts.get(label) ?? 0) + pixels[index])));
  const all = width * height;
  refill($("labels"), [...counts].sort((a, b) => b[1] - a[1]).map(([label, count]) => element("label", {},
    element("input", { type: "checkbox", name: "label", value: label, checked: !off.has(label) }),
    swatch(colourOf(label)), `${about.labels[label].name}: ${percent(count / all)}`)));
  const total = pixels.reduce((sum, count) => sum + count, 0);
  const row = (set, index) => element("tr", {}, element("td", {}, nameOf(set)), element("td", {}, `${Math.round(100 * pixels[index] / total)} % of it`));
  $("sets").replaceChildren(...(about.labels.length > 2 || about.overlap ? sets.slice(0, 6).map(row) : []));
  if (dispute && !sets.length) $("labels").textContent = said(current) ? "the teachers agree everywhere" : "no teacher labelled this image";
}

$("frame").addEventListener("pointermove", (event) => {
  const box = $("frame").getBoundingClientRect();
  if (!dispute?.sets.length) return;
  const [width, height] = dispute.size;
  const [x, y] = [Math.floor(width * (event.clientX - box.left) / box.width), Math.floor(height * (event.clientY - box.top) / box.height)];
  const code = dispute.codes[y * width + x];
  $("here").textContent = `column ${x}, row ${y}: ${code ? `in doubt: ${nameOf(dispute.sets[code - 1])}` : "the teachers agree"}`;
});

// ---- together ----
function show() {
  for (const [name, element] of [["g", choice.g], ["show", choice.show], ["sort", choice.sort], ["q", choice.q]]) {
    if (element.value !== state[name]) element.value = state[name];
  }
  if (shown !== key()) list();
  const before = current;
  current = byId.get(state.i) ?? null;
  $("grid").hidden = Boolean(current);
  $("viewer").hidden = !current;
  if (current) {
    look();
    if (!before) scrollTo(0, 0);
  } else if (before) {
    if (!listed.includes(before)) return;
    while (listed.indexOf(before) >= $("tiles").childElementCount) more();
    $("tiles").children[listed.indexOf(before)].querySelector("button").focus();
  }
}

function step(by) {
  const next = listed[listed.indexOf(current) + by];
  if (next) change({ i: next.id });
}

function older(by) {
  const at = about.generations.findIndex(({ number }) => String(number) === state.g) + by;
  if (about.generations[at]) change({ g: String(about.generations[at].number) });
}

function walk(event) {
  const tiles = [...$("tiles").children];
  const at = tiles.findIndex((one) => one.contains(document.activeElement));
  const across = tiles.findIndex((one) => one.offsetTop > tiles[0].offsetTop);
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
  if (by && tiles.length) {
    event.preventDefault();
    tiles[at < 0 ? 0 : Math.max(0, Math.min(tiles.length - 1, at + by))].querySelector("button").focus();
  }
  if (event.key.toLowerCase() === "p" && at >= 0) pick(byId.get(tiles[at].dataset.id));
}

const toggled = (name, on, off) => ({ [name]: state[name] === on ? off : on });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search], select")) return;
  if (!current) { walk(event); return; }
  const typed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const range = event.target.matches("input[type=range], input[type=radio]");
  if (typed === "Escape") change({ i: "" });
  else if (typed === "ArrowRight" && !range) step(1);
  else if (typed === "ArrowLeft" && !range) step(-1);
  else if (typed === "[") older(-1);
  else if (typed === "]") older(1);
  else if (typed === "d") change(toggled("doubt", "0", "1"));
  else if (typed === "p") pick(current);
  else if (typed === "z") change({ zoom: { 1: "2", 2: "4", 4: "1" }[state.zoom] });
  else {
    const mask = masksOf(current).find(([, , button]) => button.toLowerCase() === typed && button);
    if (mask) change({ v: mask[0] });
  }
});

$("choice").addEventListener("input", (event) => change({ [event.target.name]: event.target.value }));
$("choice").addEventListener("submit", (event) => event.preventDefault());
$("layers").addEventListener("input", ({ target }) => {
  if (target.name === "label") {
    const off = new Set(state.off.split(".").filter(Boolean));
    off[target.checked ? "delete" : "add"](target.value);
    change({ off: [...off].join(".") });
  } else change({ [target.name]: target.type === "checkbox" ? String(Number(target.checked)) : target.value });
});
$("photo").addEventListener("load", size);
$("photo").addEventListener("error", () => tell(`${decodeURIComponent($("photo").getAttribute("src"))} is not there: a thumbnail stands in its place. The folder data must lie where it lay when this page was made.`));
$("back").onclick = () => change({ i: "" });
$("before").onclick = () => step(-1);
$("after").onclick = () => step(1);
$("pick").onclick = () => pick(current);
$("save").onclick = save;
$("open").onclick = () => $("file").click();
$("file").onchange = () => { if ($("file").files[0]) openList($("file").files[0]); $("file").value = ""; };
$("clear").onclick = () => { picks.clear(); keep(); list(); };
addEventListener("popstate", () => { read(); show(); });
addEventListener("hashchange", () => { read(); show(); });

(async () => {
  if (!("DecompressionStream" in window)) tell("This browser cannot unpack what is in doubt: take one of 2023 or later.");
  begin();
  read();
  keep();
  const shards = Array.from({ length: about.shards }, (_, index) => load(`images${String(index + 1).padStart(3, "0")}`));
  for (const [index, shard] of shards.entries()) {
    const value = await shard;
    if (value) take(value);
    if (index === 0 || index === shards.length - 1) show();
  }
  document.documentElement.dataset.ready = images.length;
})();
