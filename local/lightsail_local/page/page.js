// Asks for the state twice a second, and changes only what differs on the page.
"use strict";

const INTERVAL = 500;
const PATIENCE = 5000;
const SHOWN_NEWS = 3;
const SHOWN_OF_DIGEST = ["sha256:".length, "sha256:".length + 12];
// Made once: to make one takes longer than all else that a line of a log needs.
const CLOCK = new Intl.DateTimeFormat([], { timeStyle: "medium", hourCycle: "h23" });
const DATE_AND_CLOCK = new Intl.DateTimeFormat([], { dateStyle: "short", timeStyle: "medium" });

async function refresh() {
  try {
    const answer = await fetch("state.json", { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const text = await answer.text();
    if (text !== refresh.shown) show(JSON.parse(text));
    refresh.shown = text;
    showConnection("live", "live");
  } catch (error) {
    console.error(error);
    showConnection("lost", "connection lost, trying again");
  }
  setTimeout(refresh, INTERVAL);
}

function showConnection(kind, text) {
  document.body.classList.toggle("is-lost", kind === "lost");
  const status = document.getElementById("connection");
  if (status.textContent === text) return; // written again, it would be read out again
  status.className = `state tone-${{ live: "good", lost: "bad" }[kind]}`;
  status.textContent = text;
}

function show(state) {
  showNews(state.services);
  // Of those that are closed, the browser would have to find a layout first.
  const logs = [...document.querySelectorAll("details[open] > .log")].filter(isAtEnd);
  fill("services", state.services.length ? changed("services", state.services, service) : [noService()]);
  fill("stacks", state.stacks.length ? changed("stacks", state.stacks, stack) : [empty("No stack yet.")]);
  fill("calls", [state.calls.length ? calls(state.calls) : empty("No call yet.")]);
  logs.forEach(toEnd);
}

// What a screen reader says by itself: how the services are that have changed, the newest first.
function showNews(services) {
  const said = services.map(({ name, state, deployments: [last] }) =>
    `${name} is ${state}${last ? `, deployment ${last.version} is ${last.state}` : ""}`);
  const fresh = said.filter((each) => !showNews.said.includes(each)).slice(0, SHOWN_NEWS);
  if (fresh.length) document.getElementById("news").textContent = fresh.join(". ");
  showNews.said = said;
}
showNews.said = [];

function fill(id, children) {
  const old = document.getElementById(id);
  const fresh = old.cloneNode(false);
  fresh.append(...children);
  become(old, fresh);
}

// Makes elements of those items alone that are not shown as they are: a hundred services take a second.
function changed(id, items, made) {
  const old = new Map([...document.getElementById(id).children].map((child) => [key(child), child.shows]));
  return items.map((it, place) => {
    const shows = JSON.stringify(it);
    const fresh = old.get(it.id) === shows ? element("div", { "data-key": it.id }, []) : made(it, place);
    return Object.assign(fresh, { shows });
  });
}

// Services

function service(it, place) {
  const id = `service-${it.id}`;
  const isGone = it.state === "DELETED";
  return element("article", { class: isGone ? "service gone" : "service", "data-key": it.id, "aria-labelledby": id }, [
    element("header", {}, [
      element("h3", { id }, [it.name]),
      pill(it.state),
      it.detail && element("span", { class: "detail" }, [stateDetail(it.detail)]),
    ]),
    !isGone && link(it),
    part("Deployments", it.deployments, (all) =>
      box("deployments", `deployments of ${it.name}`, all.map(deployment))),
    it.logs.length > 0 && part("Container logs", it.logs, (logs) =>
      element("div", {}, logs.map((each) => log(each, it.name, place === 0)))),
    !isGone && part("Images", it.images, (images) => box("images", `images of ${it.name}`, [imageTable(images)])),
    element("dl", { class: "facts" }, [
      fact("power", it.power),
      fact("scale", it.scale),
      fact("created", time(it.created)),
      it.tags.length > 0 && fact("tags", names(it.tags.map(tag))),
    ]),
  ]);
}

function link({ url, isServed, isSimulated }) {
  if (isServed && url.startsWith("http://"))
    return element("p", { class: "link", "data-key": "link" }, [
      element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, [url]),
    ]);
  const why = isSimulated ? "simulated, so it does not answer" : "does not answer now";
  return element("p", { class: "link", "data-key": "link" }, [
    element("code", {}, [url]), " ", element("span", { class: "quiet" }, [why]),
  ]);
}

function noService() {
  return empty("No container service yet: ", element("code", {}, ["lightsail-local up --service shop"]),
    ", or ", element("code", {}, ["cdk deploy"]), ".");
}

function stateDetail({ code, message }) {
  return message ? `${code}: ${message}` : code;
}

function tag({ key, value }) {
  return value ? `${key}=${value}` : key;
}

function part(title, items, shown) {
  return element("section", { class: "part", "data-key": title }, [
    element("h4", {}, [title, " ", element("span", { class: "count" }, [items.length])]),
    items.length ? shown(items) : empty("None yet."),
  ]);
}

function imageTable(images) {
  return table(["Image", "Digest", "Created", "Deployed"], images.map((image) =>
    element("tr", { "data-key": image.name }, [
      element("th", { scope: "row" }, [element("code", {}, [image.name])]),
      element("td", {}, [digest(image.digest)]),
      element("td", {}, [time(image.created)]),
      element("td", {}, [image.deployments.length
        ? image.deployments.map((version) => `v${version}`).join(", ")
        : element("span", { class: "quiet" }, ["none"])]),
    ])));
}

function deployment(it) {
  return element("article", { class: "deployment", "data-key": it.version }, [
    element("header", {}, [
      element("h5", {}, [`Deployment ${it.version}`]),
      pill(it.state),
      element("span", { class: "when" }, [time(it.created)]),
    ]),
    it.problem && problem(`Failed: ${it.problem.reason}`, it.problem.lines),
    element("ul", {}, [
      ...it.containers.map((each) => container(each, it.state === "INACTIVE")),
      it.endpoint && it.state !== "INACTIVE" && endpoint(it.endpoint),
      ...it.nodes.map(node),
    ]),
  ]);
}

function problem(title, lines) {
  return element("div", { class: "problem", "data-key": "problem" }, [
    element("p", {}, [title]),
    ...lines.map((line) => element("code", {}, [line])),
  ]);
}

function node({ containers, healthChecks }, place) {
  return element("li", { class: "node", "data-key": `node ${place}` }, [
    element("span", { class: "quiet" }, [`node ${place + 1}`]),
    ...containers.map((each) =>
      element("span", { class: each.isRunning ? "up" : "down" }, [runs(each)])),
    healthChecks.length > 0 && element("span", {}, [
      element("span", { class: "quiet" }, ["health checks "]),
      element("span", { class: "checks" }, healthChecks.map(check)),
    ]),
  ]);
}

function runs({ name, isRunning, restarts, exitCode }) {
  return [
    `${name} ${isRunning ? "runs" : "does not run"}`,
    restarts > 0 && `restarted ${restarts === 1 ? "once" : `${restarts} times`}`,
    exitCode !== null && `last ended with ${exitCode}`,
  ].filter(Boolean).join(", ");
}

function check({ time: at, health, answer }) {
  return element("code", { class: health, title: `${health} at ${clock(at)}` }, [answer]);
}

function container(it, isOld) {
  return element("li", { "data-key": it.name }, [
    element("strong", {}, [it.name]),
    element("code", {}, [it.image]),
    !isOld && it.ports.length > 0 && labelled("ports", it.ports),
    !isOld && it.environment.length > 0 && labelled("environment", it.environment),
  ]);
}

function endpoint({ container, port, path }) {
  return element("li", { class: "endpoint" }, [
    element("span", { class: "quiet" }, ["public endpoint"]),
    element("code", {}, [`${container}:${port}`]),
    element("span", {}, [element("span", { class: "quiet" }, ["health check "]), element("code", {}, [path])]),
  ]);
}

function log({ container, lines }, service, isOpen) {
  const last = lines.length ? lines[lines.length - 1].message : "empty";
  return element("details", { "data-key": container, ...(isOpen && { open: "" }) }, [
    element("summary", {}, [
      element("strong", {}, [container]), " ", element("span", { class: "quiet" }, [last]),
    ]),
    box("log", `log of ${container} of ${service}`, lines.map(line())),
  ]);
}

// A line keeps its element when the oldest ones go: what its reader looks at or selected stays.
function line() {
  const seen = new Map();
  return ({ time: at, message }) => {
    const said = `${at} ${message}`;
    const count = seen.get(said) ?? 0;
    seen.set(said, count + 1);
    return element("p", { "data-key": `${count} ${said}` }, [
      time(at), " ", element("span", {}, [message]),
    ]);
  };
}

// Stacks

function stack(it, place) {
  return element("details", { class: "stack", "data-key": it.id, ...(place === 0 && { open: "" }) }, [
    element("summary", {}, [element("h3", {}, [it.name]), " ", pill(it.state)]),
    it.problem && problem(`${it.problem.resource} failed`, [it.problem.reason]),
    box("events", `events of ${it.name}`, [
      table(["Time", "Resource"], it.events.map((event) =>
        element("tr", { "data-key": event.id }, [
          element("td", {}, [time(event.time)]),
          element("th", { scope: "row" }, [
            element("span", { class: "operation" }, [event.resource]), " ",
            element("span", { class: `status tone-${tone(event.state)}` }, [words(event.state)]),
            element("span", { class: "parameter" }, [event.type]),
            event.reason && element("span", { class: "reason" }, [event.reason]),
          ]),
        ]))),
    ]),
  ]);
}

// Calls

function calls(all) {
  return box("calls", "calls to Lightsail", [
    table(["Time", "Call", "Answer", "ms"], all.map((it) => it.reads ? reads(it) : call(it))),
  ]);
}

function call(it) {
  const failed = it.status === null || it.status >= 400;
  return element("tr", { "data-key": it.id, class: failed ? "failed" : "" }, [
    element("td", {}, [time(it.time)]),
    element("th", { scope: "row" }, [
      element("span", { class: "operation" }, [it.operation]),
      it.to === "registry" && element("span", { class: "to" }, ["registry"]),
      ...it.parameters.map((text) => element("code", { class: "parameter" }, [text])),
      it.error && element("span", { class: "error" }, [it.error]),
    ]),
    element("td", { class: "status" }, [it.status ?? "no answer"]),
    element("td", { class: "number" }, [it.milliseconds]),
  ]);
}

function reads(it) {
  const counted = it.reads.map(({ operation, count }) =>
    count > 1 ? `${operation} ×${count}` : operation);
  return element("tr", { "data-key": it.id, class: "reads" }, [
    element("td", {}, [time(it.time)]),
    element("th", { scope: "row", colspan: 3 }, [counted.join(", ")]),
  ]);
}

// What all of them are made of

// Whatever comes from outside is a child here, and so becomes text, never markup.
function element(name, attributes, children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  // What is not there is `null`, `false` or an empty text.
  made.append(...children.filter((child) => child === 0 || child));
  return made;
}

function table(titles, rows) {
  const head = element("tr", {}, titles.map((title) => element("th", { scope: "col" }, [title])));
  return element("table", {}, [element("thead", {}, [head]), element("tbody", {}, rows)]);
}

// A box that scrolls can be reached and moved with the keyboard. It is a group, for as regions
// so many would hide the page's own parts from those who go from one to the next.
function box(kind, label, children) {
  return element("div", { class: `box ${kind}`, "data-key": kind, role: "group", "aria-label": label, tabindex: 0 },
    children);
}

function pill(state) {
  return element("span", { class: `state tone-${tone(state)}` }, [state]);
}

// Of Lightsail's states and CloudFormation's.
function tone(state) {
  if (/FAILED|ROLLBACK/.test(state)) return "bad";
  if (/ING$|PROGRESS$/.test(state) && state !== "RUNNING") return "busy";
  if (/^(ACTIVE|RUNNING|CREATE_COMPLETE|UPDATE_COMPLETE|IMPORT_COMPLETE)$/.test(state)) return "good";
  return state === "READY" ? "ready" : "idle";
}

// May be broken between its words.
function words(state) {
  return state.replaceAll("_", "_\u200b");
}

function fact(title, value) {
  return element("div", { "data-key": title }, [element("dt", {}, [title]), element("dd", {}, [value])]);
}

function labelled(title, texts) {
  return element("span", {}, [element("span", { class: "quiet" }, [`${title} `]), names(texts)]);
}

function names(texts) {
  return element("span", { class: "names" }, texts.map((text) => element("code", {}, [text])));
}

function digest(text) {
  return element("code", { title: text }, [`${text.slice(...SHOWN_OF_DIGEST)}…`]);
}

function time(seconds) {
  const at = new Date(seconds * 1000);
  return element("time", { datetime: at.toISOString(), title: DATE_AND_CLOCK.format(at) }, [clock(seconds)]);
}

function clock(seconds) {
  return CLOCK.format(new Date(seconds * 1000));
}

function empty(...children) {
  return element("p", { class: "empty" }, children);
}

// Changes that keep what the reader did: scrolled, opened, selected

// Makes an element like another one; children with the same data-key stay the same elements.
function become(old, fresh) {
  if (fresh.shows && fresh.shows === old.shows) return;
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);

  const keys = new Set([...fresh.children].map(key));
  for (const child of [...old.children]) if (key(child) && !keys.has(key(child))) child.remove();
  const kept = new Map([...old.children].map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = key(child) ? kept.get(key(child)) : isLike(at, child) && at;
    if (!same) {
      old.insertBefore(child, at);
      continue;
    }
    if (same === at) at = at.nextSibling;
    else move(old, same, at);
    if (same instanceof Element) become(same, child);
    else if (same.data !== child.data) same.data = child.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  old.shows = fresh.shows;
}

// Where the browser can, without the loss of focus and scroll positions.
function move(parent, child, before) {
  if (parent.moveBefore) parent.moveBefore(child, before);
  else parent.insertBefore(child, before);
}

function key(node) {
  return node instanceof Element ? node.getAttribute("data-key") : null;
}

function isLike(old, fresh) {
  return old && !key(old) && old.nodeName === fresh.nodeName;
}

// A log that shows its end goes on showing it.
function isAtEnd(log) {
  return log.scrollTop + log.clientHeight >= log.scrollHeight - 2;
}

function toEnd(log) {
  log.scrollTop = log.scrollHeight;
}

document.addEventListener("toggle", (event) => {
  event.target.querySelectorAll(".log").forEach(toEnd);
}, true);

refresh();
