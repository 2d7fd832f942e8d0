// The console works without this file, except for live figures. No eval, no inline handlers, no dependencies but htmx.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = (text) => { const live = find("#live"); if (live) live.textContent = text; };

  // Trouble: a request that failed leaves what is shown and says so, with the request id for support.
  const trouble = find("#trouble");
  const complain = (text) => { if (trouble) { find("span", trouble).textContent = text; trouble.hidden = false; } };
  const recover = () => { if (trouble) trouble.hidden = true; };
  const inLazy = (element, text) => {
    const panel = element.closest("[data-trouble]");
    const words = panel && find("[data-loading]", panel);
    if (!words) return false;
    words.textContent = text + " ";
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-sm";
    again.textContent = "Try again";
    again.addEventListener("click", () => { words.textContent = "Loading…"; htmx.trigger(panel, "again"); });
    words.append(again);
    return true;
  };
  document.addEventListener("htmx:responseError", (event) => {
    const answer = event.detail.xhr, inWords = (answer.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    const id = answer.getResponseHeader("X-Request-Id") || "unknown";
    const text = inWords ? answer.responseText : `This could not be loaded (${answer.status}, request ${id}).`;
    if (!inLazy(event.target, text)) complain(`${text} What you see may be out of date.`);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!inLazy(event.target, "The server does not answer.")) complain("The server does not answer. What you see may be out of date.");
  });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) recover(); });

  // Live fragments: fetched again every few seconds while the tab is visible.
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now();
    for (const element of all("[data-poll]")) {
      element.dueAt ??= now + 1000 * Number(element.dataset.poll);
      if (now >= element.dueAt) { element.dueAt = now + 1000 * Number(element.dataset.poll); htmx.trigger(element, "poll"); }
    }
  }, 500);

  // Relative times stay true while the page is open.
  const units = [[31536000, "y"], [2592000, "mo"], [86400, "d"], [3600, "h"], [60, "min"]];
  const inWords = (then, now) => {
    const seconds = Math.floor(Math.abs(now - then) / 1000);
    const step = units.find(([size]) => seconds >= size);
    if (!step) return "just now";
    const amount = `${Math.floor(seconds / step[0])} ${step[1]}`;
    return then < now ? `${amount} ago` : `in ${amount}`;
  };
  setInterval(() => {
    for (const time of all("time[data-ago]")) time.textContent = inWords(Date.parse(time.dateTime), Date.now());
  }, 30000);

  // Time series: figures come as JSON in the page, colours from the stylesheet.
  const drawChart = (holder) => {
    const source = document.getElementById(holder.dataset.chart);
    if (!source || !window.uPlot || holder.firstChild) return;
    const { series, data } = JSON.parse(source.textContent);
    const style = getComputedStyle(holder);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--chart-ink"), grid: { stroke: colour("--chart-grid"), width: 1 }, ticks: { show: false }, font: "12px Inter, system-ui" };
    const timeZone = document.documentElement.dataset.zone || "UTC";
    const clock = (options) => new Intl.DateTimeFormat("en-GB", { timeZone, ...options });
    const byDay = clock({ day: "numeric", month: "short" }), byMinute = clock({ hour: "2-digit", minute: "2-digit" });
    const exact = clock({ dateStyle: "medium", timeStyle: "short" });
    const instants = (_, ticks, axis, space, step) => ticks.map((tick) => (step >= 86400 ? byDay : byMinute).format(tick * 1000));
    const lines = series.map((label, index) => ({
      label, width: 2, points: { show: false, filter: (p, i) => p.data[i].flatMap((v,n,a) => v == null || (a[n-1] ?? a[n+1]) != null ? [] : n) },
      stroke: colour(`--chart-${index % 4 + 1}`),
      fill: index ? undefined : colour("--chart-fill"),
      value: (_, figure) => figure == null ? "–" : figure.toLocaleString("en-GB"),
    }));
    const size = () => ({ width: holder.clientWidth, height: holder.clientWidth < 500 ? 200 : 240 });
    const plot = new uPlot({ ...size(), tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), timeZone), series: [{ label: "Time", value: (_, stamp) => stamp == null ? "–" : exact.format(stamp * 1000) }, ...lines], axes: [{ ...axis, size: 30, values: instants }, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-GB")) }], scales: { y: { range: (_, low, high) => [Math.min(0, low), high || 1] } } }, data, holder);
    new ResizeObserver(() => plot.setSize(size())).observe(holder);
  };

  // A search already applied while typing: leaving its field must not swap the rows again under a first tick.
  document.addEventListener("change", (event) => { if (event.target.matches("#filters [name=q]")) event.stopPropagation(); }, true);

  // Tables: ticking rows.
  const countTicks = (form) => {
    const boxes = all("input[name=id]", form), ticked = boxes.filter((box) => box.checked).length;
    const everything = find("input[name=everything]", form), words = find("[data-tick-count]", form), head = find("[data-tick-all]", form);
    if (head) { head.checked = ticked > 0 && ticked === boxes.length; head.indeterminate = ticked > 0 && ticked < boxes.length; }
    if (words) words.textContent = everything?.checked ? "Everything that matches" : ticked ? `${ticked} ticked` : "Tick rows to act on them";
    const chosen = ticked > 0 || Boolean(everything?.checked);
    form.classList.toggle("has-ticks", chosen);
    for (const button of all("[data-needs-ticks]", form)) button.disabled = !chosen;
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-bulk]");
    if (!form) return;
    if (event.target.matches("[data-tick-all]")) for (const box of all("input[name=id]", form)) box.checked = event.target.checked;
    countTicks(form);
  });

  // Dialogs: palette and drawer. showModal() brings the focus trap and Esc.
  const palette = find("#palette"), drawer = find("#drawer");
  const openPalette = (text = "") => {
    if (!palette || palette.open) return;
    palette.showModal();
    const input = find("#palette-input");
    input.value = text;
    input.focus();
    if (text) htmx.trigger(input, "input");
  };
  const hits = () => all("#palette-hits a");
  const choose = (step) => {
    const list = hits(), at = list.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    if (!list.length) return;
    const next = list[(at + step + list.length) % list.length];
    for (const hit of list) hit.setAttribute("aria-selected", String(hit === next));
    find("#palette-input").setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    if (event.key === "/" && !event.target.closest("input, textarea, select, [contenteditable]")) {
      const search = find("#filters input[name=q]");
      if (search) { event.preventDefault(); search.focus(); }
    }
    if (palette?.open && event.target.id === "palette-input") {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
      const chosen = find('#palette-hits a[aria-selected="true"]') || hits()[0];
      if (event.key === "Escape") { event.preventDefault(); palette.close(); return; }
      if (event.key === "Enter" && chosen) { event.preventDefault(); chosen.click(); }
    }
    if (event.key === "Escape") for (const drop of all("details[data-drop][open]")) { drop.open = false; find("summary", drop).focus(); }
  });
  document.addEventListener("click", (event) => {
    for (const drop of all("details[data-drop][open]")) if (!drop.contains(event.target)) drop.open = false;
    if (event.target === palette || event.target === drawer) event.target.close();
    if (event.target.closest("[data-palette] input")) { event.preventDefault(); openPalette(event.target.value); }
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.dataset.copy).then(
      () => { copy.classList.add("copied"); say("Copied"); setTimeout(() => copy.classList.remove("copied"), 1500); },
      () => complain("The browser did not allow copying. Select the text and copy it by hand."));
    if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
    if (event.target.closest("[data-dismiss]")) recover();
    if (event.target.closest("[aria-disabled=true]")) event.preventDefault();
    const link = event.target.closest("a[data-drawer]");
    if (link && drawer && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      drawer.showModal();
      htmx.ajax("GET", link.href, { target: "#drawer-body" });
    }
  });

  const prepare = (root) => {
    for (const holder of all("[data-chart]", root)) drawChart(holder);
    for (const form of all("form[data-bulk]", root)) countTicks(form);
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    const fragment = find("[data-announce]", event.target);
    if (fragment) say(fragment.dataset.announce);
    if (event.target.id === "palette-hits") choose(1);
  });
  document.addEventListener("htmx:load", (event) => prepare(event.target));
  document.addEventListener("DOMContentLoaded", () => {
    prepare(document);
    const modal = find("dialog[data-modal]");
    if (modal) { modal.close(); modal.showModal(); modal.addEventListener("cancel", (event) => event.preventDefault()); }
  });
})();
