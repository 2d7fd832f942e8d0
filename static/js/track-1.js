// Events of a web page for marketing_hub, beside consent-banner.js: nothing is sent or kept before a yes.
//
// <script src="https://hub.example.com/static/js/track-1.js" data-key="pk_live_..." defer></script>
//
// window.hubTrack: page(name?, properties?), track(event, properties?), identify(userId, consentToken), state, reset().
// The event "hub:track" on document tells what became of each call. The file name carries the version.
(() => {
  "use strict";
  const script = document.currentScript;
  const url = `${script.dataset.hub || new URL(script.src).origin}/v1/batch`;
  const writeKey = script.dataset.key;
  const MOST = 50; // calls that wait for a decision; older ones are forgotten
  const SIZE = 20; // calls of one request: browsers let 64 KB outlive a page
  const PAUSE = 300; // milliseconds in which calls gather
  const noTrack = navigator.doNotTrack === "1" || window.doNotTrack === "1";
  const state = {waiting: [], sent: 0, stored: 0, refused: 0, reason: noTrack ? "do_not_track" : "consent_required"};
  let token = null;
  let known = null;
  let timer = 0;

  function tell(type, detail) {
    document.dispatchEvent(new CustomEvent("hub:track", {detail: {type, ...detail}}));
  }

  function context() {
    const said = {
      page: {url: location.href, title: document.title, referrer: document.referrer},
      userAgent: navigator.userAgent,
      locale: navigator.language,
      library: {name: "hub-track", version: "1"},
    };
    if (navigator.globalPrivacyControl) said.globalPrivacyControl = true;
    return said;
  }

  function call(type, members) {
    const made = {type, messageId: crypto.randomUUID(), timestamp: new Date().toISOString(), context: context(), ...members};
    if (known) Object.assign(made, {userId: known.userId}).context.consentToken = known.token;
    if (noTrack) return tell("held", {messageId: made.messageId, reason: state.reason});
    state.waiting.push(made);
    state.waiting.splice(0, state.waiting.length - MOST);
    if (!token) return tell("held", {messageId: made.messageId, reason: state.reason});
    timer = timer || setTimeout(flush, PAUSE);
  }

  function taken() {
    const batch = state.waiting.splice(0, SIZE);
    for (const made of batch) {
      made.context.consentToken = made.context.consentToken || token;
      made.anonymousId = window.hubConsent.anonymousId;
    }
    state.sent += batch.length;
    return batch;
  }

  const bodyOf = (batch) => JSON.stringify({batch, writeKey, sentAt: new Date().toISOString()});

  async function flush() {
    clearTimeout(timer);
    timer = 0;
    while (token && state.waiting.length) {
      const batch = taken();
      if (!(await send(batch))) {
        state.sent -= batch.length; // the next call tries again
        state.waiting.unshift(...batch);
        return;
      }
    }
  }

  async function send(batch) {
    let answer;
    try {
      const headers = {"Content-Type": "text/plain"}; // so that no browser has to ask first
      answer = await fetch(url, {method: "POST", headers, body: bodyOf(batch), keepalive: true});
    } catch {
      return tell("failed", {reason: "network"});
    }
    if (answer.status === 429 || answer.status >= 500) return tell("failed", {reason: answer.status});
    const said = await answer.json();
    state.stored += said.accepted || 0;
    for (const one of answer.ok ? said.rejected : [{code: said.code, message: said.message}]) {
      state.refused += 1;
      state.reason = one.code;
      tell("refused", {messageId: one.messageId, reason: one.code, message: one.message});
    }
    if (answer.ok) tell("sent", {accepted: said.accepted});
    return true;
  }

  // A page that is left has no time for answers: what waits goes as a beacon.
  function leave() {
    while (token && state.waiting.length) {
      navigator.sendBeacon(url, bodyOf(taken()));
    }
  }

  function decided() {
    const consent = window.hubConsent;
    token = noTrack ? null : consent.token;
    if (noTrack) return;
    state.reason = token ? "" : "consent_refused";
    if (token) return flush();
    const gone = state.waiting.splice(0).length;
    tell("dropped", {reason: state.reason, calls: gone});
  }

  window.hubTrack = {
    page: (name, properties) => call("page", {name, properties}),
    track: (event, properties) => call("track", {event, properties}),
    // The token is the one that your server got for this customer; a visitor's own proves nothing about her.
    identify(userId, consentToken) {
      known = consentToken ? {userId, token: consentToken} : null;
      call("identify", {userId});
    },
    reset: () => { known = null; },
    get state() { return {...state, waiting: state.waiting.length}; },
  };
  document.addEventListener("hub:consent", decided);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
  if (window.hubConsent && window.hubConsent.token) decided();
})();
