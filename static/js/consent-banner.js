// The consent banner of marketing_hub for any web page: no dependencies, no inline styles, no storage before a decision.
//
// <script src="https://hub.example.com/static/js/consent-banner.js" data-key="pk_live_..." data-region="DE" defer></script>
//
// window.hubConsent: {token, anonymousId, allowed, show()}. The event "hub:consent" on document tells every change. An element
// with the attribute data-hub-consent opens the banner again, so that a no is as near as a yes.
(() => {
  "use strict";
  const script = document.currentScript;
  const hub = script.dataset.hub || new URL(script.src).origin;
  const url = `${hub}/api/v1/banner`;
  const headers = {"Content-Type": "application/json", "X-API-Key": script.dataset.key};
  const region = script.dataset.region || "";
  const lang = script.dataset.lang || document.documentElement.lang || navigator.language;
  const KEPT = "hub_consent";
  const CSS = `
    :host { all: initial; }
    .box { position: fixed; inset: auto 0 0 0; z-index: 2147483000; box-sizing: border-box; max-height: 90vh;
      overflow: auto; padding: 16px 20px; border-top: 2px solid #1f2937; background: #fff; color: #1f2937;
      font: 16px/1.5 system-ui, sans-serif; }
    .in { max-width: 960px; margin: 0 auto; }
    h2 { margin: 0 0 4px; font-size: 18px; }
    p { margin: 0 0 10px; }
    .row { display: flex; flex-wrap: wrap; gap: 10px; margin-top: 10px; }
    button { flex: 1 1 160px; min-height: 44px; padding: 8px 16px; border: 2px solid #1f2937; border-radius: 6px;
      background: #1f2937; color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
    button.quiet { background: #fff; color: #1f2937; }
    button:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid #2563eb; outline-offset: 2px; }
    summary { min-height: 24px; cursor: pointer; }
    label { display: flex; gap: 8px; align-items: flex-start; margin-top: 8px; font-weight: 600; }
    input { width: 24px; height: 24px; flex: none; margin: 0; }
    small { display: block; margin-left: 32px; font-size: 14px; }`;

  const kept = () => {
    try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
  };
  const state = {token: null, allowed: {}, decided: false, content: null, host: null};
  window.hubConsent = {
    get token() { return state.token; },
    get anonymousId() { return kept().anonymousId || state.anonymousId || null; },
    get allowed() { return {...state.allowed}; },
    show,
  };

  function tell() {
    document.dispatchEvent(new CustomEvent("hub:consent", {detail: {token: state.token, allowed: {...state.allowed}}}));
  }

  async function send(body) {
    const id = kept().anonymousId || state.anonymousId || (state.anonymousId = crypto.randomUUID());
    const said = {anonymousId: id, lang, ...(region ? {region} : {}), ...body};
    const answer = await fetch(url, {method: "POST", headers, body: JSON.stringify(said), keepalive: true});
    if (!answer.ok) return null;
    const outcome = await answer.json();
    state.token = outcome.consentToken ? outcome.consentToken.token : null;
    state.allowed = outcome.allowed;
    return id;
  }

  async function decide(accepted) {
    const id = await send({accepted});
    if (!id) return;
    localStorage.setItem(KEPT, JSON.stringify({anonymousId: id, accepted, ruleSet: state.content.ruleSet}));
    state.decided = true;
    hide();
    tell();
  }

  function make(name, text, attributes = {}) {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  function button(text, accepted, quiet = false) {
    const made = make("button", text, {type: "button", ...(quiet ? {class: "quiet"} : {})});
    made.addEventListener("click", () => decide(accepted()));
    return made;
  }

  function choices(content) {
    const box = make("details");
    const before = kept().accepted || [];
    box.append(make("summary", content.words.choose));
    for (const use of content.purposes) {
      const label = make("label");
      const tick = make("input", "", {type: "checkbox", value: use.purpose});
      tick.checked = before.includes(use.purpose) && !use.refusedBySignal;
      tick.disabled = use.refusedBySignal;
      label.append(tick, use.name);
      box.append(label, make("small", use.text));
    }
    const ticked = () => [...box.querySelectorAll("input:checked")].map((tick) => tick.value);
    const row = make("div", "", {class: "row"});
    row.append(button(content.words.save, ticked, true));
    box.append(row);
    return box;
  }

  function draw(content) {
    const {words, purposes} = content;
    const open = purposes.filter((use) => !use.refusedBySignal).map((use) => use.purpose);
    const box = make("div", "", {
      class: "box", role: "dialog", "aria-labelledby": "t", "aria-describedby": "d", lang: content.locale,
    });
    const inner = make("div", "", {class: "in"});
    inner.append(make("h2", words.title, {id: "t"}), make("p", words[content.mode], {id: "d"}));
    if (content.gpc) inner.append(make("p", words.gpc));
    const row = make("div", "", {class: "row"});
    row.append(button(words.reject, () => []), button(words.accept, () => open));
    inner.append(row, choices(content));
    box.append(inner);
    return box;
  }

  function hide() {
    if (state.host) state.host.remove();
    state.host = null;
  }

  async function content() {
    if (state.content) return state.content;
    const query = new URLSearchParams({lang, ...(region ? {region} : {})});
    const answer = await fetch(`${url}?${query}`, {headers: {"X-API-Key": headers["X-API-Key"]}});
    if (!answer.ok) throw new Error(`consent banner: ${answer.status}`);
    return (state.content = await answer.json());
  }

  async function show() {
    const found = await content();
    if (state.host) return;
    const host = make("div", "", {id: "hub-consent"});
    const root = host.attachShadow({mode: "open"});
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    root.append(draw(found));
    document.body.prepend(host);
    state.host = host;
  }

  async function start() {
    const found = await content();
    const before = kept();
    if (before.accepted && before.ruleSet === found.ruleSet) {
      if (before.accepted.length) await send({shownOnly: true}); // a token by what is on record; nothing is recorded
      tell();
      return;
    }
    if (found.mode === "opt_out" && (await send({shownOnly: true}))) tell();
    await show();
  }

  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-hub-consent]")) show();
  });
  start();
})();
