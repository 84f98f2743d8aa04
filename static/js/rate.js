// Brings a client's answers through a bad connection. Without it the forms post as they are.
//
// What is entered lies in this browser for 30 minutes, one draft per request, sealed with keys that
// the server hands out with the pages of an open link (capture/drafts.py). On a clinic's device it
// hands out none: there nothing is written, and the page itself is the only memory. An unfinished
// sending is kept until it is settled, and taken up again when a page of its request is opened.
"use strict";

(() => {
  const PREFIX = "draft ";
  const DRAFT = 30 * 60 * 1000;
  const PATIENCE = 20 * 1000; // with one answer of the server
  const LONGEST_WAIT = 60 * 1000;
  const RECEIPTS = 25 * 60 * 1000; // so long after a request's end the server still knows (visits.py)

  const main = document.querySelector("main");
  const { keep } = main.dataset;
  const { rate: step } = (main.querySelector("[data-rate]") || main).dataset;
  const form = main.querySelector("form[data-rate]");
  const [home] = location.pathname.match(/^.*\/rate\/r\/[^/]+\//) || [""];
  const left = 1000 * (keep || 0);
  const [opened, ticked] = [Date.now(), performance.now()];
  // A clock may be set back, and the other one stand still while the device sleeps.
  const sinceOpened = () => Math.max(Date.now() - opened, performance.now() - ticked);
  let keys = JSON.parse(main.dataset.keys || "{}");

  if (!window.fetch || !HTMLFormElement.prototype.requestSubmit) return;

  // ---- drafts ----

  const shelf = (() => {
    try {
      return crypto.subtle ? localStorage : null; // none without TLS, or where it is switched off
    } catch {
      return null;
    }
  })();
  const canKeep = () => Boolean(shelf && Object.keys(keys).length);
  let writing = 0; // of whatever was entered first, only the latest is written

  const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const toBytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const keyCalled = (name) =>
    crypto.subtle.importKey("raw", toBytes(keys[name]), "AES-GCM", false, ["encrypt", "decrypt"]);

  const places = () =>
    shelf ? Object.keys(shelf).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)) : [];

  function draftOf(place) {
    try {
      return JSON.parse(shelf.getItem(PREFIX + place));
    } catch {
      return null;
    }
  }

  function erase(place) {
    writing += 1;
    if (shelf) shelf.removeItem(PREFIX + place);
  }

  // Whether there was something unsent among it.
  function eraseOld() {
    const now = Date.now();
    let wasUnsent = false;
    for (const place of places()) {
      const draft = draftOf(place);
      // One from the future is of a clock that was set back since.
      const good = draft && (draft.unsent ? now < draft.until + RECEIPTS : now < draft.until && draft.until <= now + DRAFT);
      if (good) continue;
      wasUnsent ||= Boolean(draft && draft.unsent);
      erase(place);
    }
    return wasUnsent;
  }

  // Answers that were on their way and never acknowledged: they may be what is stored. Whoever changes
  // them meanwhile still gets the receipt, so they are kept beside what was entered since.
  let tried = null;

  async function keepDraft(fields, unsent = false, place = home) {
    if (!canKeep()) return;
    writing += 1;
    const mine = writing;
    const name = unsent ? "unsent" : Object.keys(keys).find((each) => each !== "unsent");
    try {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const plain = new TextEncoder().encode(JSON.stringify({ fields, tried }));
      const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyCalled(name), plain);
      if (mine !== writing) return;
      const until = unsent ? opened + left : Date.now() + DRAFT;
      const draft = { until, unsent, key: name, iv: toText(iv), sealed: toText(sealed) };
      shelf.setItem(PREFIX + place, JSON.stringify(draft));
    } catch {
      if (mine === writing) erase(place); // what was kept before is not what stands here
      show("[data-kept]", false); // no room or no key: nothing is kept, and nothing says so
    }
  }

  // { fields, tried }
  async function contentsOf(draft) {
    try {
      const iv = toBytes(draft.iv);
      const key = await keyCalled(draft.key);
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, toBytes(draft.sealed));
      return JSON.parse(new TextDecoder().decode(plain));
    } catch {
      return null; // its key is not handed out any more
    }
  }

  // ---- the form ----

  const OURS = new Set(["csrfmiddlewaretoken", "step"]);
  const entered = () => [...new FormData(form)].filter(([name]) => !OURS.has(name));

  function enter(fields) {
    for (const element of form.elements) {
      if (!element.name || OURS.has(element.name) || element.type === "submit") continue;
      const values = fields.filter(([name]) => name === element.name).map(([, value]) => value);
      if (["radio", "checkbox"].includes(element.type)) element.checked = values.includes(element.value);
      else if (values.length) [element.value] = values;
      for (const kind of ["input", "change"]) element.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  }

  function show(selector, isShown) {
    for (const element of document.querySelectorAll(selector)) element.hidden = !isShown;
  }

  // ---- what the person is told: nothing, or the words that stand in the page under this name ----

  const QUIETLY = new Set(["sending", "saved"]);
  let told = "";

  function tell(what) {
    const place = document.querySelector("main [data-sending]");
    if (!place || told === what) return; // every further try is not told anew
    const [status, alert] = place.querySelectorAll("[role]");
    const words = place.querySelector(`[data-say="${what}"]`);
    status.replaceChildren();
    alert.replaceChildren();
    if (words) (QUIETLY.has(what) ? status : alert).append(words.content.cloneNode(true));
    show("[data-idle]", !what);
    if (what && !told) place.focus(); // the button that had it is gone
    told = what;
  }

  function turnInto(page) {
    document.title = page.title;
    document.body.replaceWith(document.adoptNode(page.body));
    document.querySelector("main").focus();
    told = "";
  }

  // Of a request that is closed: "lost", but where the server knows no more what it stored, "unknown".
  const whyNot = (sinceItsEnd) => (sinceItsEnd < RECEIPTS ? "lost" : "unknown");

  // ---- the server ----

  const STOPS = ["thanks", "closed", "answered"];
  let token = form ? (form.elements.csrfmiddlewaretoken || {}).value : "";

  async function ask(path, options) {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), PATIENCE);
    try {
      const response = await fetch(path, { ...options, cache: "no-store", signal: control.signal });
      return { status: response.status, text: await response.text() };
    } finally {
      clearTimeout(timer);
    }
  }

  // One of our own pages that settles it. Whatever else answers, a proxy or an error, does not.
  function pageThatStops(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const found = page.querySelector("main [data-rate]");
    return found && STOPS.includes(found.dataset.rate) ? { came: found.dataset.rate, page } : null;
  }

  async function refresh(place) {
    const { status, text } = await ask(`${place}fresh/`);
    if (status !== 200) return pageThatStops(text);
    const given = JSON.parse(text);
    token = given.csrf;
    keys = given.keys;
    return { came: given.is_open ? "open" : "over", isShown: given.is_shown };
  }

  async function post(place, fields) {
    const body = new URLSearchParams([...fields, ["step", "send"], ["csrfmiddlewaretoken", token]]);
    const { status, text } = await ask(`${place}questions/`, { method: "POST", body });
    return pageThatStops(text) || ([400, 413, 422].includes(status) ? { came: "refused" } : null);
  }

  // ---- trying until it is settled ----

  let run = 0;
  let wake = () => {};

  function pause(milliseconds) {
    return new Promise((done) => {
      wake = done;
      setTimeout(done, milliseconds);
    });
  }

  async function untilSettled(once, silently = false) {
    run += 1;
    const mine = run;
    for (let tries = 0; ; tries += 1) {
      const result = await once(tries).catch(() => null);
      if (mine !== run) return null; // the person did something else meanwhile
      if (result) return result;
      if (!silently) tell("waiting");
      const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** tries);
      await pause(wait * (0.5 + Math.random() / 2));
      if (mine !== run) return null;
    }
  }

  let sending = false;

  // The script of a clinic's tablet reads it: "yes", "saved", "lost", or nothing (kiosk.js).
  function setSending(state) {
    sending = state === "yes";
    document.documentElement.dataset.unsent = state;
  }

  function stop() {
    run += 1;
    setSending("");
    tell("");
  }

  // From the second try on with a fresh token: the first may have become old.
  const attempt = (place, fields) => async (tries) => {
    const state = tries || !token ? await refresh(place) : { came: "open" };
    return !state || state.page ? state : post(place, fields);
  };

  async function send(fields) {
    if (sending) return;
    setSending("yes");
    tell("sending");
    await keepDraft(fields, true);
    tried = fields;
    await settle(fields, await untilSettled(attempt(home, fields)));
  }

  async function settle(fields, result) {
    if (!result) return;
    const isThere = form.isConnected; // a tablet that was left clears it, and speaks for itself
    const isSaved = result.came === "thanks";
    tried = null;
    setSending(isSaved ? "saved" : isThere ? "" : "lost");
    if (isSaved) {
      erase(home);
      tell("saved");
      if (isThere) location.replace(`${home}thanks/`);
    } else if (isThere && result.came === "refused") {
      await keepDraft(fields);
      postAsItIs(form.querySelector("[value=send]") || form.querySelector("[name=step]"));
    } else if (isThere) settleClosed(result);
  }

  function settleClosed(result) {
    erase(home);
    turnInto(result.page);
    if (result.came === "closed") tell(whyNot(sinceOpened() - left));
  }

  // A step to another page: only with the server in reach, or the browser's error page would follow.
  // An answer that is there already may be this device's own, sent before it was changed.
  async function goOn(button) {
    const result = await untilSettled(async () => {
      const state = await refresh(home);
      return state && state.came === "over" && tried ? post(home, tried) : state;
    });
    if (!result) return;
    if (result.page) settle(tried, result);
    else postAsItIs(button);
  }

  let passing = false;

  function postAsItIs(button) {
    form.elements.csrfmiddlewaretoken.value = token;
    passing = true;
    form.requestSubmit(button);
  }

  // ---- the pages ----

  function onSubmit(event) {
    const button = event.submitter;
    if (passing || !button) return;
    event.preventDefault();
    if (button.value === "send") send(entered());
    else {
      if (sending) keepDraft(entered());
      stop();
      goOn(button);
    }
  }

  function onEntry() {
    if (sending || told) stop();
    keepDraft(entered());
  }

  function onClick(event) {
    if (event.target.closest("[data-try-now]")) wake();
    const eraser = event.target.closest("[data-erase]");
    if (!eraser) return;
    stop();
    erase(home);
    tried = null;
    if (eraser.matches("button")) {
      form.reset();
      show("[data-restored]", false);
      main.focus();
    }
  }

  async function onForm() {
    form.autocomplete = "off"; // or Back would bring up what was erased
    history.replaceState(null, ""); // a reload is then a GET, which sends nothing twice
    form.addEventListener("submit", onSubmit);
    show("[data-kept]", canKeep());
    const draft = canKeep() ? draftOf(home) : null;
    const kept = draft && (await contentsOf(draft));
    const fields = kept && kept.fields;
    if (kept) ({ tried } = kept);
    if (step === "questions") {
      const isTyped = "typed" in form.dataset;
      if (fields && !isTyped) {
        enter(fields);
        show("[data-restored]", !draft.unsent);
      } else if (isTyped) keepDraft(entered());
      form.addEventListener("input", onEntry);
    }
    // Never from under a review of other answers, in a second tab.
    if (fields && draft.unsent && step === "questions") send(fields);
  }

  async function onClosed(wasUnsent) {
    const isDone = !main.querySelector("[data-sending]"); // "This is not for me" ends what was entered
    if (isDone) erase(home);
    else if (wasUnsent) tell("unknown");
    for (const place of places()) await lookAfter(place, draftOf(place) || {});
  }

  // Its link may be over, or what was sent may be stored after all: then there is a receipt.
  async function lookAfter(place, draft) {
    if (draft.unsent) tell("sending");
    const state = await untilSettled(() => refresh(place), !draft.unsent);
    if (!state) return;
    if (state.came === "closed") {
      forget(place, whyNot(Date.now() - draft.until));
      return;
    }
    const kept = (await contentsOf(draft)) || {};
    if (draft.unsent) await deliver(place, kept.fields, state.isShown);
    else if (state.came === "over" && kept.tried) await deliver(place, kept.tried, state.isShown);
    else if (state.came === "over") forget(place, "used");
  }

  function forget(place, what) {
    erase(place);
    tell(what);
  }

  async function deliver(place, fields, isShown) {
    if (!fields) {
      forget(place, "lost");
      return;
    }
    const result = await untilSettled(attempt(place, fields));
    if (!result) return;
    if (result.came === "refused") {
      await keepDraft(fields, false, place);
      tell(isShown ? "refused" : "refused-over");
      for (const again of document.querySelectorAll("[data-again]")) again.href = `${place}questions/`;
      return;
    }
    erase(place);
    if (result.came === "thanks") {
      tell("saved");
      location.replace(`${place}thanks/`);
    } else if (result.came === "answered") turnInto(result.page);
    else tell("lost");
  }

  const wasUnsent = eraseOld();
  setInterval(eraseOld, 60 * 1000);
  document.addEventListener("click", onClick);
  document.addEventListener("cleared", () => sending || stop());
  document.addEventListener("given-up", stop);
  addEventListener("online", () => wake());
  addEventListener("visibilitychange", () => document.hidden || wake());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  addEventListener("beforeunload", (event) => sending && event.preventDefault());
  if (step === "thanks") erase(home);
  if (step === "closed") onClosed(wasUnsent);
  if (step === "start" && (draftOf(home) || {}).unsent) location.replace(`${home}questions/`);
  if (step === "questions" || step === "review") onForm();
})();
