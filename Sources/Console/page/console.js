// What a visitor can do with the hosted models, each by one request that curl could send too.
// Texts enter the page as text, never as markup.

const $ = (id) => document.getElementById(id);

// An element: "tag.class", attributes if there are any (on… are listeners), children.
function h(kind, ...children) {
  const attributes = children[0]?.constructor === Object ? children.shift() : {};
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

const button = (words, onclick, kind = "button") => h(kind, { type: "button", onclick }, words);
const hint = (text) => h("p.hint", text);
const problem = ({ message }) => h("p.problem", { role: "alert" }, message);
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)}\u00a0%`;
const count = (number) => number.toLocaleString("en");
const short = (number) => number.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });

// Works at most so often, with the newest.
function patient(work, milliseconds = 150) {
  let timer;
  return () => { timer ??= setTimeout(() => { timer = null; work(); }, milliseconds); };
}

// --- Asking

let key = sessionStorage.getItem("key");

// The reply to a request; where the server refuses, its sentence is thrown. A busy server is asked again.
async function ask(request, signal, patience = 3) {
  const { path, body, type, accept = "application/json", method = body == null ? "GET" : "POST" } = request;
  const headers = { Accept: accept };
  if (type) headers["Content-Type"] = type;
  if (key) headers.Authorization = `Bearer ${key}`;
  const reply = await fetch(path, { method, headers, body, signal }).catch((error) => {
    throw error.name === "AbortError" ? error : Error("The server does not answer.");
  });
  if (reply.ok) return reply;
  if (reply.status === 429 && patience) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * reply.headers.get("Retry-After")));
    return ask(request, signal, patience - 1);
  }
  if (reply.status === 401) $("access").hidden = false;
  throw Error((await reply.json().catch(() => ({}))).error ?? `The server answers ${reply.status}.`);
}

// The same request for a terminal; `file` is what the body is called there, `save` the answer.
function curl({ path, body, type, accept, file, save, source }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const words = ["curl"];
  if (accept === "text/event-stream") words.push("-N");
  if (key) words.push('-H "Authorization: Bearer $KEY"');
  if (accept) words.push("-H", quoted(`Accept: ${accept}`));
  if (type?.startsWith("text/")) words.push("-H", quoted(`Content-Type: ${type}`));
  if (file) words.push("--data-binary", quoted(`@${file}`));
  else if (body) words.push(type === "application/json" ? "-d" : "--data-raw", quoted(body));
  if (save) words.push("-o", save);
  const first = source ? `curl -sO ${quoted(location.origin + source)} && ` : "";
  return first + [...words, quoted(location.origin + path)].join(" ");
}

// The same as a program; what is saved there is only printed by its size.
function program(request, isPython) {
  const { path, body, type, accept, file, save, source } = request;
  const quoted = (text) => JSON.stringify(text);
  const url = quoted(location.origin + path);
  const headers = { ...(accept && { Accept: accept }), ...(type && { "Content-Type": type }), ...(key && { Authorization: "Bearer …" }) };
  const example = quoted(source ? location.origin + source : file ?? "");
  if (isPython) {
    const data = file ? (source ? `urllib.request.urlopen(${example}).read()` : `open(${example}, "rb").read()`) : body ? `${quoted(body)}.encode()` : "None";
    return `import urllib.request\n\nrequest = urllib.request.Request(${url}, ${data}, ${quoted(headers)})\n`
      + (save ? `open(${quoted(save)}, "wb").write(urllib.request.urlopen(request).read())` : "print(urllib.request.urlopen(request).read().decode())");
  }
  const data = file ? (source ? `await (await fetch(${example})).blob()` : `await (await import("node:fs/promises")).readFile(${example})`) : body ? quoted(body) : null;
  const options = data ? `{ method: "POST", headers: ${quoted(headers)}, body: ${data} }` : `{ headers: ${quoted(headers)} }`;
  return `const reply = await fetch(${url}, ${options});\n${save ? "const picture = await reply.blob();" : "console.log(await reply.text());"}`;
}

const languages = { curl, Python: (request) => program(request, true), JavaScript: (request) => program(request, false) };
let language = sessionStorage.getItem("language") ?? "curl";

// A drawing as a document: the page's rules (Trusted Types) let no text become one.
const drawn = (path) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open("GET", path);
  request.setRequestHeader("Accept", "image/svg+xml");
  if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
  request.responseType = "document";
  request.onload = () => (request.responseXML ? resolve(document.importNode(request.responseXML.documentElement, true)) : reject(Error("The drawing is none.")));
  request.onerror = () => reject(Error("The server does not answer."));
  request.send();
});

function timing(reply) {
  const field = reply.headers.get("Server-Timing") ?? "";
  const sum = field.match(/[\d.]+/g)?.reduce((total, time) => total + Number(time), 0) ?? 0;
  return `Server ${sum.toFixed(2)} ms: ${field.replaceAll(";dur=", " ")}`;
}

// --- Cards: requests and answers

let model;
// The model's cards.
let cards = [];
let takeDropped;

// Asks `to`, a path behind the model's own: at once or, with what `input` gives as body, when it is run.
// Only the newest request counts: giving up the one before stops its computation too.
function card(title, { to, input, accept, save, show, controls = [], above = [], kind = "" }) {
  const base = `/models/${model.name}`;
  const body = h("div.body");
  const command = h("code");
  const copy = button("Copy", async () => {
    getSelection().selectAllChildren(command);
    // Undefined in pages that came neither over TLS nor from this machine: what is selected remains.
    const copied = await navigator.clipboard?.writeText(command.textContent).then(() => "Copied", () => null);
    copy.textContent = copied ?? "Selected";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  const tabs = h("select", { "aria-label": "Language of the request", onchange: () => speak(tabs.value) }, Object.keys(languages).map((name) => h("option", name)));
  const call = h("div.call", { hidden: "" }, h("pre", { tabindex: 0, "aria-label": "The same request" }, command), tabs, copy);
  const time = h("p.time");
  let newest, last;
  const made = {
    say() {
      tabs.value = language;
      if (last) command.textContent = languages[language](last);
    },
    element: h("section.card" + kind, h("header", h("h2", title), controls), above, body, call, time),
    stop: () => newest?.abort(),
    async run() {
      made.stop();
      const sent = input ? input() : {};
      if (!sent) {
        call.hidden = true;
        time.textContent = "";
        return body.replaceChildren(hint("Waits for what is to be sent."));
      }
      const request = { path: base + to(), ...sent, accept, save };
      const controller = (newest = new AbortController());
      last = request;
      made.say();
      call.hidden = false;
      made.element.ariaBusy = "true";
      try {
        const reply = await ask(request, controller.signal);
        time.textContent = timing(reply);
        body.replaceChildren(...[await show(reply, { body, time, request })].flat());
      } catch (error) {
        if (error.name === "AbortError") return;
        time.textContent = "";
        // A mistake in what was given is told once, by the first of the cards.
        const isTold = [...document.querySelectorAll(".card .problem")].some((told) => told.textContent === error.message && !body.contains(told));
        body.replaceChildren(isTold ? hint("As above.") : problem(error));
      } finally {
        if (newest === controller) made.element.ariaBusy = null;
      }
    },
  };
  cards.push(made);
  if (!input) queueMicrotask(made.run);
  return made;
}

// Shows every request in another language.
function speak(name) {
  sessionStorage.setItem("language", (language = name));
  for (const { say } of cards) say();
}

const runAll = (some) => some.forEach(({ run }) => run());

const plain = (title, kind, ...content) => ({ run() {}, element: h("section.card" + kind, h("header", h("h2", title)), content) });

// Puts a picture into an img, and lets the one before go.
function put(image, blob) {
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
}

// What a picture shows, in the server's words.
const legend = (reply) => reply.headers.get("X-Striate-Picture") ?? "";

// A card whose answer is a picture; `picked` is told its element and its legend.
function pictureCard(title, save, { picked, ...options }) {
  const image = h("img", { alt: title });
  return card(title, {
    accept: save.endsWith("svg") ? "image/svg+xml" : "image/png", save, ...options,
    show: async (reply) => {
      put(image, await reply.blob());
      picked?.(image, legend(reply));
      return [h("div.scroll", image), hint(legend(reply))];
    },
  });
}

// A picture of a layer that `fits`; null if there is none. `more` makes more of the query, given by other `fields`.
function layerCard(title, route, fits, { preferred = model.features_layer, more = () => "", fields = [], ...options }) {
  const choices = model.layers.filter(fits).map(({ name, op, output_shape }) =>
    h("option", { value: name, selected: name === preferred ? "" : null }, `${name}: ${op} ${output_shape.slice(1).join("×")}`));
  const choice = h("select", { "aria-label": "Layer", onchange: () => made.run() }, choices);
  const made = choices.length ? pictureCard(title, `${route}.png`, { controls: [choice, ...fields], to: () => `/${route}?layer=${choice.value}${more()}`, ...options }) : null;
  return made && Object.assign(made, { layer: () => model.layers.find(({ name }) => name === choice.value) });
}

// A card of labels with probabilities; null where the model has none. Another model's stand beside them.
function labelsCard(title, route, input) {
  if (!model.operations.includes(route)) return null;
  const words = ({ label, index }) => label ?? `class ${index}`;
  const others = hosted.filter((other) => other.name !== model.name && other.operations.includes(route) && kindOf(other) === kindOf(model));
  const other = h("select", { "aria-label": "Compare with", onchange: () => made.run() }, h("option", { value: "" }, "compare with…"), others.map(({ name }) => h("option", name)));
  const ranked = async (reply) => {
    const { predictions } = await reply.json();
    return [h("p.answer", { role: "status" }, words(predictions[0])), bars(predictions, (row) => h("span", words(row)))];
  };
  const made = card(title, {
    controls: others.length ? other : [],
    to: () => `/${route}?top=${Math.min(10, model.labels.length || 10)}`, input,
    show: async (reply, { request }) => {
      const own = await ranked(reply);
      if (!other.value) return own;
      const answer = await ask({ ...request, path: `/models/${other.value}/${route}` }).then(ranked, (error) => [problem(error)]);
      return h("div.stage", h("div", hint(model.name), own), h("div", hint(other.value), answer));
    },
  });
  return made;
}

// What each symbol of a sequence adds, in bits.
const symbolsExplained = (input) => model.operations.includes("explain") ? card("Where it comes from", {
  kind: ".wide", to: () => "/explain", input: () => { const sent = input(); return sent?.body.length > 1 ? sent : null; },
  show: async (reply) => {
    const { steps, target } = await reply.json();
    const most = Math.max(...steps.map(({ bits }) => Math.abs(bits)), 1e-9);
    const spans = steps.map(({ symbol, bits }) => {
      const span = h("span", { title: `${visible(symbol)} ${bits.toFixed(3)} bits` }, symbol === "\n" ? "⏎\n" : symbol);
      span.style.setProperty("--loss", Math.max(0, bits / most));
      return span;
    });
    return [h("p.losses", spans), hint(`The deeper the colour, the more bits “${visible(target.label)}” (${percent(target.probability)}) costs without the symbol.`)];
  },
}) : null;

const bars = (rows, name) => h("ol", rows.map((row) => {
  const bar = h("i");
  bar.style.setProperty("--share", row.probability);
  return h("li", name(row), bar, h("span", percent(row.probability)));
}));

function table(head, rows) {
  const cells = (kind, row) => h("tr", row.map((cell) => h(kind, cell)));
  return h("div.scroll", { tabindex: 0, role: "group", "aria-label": "Table" }, h("table", h("thead", cells("th", head)), h("tbody", rows.map((row) => cells("td", row)))));
}

const example = (name) => ask({ path: `/models/${model.name}/examples/${name}`, accept: "*/*" });

// --- Pictures

// What is looked at: it stays when another model of pictures is chosen.
let picture;

function pictureCards() {
  const input = () => picture && {
    body: picture.blob, type: picture.blob.type, file: picture.name,
    source: picture.isOwn || !model.examples.includes(picture.name) ? null : `/models/${model.name}/examples/${picture.name}`,
  };
  const [sent, given] = ["What is sent", "What the network is given"].map((alt) => h("img", { alt }));
  const name = h("a", { title: "Save" });
  const words = h("figcaption");
  const field = h("i.field", { hidden: "" });
  const canvas = h("canvas", { width: 280, height: 280, tabindex: 0, role: "img", "aria-label": "Draw here with mouse, pen or finger; or move with the arrow keys, draw with space, undo with z" });
  const brush = h("input", { type: "range", min: 4, max: 60, value: 22, "aria-label": "Brush size" });
  const thumbs = h("div.row");

  const changed = () => {
    put(sent, picture.blob);
    name.textContent = name.download = picture.name;
    name.href = sent.src;
    sent.hidden = picture.name === "drawing.png";
    tools.hidden = canvas.hidden = !sent.hidden;
    for (const thumb of thumbs.children) thumb.ariaPressed = thumb.firstChild.alt === picture.name;
    runAll(asking);
  };
  const take = (blob, name, isOwn = true) => { picture = { blob, name, isOwn }; changed(); };
  // Browsers take up to a second for toBlob().
  const bytes = () => Uint8Array.from(atob(canvas.toDataURL().split(",")[1]), (letter) => letter.charCodeAt());
  const drawing = () => take(new Blob([bytes()], { type: "image/png" }), "drawing.png");
  const { clear, undo } = pen(canvas, brush, patient(drawing, 60));
  const tools = h("div.row", { hidden: "" }, h("label", "brush", brush), button("Undo", undo), button("Clear", () => { clear(); drawing(); }));
  takeDropped = (file) => file && take(file, file.name);
  const file = h("input", { type: "file", accept: "image/png,image/jpeg", onchange: () => takeDropped(file.files[0]) });

  const asking = [card("Picture", {
    above: [
      h("div.row", thumbs, h("label.file", "Choose a file", file), button("Draw", () => { clear(); drawing(); canvas.focus(); })),
      tools,
      h("div.stage", h("figure", sent, canvas, h("figcaption", name)), h("figure", h("div.seen", given, field), words)),
    ],
    to: () => "/preview", accept: "image/png", input, save: "preview.png",
    show: async (reply) => {
      put(given, await reply.blob());
      field.hidden = true;
      words.textContent = `The network is given ${legend(reply)}`;
      return [];
    },
  })];
  queueMicrotask(() => picture || runAll(asking));
  firstPicture(thumbs, take, changed).catch((error) => thumbs.append(problem(error)));
  const [labels, kernels] = [labelsCard("Classes", "classify", input), kernelCard()];
  const drawn = [["detect", "Boxes"], ["segment", "Segments"]].filter(([route]) => model.operations.includes(route));
  const found = drawn.map(([route, title]) => pictureCard(title, `${route}.png`, { to: () => `/${route}`, input }));
  const why = model.operations.includes("explain") ? pictureCard("Where it comes from", "explain.png", { to: () => "/explain", input }) : null;
  const answers = [labels, why, ...found].filter(Boolean);
  const maps = featureCard(input, answers.length ? "" : ".wide", (rows, columns) => {
    // The picture stands in the middle of a square.
    const { naturalHeight: height, naturalWidth: width } = given, side = Math.max(height, width);
    const sides = { top: rows[0] + (side - height) / 2, left: columns[0] + (side - width) / 2, height: rows[1] - rows[0], width: columns[1] - columns[0] };
    for (const [name, pixels] of Object.entries(sides)) field.style[name] = `${100 * pixels / side}%`;
    field.hidden = false;
  });
  asking.push(...answers, maps);
  return answers.length ? [...asking, kernels] : [asking[0], kernels, maps];
}

// Shows the examples and begins with the first, unless there is a picture already.
async function firstPicture(thumbs, take, changed) {
  const names = model.examples;
  const isKept = picture && (picture.isOwn || names.includes(picture.name) || !names.length);
  // After the cards that ask with it are made.
  if (isKept) queueMicrotask(changed);
  for (const name of names) {
    const blob = await (await example(name)).blob();
    const image = h("img", { alt: name });
    const thumb = button(image, () => take(blob, name, false), "button.thumb");
    put(image, blob);
    thumbs.append(thumb);
    if (!isKept && name === names[0] && thumbs.isConnected) thumb.click();
  }
}

// White strokes on black, as in MNIST; what clears the canvas, and what takes the last stroke back.
function pen(canvas, brush, changed) {
  const context = canvas.getContext("2d");
  const before = [];
  let last;
  let cursor = [140, 140];
  const begin = () => {
    before.push(context.getImageData(0, 0, canvas.width, canvas.height));
    if (before.length > 20) before.shift();
  };
  const line = (next) => {
    Object.assign(context, { strokeStyle: "#fff", lineWidth: brush.value, lineCap: "round" });
    context.beginPath();
    context.moveTo(...(last?.length ? last : next));
    context.lineTo(...next);
    context.stroke();
    last = next;
    changed();
  };
  const stroke = ({ offsetX, offsetY }) => {
    const scale = canvas.width / canvas.clientWidth;
    if (last) line([offsetX * scale, offsetY * scale]);
  };
  const undo = () => {
    if (!before.length) return;
    context.putImageData(before.pop(), 0, 0);
    changed();
  };
  canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); begin(); last = []; stroke(event); };
  canvas.onpointermove = stroke;
  canvas.onpointerup = canvas.onpointercancel = () => (last = null);
  let isDown = false;
  canvas.onkeydown = (event) => {
    const step = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8] }[event.key];
    if (event.key === "z") undo();
    else if (event.key === " ") {
      isDown = !isDown;
      if (isDown) { begin(); last = cursor; line(cursor); } else last = null;
    } else if (step) {
      cursor = cursor.map((place, axis) => Math.max(0, Math.min(279, place + step[axis])));
      if (isDown) line(cursor);
    } else return;
    event.preventDefault();
  };
  const clear = () => {
    before.length = 0;
    isDown = false;
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  return { clear, undo };
}

const hasMaps = ({ op, output_shape: { length } }) => op !== "Flatten" && (length > 2 || !/^(Shape|Slice|Concat|Gather|Reshape|Constant)$/.test(op));
const kernelCard = (kind) => layerCard("Kernels", "kernels", ({ op }) => /^(Conv|TiledConv|LocallyConnected|Gabor|RNN|LSTM|GRU)$/.test(op), { kind });

// All maps of a layer, or one, of which a unit can be chosen: `see` is told the rows and columns of the input it sees.
function featureCard(input, kind, see) {
  const map = h("input", { type: "number", min: 0, placeholder: "all", "aria-label": "Map", onchange: () => made.run() });
  const unit = h("p.hint", { role: "status" });
  let at;
  const choose = (row, column, rows, columns) => {
    at = [row, column] = [Math.max(0, Math.min(rows - 1, row)), Math.max(0, Math.min(columns - 1, column))];
    const { receptive_field: size, receptive_start: start, receptive_stride: stride } = made.layer();
    const seen = at.map((place, axis) => start && [start[axis] + place * stride[axis], start[axis] + place * stride[axis] + size[axis]]);
    unit.textContent = `Unit (${at}) sees ` + (start ? `rows ${seen[0][0]} to ${seen[0][1] - 1} and columns ${seen[1][0]} to ${seen[1][1] - 1} of what the network is given.` : size ? `${size.join(" × ")} pixels.` : "all of it.");
    if (start) see(...seen);
  };
  const made = layerCard("Feature maps", "features", hasMaps, {
    input, kind, fields: see ? [map] : [], more: () => (map.value ? `&map=${map.value}` : ""), above: unit,
    picked: see && ((image, words) => {
      const [count, width, height, columns, scale] = words.match(/(\d+) maps of (\d+)x(\d+) in (\d+) columns, enlarged (\d+)/).slice(1).map(Number);
      const isOne = count === 1 && height * width > 1;
      unit.textContent = isOne ? "Choose a unit, by pointer or arrow keys, to see what it looks at." : "Choose a map to see it alone.";
      image.tabIndex = 0;
      image.onclick = ({ offsetX, offsetY }) => {
        const gap = (image.naturalWidth - columns * width * scale) / (columns + 1);
        const [x, y] = [offsetX, offsetY].map((place) => place * image.naturalWidth / image.clientWidth - gap);
        if (isOne) return choose(Math.floor(y / scale), Math.floor(x / scale), height, width);
        map.value = Math.min(count - 1, Math.floor(y / (height * scale + gap)) * columns + Math.floor(x / (width * scale + gap)));
        made.run();
      };
      image.onkeydown = (event) => {
        const step = isOne && { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
        if (!step) return;
        event.preventDefault();
        at ??= [height >> 1, width >> 1];
        choose(at[0] + step[0], at[1] + step[1], height, width);
      };
    }),
  });
  const layers = made?.element.querySelector("select");
  // Another layer has other maps.
  if (layers) layers.onchange = () => { map.value = ""; at = null; made.run(); };
  return made;
}

// --- What is typed

// What was typed, for each task.
const typed = {};
const json = (value) => ({ body: JSON.stringify(value), type: "application/json" });

// A field for what a model takes, with its examples.
function writing(title, changed) {
  const task = `${model.task} ${model.vocabulary?.length}`;
  const area = h("textarea", { "aria-label": title, spellcheck: "false", autocapitalize: "off", oninput: patient(() => write(area.value)) });
  const write = (text) => { area.value = typed[task] = text; changed(); };
  const row = h("div.row");
  const buttons = model.examples.map(async (name, index) => {
    const text = await (await example(name)).text();
    if (!index && !area.value) write(text);
    return button(text.length > 60 ? name : text, () => write(text));
  });
  Promise.all(buttons).then((made) => row.append(...made), ({ message }) => row.append(message));
  queueMicrotask(() => (typed[task] ? write(typed[task]) : changed()));
  return { area, row, write, text: () => area.value.normalize("NFC") };
}

// Cards of a model whose field holds a body: `make` those that ask with it, `draw` what it holds.
function bodyCards(title, type, make, draw) {
  const image = draw && h("img.curves", { alt: "Curves" }), axis = h("div.axis");
  const { area, row, text } = writing(title, () => {
    if (draw) draw(image, area.value, axis);
    runAll(asking);
  });
  area.className = "data";
  const asking = make(() => (text() ? { body: text(), type } : null)).filter(Boolean);
  return [plain(title, asking.length > 1 ? "" : ".wide", row, image, axis, area), ...asking];
}

const nodesCard = (input) => card("Nodes", {
  kind: ".wide", to: () => "/tree?nodes=true", input,
  show: async (reply) => table(["node", "label", "probability"], (await reply.json()).nodes.map((node) => [node.expression, node.label, percent(node.probability)])),
});

const numbersOf = (text) => text.split("\n").filter((line) => line.trim()).map((line) => line.split(",").map(Number)).filter((row) => row.every(Number.isFinite));

// Every column of a table of numbers as a curve, over the steps of `axis`, on a ground of as many `heats`, from −1 to 1.
function curves(image, text, axis, heats = []) {
  const rows = numbersOf(text);
  const [low, high] = [Math.min(...rows.flat()), Math.max(...rows.flat())];
  const points = (column) => rows.map((row, step) => `${step},${(high - row[column]) / (high - low || 1)}`).join(" ");
  const lines = rows[0]?.map((_, column) => `<polyline points="${points(column)}" fill="none" stroke="#149085" vector-effect="non-scaling-stroke"/>`) ?? [];
  put(image, new Blob([`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rows.length - 1 || 1} 1" preserveAspectRatio="none">`,
    ...heats.map((heat, step) => `<rect x="${step - 0.5}" width="1" height="1" shape-rendering="crispEdges" fill="${heat > 0 ? "#d7301f" : "#2b6cb0"}" opacity="${Math.abs(heat).toFixed(3)}"/>`), ...lines, "</svg>"], { type: "image/svg+xml" }));
  axis?.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((share) => h("span", count(Math.round(share * (rows.length - 1))))));
}

// Which steps of a series its class comes from.
const seriesExplained = (input) => model.operations.includes("explain") ? card("Where it comes from", {
  kind: ".wide", to: () => "/explain", input,
  show: async (reply, { request }) => {
    const { window: [window], stride: [stride], data, target } = await reply.json();
    const image = h("img.curves", { alt: "The series, the steps it comes from coloured" }), axis = h("div.axis");
    const { length } = numbersOf(request.body);
    const sums = Array(length).fill(0), counts = Array(length).fill(0);
    data.forEach((fall, index) => {
      const start = Math.max(0, Math.min(index * stride, length - window));
      for (let step = start; step < Math.min(length, start + window); step++) { sums[step] += fall; counts[step] += 1; }
    });
    const means = sums.map((sum, step) => sum / (counts[step] || 1)), most = Math.max(...means.map(Math.abs), 1e-9);
    curves(image, request.body, axis, means.map((mean) => 0.8 * mean / most));
    return [image, axis, hint(`Red where covering ${window} steps lowers the probability of ${target.label} (${percent(target.probability)}), blue where it raises it.`)];
  },
}) : null;

const cells = /^(RNN|LSTM|GRU|Jordan)$/;
// Of an imported network only what a person would call a layer.
const stateCard = (input) => layerCard("States over time", "encode", ({ op, output_shape: { length } }) => length > 2 && (/^(Gemm|MatMul|Softmax|Tanh|Relu|Gather)$/.test(op) || cells.test(op)), { input, kind: ".wide", preferred: model.layers.findLast(({ op }) => cells.test(op))?.name });

// --- Symbols one by one

const visible = (symbol) => ({ " ": "␣", "\n": "⏎", "\t": "⇥" })[symbol] ?? symbol;

function symbolCards() {
  const { area, row, write, text } = writing("Text", () => { runAll(asking); });
  const input = () => (text() ? json({ text: text() }) : null);
  const score = card("Text", {
    kind: ".wide", above: [area, row], to: () => "/score", input: () => (text().length > 1 ? input() : null),
    show: async (reply, { request }) => losses(await reply.json(), [...JSON.parse(request.body).text]),
  });
  const next = card("Next symbol", {
    to: () => `/next?top=${Math.min(10, model.vocabulary.length)}`, input,
    show: async (reply) => [bars((await reply.json()).next, ({ symbol }) => button(visible(symbol), () => write(area.value + symbol))), hint("Take a symbol to append it.")],
  });
  const asking = [score, next, symbolsExplained(input), stateCard(input)].filter(Boolean);
  return [score, next, generateCard(text, write), sessionCard(), ...asking.slice(2), kernelCard(".wide")];
}

// The deeper the ground of a symbol, the more it surprised.
function losses({ losses, bits_per_symbol, perplexity }, symbols) {
  const spans = symbols.map((symbol, index) => {
    const loss = losses[index - 1] ?? 0;
    const span = h("span", { title: index ? `${visible(symbol)} ${percent(Math.exp(-loss))}` : "given" }, symbol === "\n" ? "⏎\n" : symbol);
    span.style.setProperty("--loss", Math.min(1, loss / 6));
    return span;
  });
  return [h("p.losses", spans), hint(`The deeper the colour under a symbol, the more it surprised: ${bits_per_symbol.toFixed(2)} bits a symbol, perplexity ${perplexity.toFixed(2)}.`)];
}

function generateCard(text, write) {
  const number = (attributes) => h("input", { type: "number", min: 0, ...attributes });
  const fields = { length: number({ value: 200, min: 1, max: 10000 }), temperature: number({ value: 0.5, step: 0.1 }), top_k: number({ placeholder: "all", min: 1 }), seed: number({ placeholder: "random" }) };
  const written = h("span");
  const goOn = button("Take over", () => write(text() + written.textContent));
  const start = button("Generate", async () => {
    if (start.textContent === "Stop") return made.stop();
    start.textContent = "Stop";
    await made.run();
    start.textContent = "Generate";
  }, "button.primary");
  const given = () => Object.entries(fields).filter(([, { value }]) => value).map(([name, { value }]) => [name, Number(value)]);
  const made = card("Generated text", {
    controls: [goOn, start],
    above: h("div.row", Object.entries(fields).map(([name, field]) => h("label", name, field))),
    to: () => "/generate", accept: "text/event-stream",
    input: () => json({ text: text() || model.vocabulary[0], ...Object.fromEntries(given()) }),
    show: async (reply, { body, time, request }) => {
      const all = h("p.written", h("span.hint", JSON.parse(request.body).text), written);
      written.textContent = "";
      body.replaceChildren(all);
      const begin = performance.now();
      for await (const { event, data } of events(reply.body)) {
        if (event === "error") throw Error(data.error);
        if (!event) written.append(data.symbol);
        else time.textContent = `${count(data.tokens.length)} symbols in ${Math.round(performance.now() - begin)} ms, seed ${data.seed}`;
      }
      return all;
    },
  });
  made.element.querySelector(".body").append(hint("The text goes on, symbol by symbol."));
  return made;
}

// --- Sessions

// A session stepped symbol by symbol, with its state and its branches.
function sessionCard() {
  if (!model.states.length) return null;
  const branches = h("div.row"), body = h("div.body", hint("A state that the server keeps."));
  const field = h("input", { "aria-label": "Next symbols" });
  let now = { text: "", past: [] };
  const at = async (rest, more) => (await ask({ path: "/sessions" + rest, ...more })).json();
  const trying = (work) => () => work().then(show, (error) => body.replaceChildren(problem(error)));
  async function show() {
    const reply = await ask({ path: `/sessions/${now.id}/state`, accept: "application/x-npy" });
    const state = h("div.cells", numbers(await reply.arrayBuffer()).map((number) => {
      const cell = h("i");
      cell.style.setProperty("--value", number);
      return cell;
    }));
    const name = ({ symbol, label }) => symbol ? button(visible(symbol), trying(() => step(symbol))) : h("span", label);
    body.replaceChildren(h("p.written", now.text), now.rows ? bars(now.rows, name) : "", state, hint(`State of ${now.id} at ${reply.headers.get("X-Session-Position")}`));
  }
  async function step(text) {
    now.id ??= (await at("", json({ model: model.name }))).id;
    const before = [now.text, now.rows, (await at(`/${now.id}/state`)).state];
    const { next, predictions } = await at(`/${now.id}/step?top=8`, json({ text }));
    now.past.push(before);
    now.rows = next ?? predictions;
    now.text += text;
    field.value = "";
  }
  async function rewind() {
    if (!now.past.length) return;
    await at(`/${now.id}/state`, { ...json({ state: now.past.at(-1)[2] }), method: "PUT" });
    [now.text, now.rows] = now.past.pop();
  }
  async function branch() {
    const own = now, { sessions: [{ id }] } = await at(`/${own.id}/branch`, json({}));
    for (const one of [branches.firstChild ? [] : own, { ...own, id, past: [...own.past] }].flat()) {
      branches.append(button(`Branch ${branches.childElementCount + 1}`, trying(async () => (now = one))));
      now = one;
    }
  }
  return plain("Session", ".wide", h("div.row", field, button("Step", trying(() => step(field.value)), "button.primary"), button("Rewind", trying(rewind)), button("Branch", trying(branch))), branches, body);
}

// The numbers of all arrays of an npz file, which stores them as they are.
function numbers(buffer) {
  const heads = new TextDecoder("latin1").decode(buffer).matchAll(/NUMPY[^{]+{[^(]*\(([\d, ]*)[^\n]*\n/g);
  return [...heads].flatMap(({ 0: head, 1: shape, index }) => {
    const start = index + head.length, size = shape.split(",").reduce((size, side) => size * (side || 1), 4);
    return [...new Float32Array(buffer.slice(start, start + size))];
  });
}

// Server-sent events of a body that is still being sent.
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "", part; !(part = await reader.read()).done; ) {
    const blocks = (rest + part.value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const [, event, data] = block.match(/^(?:event: (.*)\n)?data: (.*)$/);
      yield { event, data: JSON.parse(data) };
    }
  }
}

// --- Every model

// The drawing stands in the page itself, so that its layers can be chosen.
function graphCard() {
  const steps = h("select", { "aria-label": "Shown as", onchange: () => made.run() }, h("option", { value: "" }, "circuit"), [2, 3, 4, 8].map((count) => h("option", { value: `?unfold=${count}` }, `${count} steps`)));
  const made = card("Graph", {
    kind: ".wide.graph", accept: "image/svg+xml", save: "graph.svg",
    controls: model.layers.some(({ op }) => cells.test(op)) ? steps : [], to: () => `/graph${steps.value}`,
    show: async (_, { request }) => {
      const drawing = await drawn(request.path);
      drawing.setAttribute("role", "group");
      for (const node of drawing.querySelectorAll("[data-layer]")) {
        const name = node.dataset.layer;
        if (!choosers(name).length) continue;
        Object.assign(node, { onclick: () => choose(name), onkeydown: ({ key }) => key === "Enter" && choose(name) });
        for (const [attribute, value] of [["tabindex", 0], ["role", "button"], ["aria-label", `Show ${name}`]]) node.setAttribute(attribute, value);
      }
      return [h("div.scroll", { tabindex: 0, role: "group", "aria-label": "Graph" }, drawing), hint("Choose a layer to see its maps, kernels or states.")];
    },
  });
  return made;
}

// The cards' choices that have this layer.
const choosers = (name) => [...document.querySelectorAll(".card select[aria-label=Layer]")].filter((choice) => [...choice.options].some(({ value }) => value === name));

// Shows a layer in every card that can.
function choose(name) {
  const found = choosers(name);
  for (const choice of found) { choice.value = name; choice.onchange(); }
  found[0]?.closest(".card").scrollIntoView({ behavior: "smooth" });
}

const layersCard = () => card("Layers", {
  kind: ".wide", to: () => "",
  show: async (reply) => table(["layer", "operator", "output", "parameters", "multiply–adds", "receptive field"], (await reply.json()).layers.map((layer) =>
    [layer.name, layer.op, layer.output_shape.join("×"), count(layer.parameters), count(layer.multiply_adds), layer.receptive_field?.join("×") ?? ""])),
});

// What a model of tensors takes and answers, and why it is no more than that.
function tensorCard() {
  const made = plain("Tensors", ".wide", model.remark ? h("p.hint", `It is ${model.remark}.`) : null, h("p", "Ask it by the Open Inference Protocol or TensorFlow Serving's routes."));
  ask({ path: `/v2/models/${model.name}` }).then((reply) => reply.json()).then(({ inputs, outputs }) => {
    const rows = (ports, kind) => ports.map(({ name, datatype, shape }) => [kind, name, datatype, `[${shape.join(", ")}]`]);
    const example = { inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map((size) => Math.max(1, size)), data: ["…"] })) };
    made.element.append(table(["kind", "name", "type", "shape"], [...rows(inputs, "input"), ...rows(outputs, "output")]),
      h("pre.well", { tabindex: 0 }, `curl -d '${JSON.stringify(example)}' '${location.origin}/v2/models/${model.name}/infer'`));
  }, (error) => made.element.append(problem(error)));
  return made;
}

// What a network hears, window by window, through a WebSocket that keeps its state.
function soundCard() {
  if (!model.sound) return null;
  const { rate, hop } = model.sound, base = `/models/${model.name}/stream?outputs=${model.outputs[0]}`;
  const answer = h("p.answer", { "aria-live": "off" }), image = h("img.curves", { alt: `${model.outputs[0]} over time`, hidden: "" }), said = h("div");
  const start = button("Listen", () => (start.textContent === "Stop" ? stop() : listen().catch(stop)), "button.primary");
  let context, socket, tracks = [];
  function stop(error) {
    for (const track of tracks) track.stop();
    context?.close();
    socket?.close();
    [context, socket, tracks] = [null, null, []];
    start.textContent = "Listen";
    if (error) said.replaceChildren(problem(error));
  }
  async function listen() {
    said.replaceChildren();
    // Undefined in pages that came neither over TLS nor from this machine.
    if (!navigator.mediaDevices) throw Error("Browsers lend the microphone only to pages that came over TLS or from this machine.");
    start.textContent = "Stop";
    const { inputs } = await (await ask({ path: `/v2/models/${model.name}` })).json();
    const window = new Float32Array(inputs[0].shape.at(-1)), heard = [];
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    tracks = stream.getTracks();
    if (start.textContent !== "Stop") return stop();
    const own = (context = new AudioContext());
    await own.audioWorklet.addModule("/sound.js");
    const listener = new AudioWorkletNode(own, "listener", { numberOfOutputs: 0, processorOptions: { rate, hop } });
    if (own !== context) return;
    socket = new WebSocket(location.origin.replace("http", "ws") + base, key ? ["striate", `key.${key}`] : []);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => own.createMediaStreamSource(stream).connect(listener);
    socket.onclose = ({ code, reason }) => own === context && stop(Error(reason || `The server ended the stream (${code}).`));
    listener.port.onmessage = ({ data }) => {
      window.copyWithin(0, hop);
      window.set(data, window.length - hop);
      if (socket?.readyState === 1) socket.send(window);
    };
    const drawing = patient(() => curves(image, heard.map((number) => `${number},0,1`).join("\n")));
    socket.onmessage = ({ data }) => {
      const { outputs, error } = JSON.parse(data);
      if (error) return stop(Error(error));
      const scores = outputs[0].data, best = scores.indexOf(Math.max(...scores));
      heard.push(scores[best]);
      if (heard.length > 300) heard.shift();
      answer.textContent = `${model.labels[best] ?? model.outputs[0]} ${scores[best].toFixed(2)}`;
      image.hidden = false;
      if (heard.length > 1) drawing();
    };
  }
  cards.push({ stop });
  return plain("Listen", ".wide", h("div.row", start), answer, image, said, hint(`The microphone at ${rate} Hz, ${hop} samples a step; nothing is kept.`));
}

// What models take: their group's name and their cards.
const kinds = {
  image: ["Pictures", pictureCards],
  symbols: ["Text", symbolCards],
  tokens: ["Sequences", () => bodyCards("Text", "text/plain", (input) => [labelsCard("Classes", "classify", input), symbolsExplained(input), sessionCard(), stateCard(input), kernelCard(".wide")])],
  tree: ["Trees", () => bodyCards("Tree", "application/json", (input) => [labelsCard("Root", "tree", input), nodesCard(input)])],
  series: ["Series", () => [...bodyCards("Series", "text/csv", (input) => [labelsCard("Classes", "classify", input), seriesExplained(input), featureCard(input, ".wide")], curves), kernelCard(".wide")]],
  steps: ["Systems", () => bodyCards("Steps", "application/json", (input) => [stateCard(input)])],
  tensors: ["Tensors", () => [soundCard(), tensorCard()]],
};
const kindOf = ({ operations, input }) => (operations.includes("tree") ? "tree" : operations.includes("next") ? "symbols" : input.kind);

function scoreWords({ score }) {
  const { metric, value } = score ?? {};
  if (!metric) return null;
  return metric === "accuracy" ? `${Number((100 * value).toFixed(1))} % right` : `${Number(value.toPrecision(3))} ${metric.match(/\((\w+)/)?.[1] ?? metric}`;
}

function facts() {
  const { input, task, parameters, multiply_adds, version } = model;
  const takes = input.shape?.map((side) => side ?? "any").join(" × ") ?? (input.symbols ? `one of ${input.symbols} symbols` : input.kind);
  const rows = { Task: task.replaceAll("-", " "), Input: takes, Parameters: count(parameters), "Multiply–adds": short(multiply_adds), Score: scoreWords(model), Version: version };
  return h("dl", Object.entries(rows).map(([name, value]) => value && h("div", h("dt", name), h("dd", value))));
}

// --- The page

const main = $("main");
// The models in short, and those that could not be loaded.
let hosted = [], failures = [];
const chosen = () => decodeURIComponent(location.hash.slice(1)) || hosted[0]?.name || failures[0]?.name;
const complain = (error) => main.replaceChildren(problem(error));

async function open(event) {
  for (const { stop } of cards) stop();
  cards = [];
  takeDropped = null;
  const name = chosen();
  for (const link of $("models").querySelectorAll("a")) link.ariaCurrent = link.title === name ? "page" : null;
  document.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.title = `${name ?? "no model"} · Striate`;
  clearInterval(watching);
  const failure = failures.find((failure) => failure.name === name);
  if (name === ":server") return server();
  if (!name) return nothing();
  if (failure && !hosted.some((model) => model.name === name)) return broken(failure);
  try {
    const answer = await (await ask({ path: `/models/${name}` })).json();
    if (chosen() !== name) return;
    model = answer;
    const title = h("h1", { tabindex: -1 }, name);
    const made = [...kinds[kindOf(model)][1](), model.operations.includes("graph") ? graphCard() : null, layersCard()];
    const origin = [model.score && `Score: ${model.score.data}.`, model.source, model.licence].filter(Boolean).join(" ");
    main.replaceChildren(title, h("p.lead", model.description), facts(), h("div.cards", made.map((one) => one?.element)), hint(origin));
    scrollTo(0, 0);
    if (event) title.focus({ preventScroll: true });
  } catch (error) {
    complain(error);
  }
}

// Nothing is hosted: how that changes.
const nothing = () => main.replaceChildren(h("h1", "No model is hosted"), h("p.lead", "Put an ONNX file, or a folder with a model.json, into the folder that the server watches; it appears within a second. ",
  h("code", "striate serve --models FOLDER"), " names another folder, ", h("code", "striate check FILE.onnx"), " says what is known of a file."));

// A model that could not be loaded, and every reason.
function broken({ name, folder, error }) {
  main.replaceChildren(h("h1", { tabindex: -1 }, name), h("p.lead", `It could not be loaded from ${folder || "its file"}.`),
    h("section.card", h("h2", "What is wrong"), h("ul", error.split("; ").map((reason) => h("li.plain", reason)))),
    h("pre.well", { tabindex: 0 }, `striate check ${folder || name}`));
}

let watching;

// How the server does, from its metrics, every two seconds.
function server() {
  const figures = { "requests a second": [], "milliseconds a request": [], "waiting": [], "memory, MiB": [] };
  const shown = Object.keys(figures).map((name) => ({ name, image: h("img.curves", { alt: name }), value: h("p.answer") }));
  let before;
  const look = async () => {
    const text = await (await ask({ path: "/metrics", accept: "*/*" })).text();
    const sum = (name) => text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)).reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
    const now = { time: performance.now() / 1000, requests: sum("striate_requests_total"), seconds: sum("striate_request_duration_seconds_sum") };
    if (before) {
      const requests = now.requests - before.requests;
      const values = [requests / (now.time - before.time), requests ? 1000 * (now.seconds - before.seconds) / requests : 0, sum("striate_queue_requests"), sum("process_resident_memory_bytes") / 2 ** 20];
      shown.forEach(({ name, image, value }, index) => {
        const series = figures[name];
        series.push(values[index]);
        if (series.length > 150) series.shift();
        value.textContent = values[index].toLocaleString("en", { maximumFractionDigits: 2 });
        if (series.length > 1) curves(image, series.map((number, step) => `${number},0`).join("\n"));
      });
    }
    before = now;
  };
  main.replaceChildren(h("h1", { tabindex: -1 }, "Server"), h("p.lead", "From /metrics, every two seconds; the last five minutes."),
    h("div.cards", shown.map(({ name, image, value }) => h("section.card", h("h2", name), value, image))));
  look().catch(complain);
  watching = setInterval(() => look().catch(complain), 2000);
}

async function start() {
  try {
    const { models, failed } = await (await ask({ path: "/models" })).json();
    [hosted, failures] = [models, failed];
    $("access").hidden = true;
    $("status").textContent = `${models.length} models${failed.length ? `, ${failed.length} failed to load` : ""}`;
    const link = (model) => h("a", { href: `#${model.name}`, title: model.name }, h("b", model.name), h("small", `${short(model.parameters)} ${model.score ? `· ${scoreWords(model)}` : "parameters"}`));
    $("models").replaceChildren(...Object.entries(kinds).flatMap(([kind, [title]]) => {
      const links = models.filter((model) => kindOf(model) === kind).map(link);
      return links.length ? [h("h2", title), ...links] : [];
    }), ...(failed.length ? [h("h2", "Failed"), ...failed.map(({ name }) => h("a", { href: `#${name}`, title: name }, h("b", name), h("small", "could not be loaded")))] : []));
    open();
  } catch (error) {
    complain(error);
    if (!$("access").hidden) $("key").focus();
  }
}

$("access").onsubmit = (event) => {
  event.preventDefault();
  key = $("key").value.trim();
  sessionStorage.setItem("key", key);
  event.target.reset();
  start();
};
main.ondragover = (event) => { event.preventDefault(); main.classList.add("dragging"); };
main.ondragleave = () => main.classList.remove("dragging");
main.ondrop = (event) => { event.preventDefault(); main.ondragleave(); takeDropped?.(event.dataTransfer.files[0]); };
document.onpaste = ({ clipboardData }) => {
  const file = [...clipboardData.files].find(({ type }) => /^image\/(png|jpeg)$/.test(type));
  if (file) takeDropped?.(file);
};
onhashchange = open;
start();
