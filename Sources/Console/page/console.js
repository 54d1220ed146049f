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
  const { path, body, type, accept = "application/json" } = request;
  const headers = { Accept: accept };
  if (type) headers["Content-Type"] = type;
  if (key) headers.Authorization = `Bearer ${key}`;
  const reply = await fetch(path, { method: body == null ? "GET" : "POST", headers, body, signal }).catch((error) => {
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
function curl({ path, body, type, accept, file, save }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const words = ["curl"];
  if (accept === "text/event-stream") words.push("-N");
  if (key) words.push('-H "Authorization: Bearer $KEY"');
  if (accept) words.push("-H", quoted(`Accept: ${accept}`));
  if (type?.startsWith("text/")) words.push("-H", quoted(`Content-Type: ${type}`));
  if (file) words.push("--data-binary", quoted(`@${file}`));
  else if (body) words.push(type === "application/json" ? "-d" : "--data-raw", quoted(body));
  if (save) words.push("-o", save);
  return [...words, quoted(location.origin + path)].join(" ");
}

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
  const call = h("div.call", { hidden: "" }, h("pre", command), copy);
  const time = h("p.time");
  let newest;
  const made = {
    element: h("section.card" + kind, h("header", h("h2", title), controls), above, body, call, time),
    stop: () => newest?.abort(),
    async run() {
      made.stop();
      const sent = input ? input() : {};
      if (!sent) return body.replaceChildren();
      const request = { path: base + to(), ...sent, accept, save };
      const controller = (newest = new AbortController());
      command.textContent = curl(request);
      call.hidden = false;
      made.element.ariaBusy = "true";
      try {
        const reply = await ask(request, controller.signal);
        time.textContent = timing(reply);
        body.replaceChildren(...[await show(reply, { body, time, request })].flat());
      } catch (error) {
        if (error.name === "AbortError") return;
        time.textContent = "";
        body.replaceChildren(problem(error));
      } finally {
        if (newest === controller) made.element.ariaBusy = null;
      }
    },
  };
  cards.push(made);
  if (!input) queueMicrotask(made.run);
  return made;
}

const runAll = (some) => some.forEach(({ run }) => run());

const plain = (title, kind, ...content) => ({ element: h("section.card" + kind, h("header", h("h2", title)), content) });

// Puts a picture into an img, and lets the one before go.
function put(image, blob) {
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
}

// What a picture shows, in the server's words.
const legend = (reply) => reply.headers.get("X-Striate-Picture") ?? "";

// A card whose answer is a picture.
function pictureCard(title, save, options) {
  const image = h("img", { alt: title });
  return card(title, {
    accept: save.endsWith("svg") ? "image/svg+xml" : "image/png", save, ...options,
    show: async (reply) => {
      put(image, await reply.blob());
      return [h("div.scroll", image), hint(legend(reply))];
    },
  });
}

// A picture of a layer that `fits`; null if there is none.
function layerCard(title, route, fits, options) {
  const choices = model.layers.filter(fits).map(({ name, op, output_shape }) =>
    h("option", { value: name, selected: name === model.features_layer ? "" : null }, `${name}: ${op} ${output_shape.slice(1).join("×")}`));
  const choice = h("select", { "aria-label": "Layer", onchange: () => made.run() }, choices);
  const made = choices.length ? pictureCard(title, `${route}.png`, { controls: choice, to: () => `/${route}?layer=${choice.value}`, ...options }) : null;
  return made;
}

// A card of labels with probabilities; null where the model has none.
function labelsCard(title, route, input) {
  if (!model.operations.includes(route)) return null;
  const words = ({ label, index }) => label ?? `class ${index}`;
  return card(title, {
    to: () => `/${route}?top=${Math.min(10, model.labels.length || 10)}`, input,
    show: async (reply) => {
      const { predictions } = await reply.json();
      return [h("p.answer", { role: "status" }, words(predictions[0])), bars(predictions, (row) => h("span", words(row)))];
    },
  });
}

const bars = (rows, name) => h("ol", rows.map((row) => {
  const bar = h("i");
  bar.style.setProperty("--share", row.probability);
  return h("li", name(row), bar, h("span", percent(row.probability)));
}));

function table(head, rows) {
  const cells = (kind, row) => h("tr", row.map((cell) => h(kind, cell)));
  return h("div.scroll", h("table", h("thead", cells("th", head)), h("tbody", rows.map((row) => cells("td", row)))));
}

const example = (name) => ask({ path: `/models/${model.name}/examples/${name}`, accept: "*/*" });

// --- Pictures

// What is looked at: it stays when another model of pictures is chosen.
let picture;

function pictureCards() {
  const input = () => picture && { body: picture.blob, type: picture.blob.type, file: picture.name };
  const [sent, given] = ["What is sent", "What the network is given"].map((alt) => h("img", { alt }));
  const name = h("a", { title: "Save" });
  const words = h("figcaption");
  const canvas = h("canvas", { width: 280, height: 280, "aria-label": "Draw here with mouse, pen or finger" });
  const thumbs = h("div.row");

  const changed = () => {
    put(sent, picture.blob);
    name.textContent = name.download = picture.name;
    name.href = sent.src;
    sent.hidden = picture.name === "drawing.png";
    canvas.hidden = !sent.hidden;
    for (const thumb of thumbs.children) thumb.ariaPressed = thumb.firstChild.alt === picture.name;
    runAll(asking);
  };
  const take = (blob, name, isOwn = true) => { picture = { blob, name, isOwn }; changed(); };
  // Browsers take up to a second for toBlob().
  const bytes = () => Uint8Array.from(atob(canvas.toDataURL().split(",")[1]), (letter) => letter.charCodeAt());
  const drawing = () => take(new Blob([bytes()], { type: "image/png" }), "drawing.png");
  const clear = pen(canvas, patient(drawing, 60));
  takeDropped = (file) => file && take(file, file.name);
  const file = h("input", { type: "file", accept: "image/png,image/jpeg", onchange: () => takeDropped(file.files[0]) });

  const asking = [card("Picture", {
    above: [
      h("div.row", thumbs, h("label.file", "Choose a file", file), button("Draw", () => { clear(); drawing(); })),
      h("div.stage", h("figure", sent, canvas, h("figcaption", name)), h("figure", given, words)),
    ],
    to: () => "/preview", accept: "image/png", input, save: "preview.png",
    show: async (reply) => {
      put(given, await reply.blob());
      words.textContent = `The network is given ${legend(reply)}`;
      return [];
    },
  })];
  firstPicture(thumbs, take, changed).catch((error) => thumbs.append(problem(error)));
  const [labels, kernels] = [labelsCard("Classes", "classify", input), kernelCard()];
  const drawn = [["detect", "Boxes"], ["segment", "Segments"]].filter(([route]) => model.operations.includes(route));
  const found = drawn.map(([route, title]) => pictureCard(title, `${route}.png`, { to: () => `/${route}`, input }));
  const answers = [labels, ...found].filter(Boolean);
  const maps = featureCard(input, answers.length ? "" : ".wide");
  asking.push(...answers, maps);
  return answers.length ? [...asking, kernels] : [asking[0], kernels, maps];
}

// Shows the examples and begins with the first, unless there is a picture already.
async function firstPicture(thumbs, take, changed) {
  const names = model.examples;
  const isKept = picture && (picture.isOwn || names.includes(picture.name) || !names.length);
  if (isKept) changed();
  for (const name of names) {
    const blob = await (await example(name)).blob();
    const image = h("img", { alt: name });
    const thumb = button(image, () => take(blob, name, false), "button.thumb");
    put(image, blob);
    thumbs.append(thumb);
    if (!isKept && name === names[0] && thumbs.isConnected) thumb.click();
  }
}

// White strokes on black, as in MNIST; returns what clears the canvas.
function pen(canvas, changed) {
  const context = canvas.getContext("2d");
  let last;
  const stroke = ({ offsetX, offsetY }) => {
    if (!last) return;
    const scale = canvas.width / canvas.clientWidth;
    const next = [offsetX * scale, offsetY * scale];
    context.beginPath();
    context.moveTo(...(last.length ? last : next));
    context.lineTo(...next);
    context.stroke();
    last = next;
    changed();
  };
  canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); last = []; stroke(event); };
  canvas.onpointermove = stroke;
  canvas.onpointerup = canvas.onpointercancel = () => (last = null);
  return () => {
    context.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(context, { strokeStyle: "#fff", lineWidth: 22, lineCap: "round" });
  };
}

const featureCard = (input, kind) => layerCard("Feature maps", "features", ({ op }) => op !== "Flatten", { input, kind });
const kernelCard = (kind) => layerCard("Kernels", "kernels", ({ op }) => /^(Conv|TiledConv|LocallyConnected|Gabor)$/.test(op), { kind });

// --- What is typed

// What was typed, for each task.
const typed = {};
const json = (value) => ({ body: JSON.stringify(value), type: "application/json" });

// A field for what a model takes, with its examples.
function writing(title, changed) {
  const { task } = model;
  const area = h("textarea", { "aria-label": title, spellcheck: "false", autocapitalize: "off", oninput: patient(() => write(area.value)) });
  const write = (text) => { area.value = typed[task] = text; changed(); };
  const row = h("div.row");
  const buttons = model.examples.map(async (name, index) => {
    const text = await (await example(name)).text();
    if (!index && !area.value) write(text);
    return button(text.length > 60 ? name : text, () => write(text));
  });
  Promise.all(buttons).then((made) => row.append(...made), ({ message }) => row.append(message));
  if (typed[task]) queueMicrotask(() => write(typed[task]));
  return { area, row, write, text: () => area.value.normalize("NFC") };
}

// Cards of a model whose field holds a body: `make` those that ask with it, `draw` what it holds.
function bodyCards(title, type, make, draw) {
  const image = draw && h("img.curves", { alt: "Curves" });
  const { area, row, text } = writing(title, () => {
    draw?.(image, area.value);
    runAll(asking);
  });
  area.className = "data";
  const asking = make(() => (text() ? { body: text(), type } : null)).filter(Boolean);
  return [plain(title, asking.length > 1 ? "" : ".wide", row, image, area), ...asking];
}

const nodesCard = (input) => card("Nodes", {
  kind: ".wide", to: () => "/tree?nodes=true", input,
  show: async (reply) => table(["node", "label", "probability"], (await reply.json()).nodes.map((node) => [node.expression, node.label, percent(node.probability)])),
});

// Every column of a table of numbers as a curve.
function curves(image, text) {
  const rows = text.split("\n").map((line) => line.split(",").map(Number)).filter((row) => row.length > 1 && row.every(Number.isFinite));
  const [low, high] = [Math.min(...rows.flat()), Math.max(...rows.flat())];
  const points = (column) => rows.map((row, step) => `${step},${(high - row[column]) / (high - low || 1)}`).join(" ");
  const lines = rows[0]?.map((_, column) => `<polyline points="${points(column)}" fill="none" stroke="#149085" vector-effect="non-scaling-stroke"/>`) ?? [];
  put(image, new Blob([`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${rows.length - 1 || 1} 1" preserveAspectRatio="none">`, ...lines, "</svg>"], { type: "image/svg+xml" }));
}

const stateCard = (input) => layerCard("States over time", "encode", ({ op, output_shape: { length } }) => op !== "OneHot" && length > 2, { input, kind: ".wide" });

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
    to: () => "/next?top=10", input,
    show: async (reply) => [bars((await reply.json()).next, ({ symbol }) => button(visible(symbol), () => write(area.value + symbol))), hint("Take a symbol to append it.")],
  });
  const asking = [score, next, stateCard(input)];
  return [score, next, generateCard(text, write), asking[2]];
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

function graphCard() {
  const isRecurrent = model.layers.some(({ op }) => /^(RNN|LSTM|GRU|Jordan)$/.test(op));
  const steps = h("select", { "aria-label": "Shown as", onchange: () => made.run() }, h("option", { value: "" }, "circuit"), [2, 3, 4, 8].map((count) => h("option", { value: `?unfold=${count}` }, `${count} steps`)));
  const made = pictureCard("Graph", "graph.svg", { kind: ".wide.graph", controls: isRecurrent ? steps : [], to: () => `/graph${steps.value}` });
  return made;
}

const layersCard = () => card("Layers", {
  kind: ".wide", to: () => "",
  show: async (reply) => table(["layer", "operator", "output", "parameters", "multiply–adds", "receptive field"], (await reply.json()).layers.map((layer) =>
    [layer.name, layer.op, layer.output_shape.join("×"), count(layer.parameters), count(layer.multiply_adds), layer.receptive_field?.join("×") ?? ""])),
});

// What models take: their group's name and their cards.
const kinds = {
  image: ["Pictures", pictureCards],
  symbols: ["Text", symbolCards],
  tokens: ["Sequences", () => bodyCards("Text", "text/plain", (input) => [labelsCard("Classes", "classify", input), stateCard(input)])],
  tree: ["Trees", () => bodyCards("Tree", "application/json", (input) => [labelsCard("Root", "tree", input), nodesCard(input)])],
  series: ["Series", () => [...bodyCards("Series", "text/csv", (input) => [labelsCard("Classes", "classify", input), featureCard(input, ".wide")], curves), kernelCard(".wide")]],
  steps: ["Systems", () => bodyCards("Steps", "application/json", (input) => [stateCard(input)])],
  tensors: ["Tensors", () => [plain("Tensors", ".wide", h("p", "By the Open Inference Protocol: ", h("a", { href: `/v2/models/${model.name}` }, "names and shapes"), "."))]],
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
const chosen = () => location.hash.slice(1) || document.querySelector("nav a").title;
const complain = (error) => main.replaceChildren(problem(error));

async function open(event) {
  for (const { stop } of cards) stop();
  cards = [];
  takeDropped = null;
  const name = chosen();
  for (const link of $("models").querySelectorAll("a")) link.ariaCurrent = link.title === name ? "page" : null;
  document.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.title = `${name} · Striate`;
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

async function start() {
  try {
    const { models, failed } = await (await ask({ path: "/models" })).json();
    $("access").hidden = true;
    $("status").textContent = `${models.length} models${failed.length ? `, ${failed.length} failed to load` : ""}`;
    const link = (model) => h("a", { href: `#${model.name}`, title: model.name }, h("b", model.name), h("small", `${short(model.parameters)} ${model.score ? `· ${scoreWords(model)}` : "parameters"}`));
    $("models").replaceChildren(...Object.entries(kinds).flatMap(([kind, [title]]) => {
      const links = models.filter((model) => kindOf(model) === kind).map(link);
      return links.length ? [h("h2", title), ...links] : [];
    }));
    if (models.length) open();
    else complain(Error("No model is hosted."));
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
onhashchange = open;
start();
