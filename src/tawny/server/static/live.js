// Changes of runs as they happen: progress in the list, toasts, the bell, browser notifications.
"use strict";

(() => {
  const toasts = document.getElementById("toasts");
  const unread = document.getElementById("unread");
  const bell = document.getElementById("bell");

  // The connection is kept by one tab and shared: browsers allow few connections to one host.
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("tawny-live") : null;
  const connect = () => {
    const source = new EventSource(document.body.dataset.live);
    source.addEventListener("run", (event) => {
      const change = JSON.parse(event.data);
      take(change);
      channel?.postMessage(change);
    });
    source.addEventListener("open", () => {
      setTimeout(catchUp, 100);
      channel?.postMessage({ catchUp: true });
    });
  };
  channel?.addEventListener("message", (event) => {
    if (event.data.catchUp) catchUp();
    else take(event.data);
  });
  if (channel && navigator.locks) navigator.locks.request("tawny-live", () => { connect(); return new Promise(() => {}); });
  else connect();

  // What changed between the making of this page and the connection.
  async function catchUp() {
    const answer = await fetch("/live/now", { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok && !answer.redirected) for (const change of (await answer.json()).reverse()) take(change, true); // the newest is told last
  }
  setTimeout(catchUp, 1500);

  const newest = new Map();
  function take(change, late = false) {
    if ((newest.get(change.id) ?? -1) >= change.version) return;
    newest.set(change.id, change.version);
    updateList(change);
    updateRunPage(change);
    if (change.own && change.text) tell(change, late);
  }

  function updateList(change) {
    const list = document.getElementById("run-list");
    if (!list) return;
    const row = document.getElementById(`run-${change.id}`);
    if (!row) {
      // Own runs at once; those of others when the reader asks: nothing moves under the pointer.
      if (!list.hasAttribute("data-takes-new")) return;
      if (change.own) refreshList(list);
      else offerNew(list, change.id);
      return;
    }
    if (row.dataset.state === change.state && change.state === "running") showProgress(row, change);
    else if (Number(row.dataset.version) < change.version) {
      replace(row.id, `/exports/${change.id}/row`);
    }
  }

  const waiting = new Set();
  function offerNew(list, id) {
    const offer = document.getElementById("new-runs");
    waiting.add(id);
    offer.textContent = offer.dataset.text.replace("#", String(waiting.size));
    offer.hidden = false;
    offer.onclick = () => refreshList(list);
  }

  let refreshing;
  function refreshList(list) {
    waiting.clear();
    document.getElementById("new-runs").hidden = true;
    clearTimeout(refreshing);
    refreshing = setTimeout(() => {
      const now = document.getElementById(list.id);
      if (now) replace(now.id, now.dataset.url);
    }, 150);
  }

  // Not by htmx.ajax: it drops a request while others wait, and the last news must never be dropped.
  async function replace(id, url) {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) return;
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    const fresh = box.content.getElementById(id), old = document.getElementById(id);
    if (!fresh || !old || Number(fresh.dataset.version) < Number(old.dataset.version)) return;
    if (old.dataset.url && old.dataset.url !== url) return; // filtered or sorted otherwise meanwhile
    keepUnfolded(old, fresh);
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    htmx.process(fresh);
    if (focused) fresh.querySelector("a, button")?.focus();
  }

  // What a reader has ticked, or unfolded in a run, stays so when news of it, or of others, arrive.
  function keepUnfolded(old, fresh) {
    for (const box of old.querySelectorAll("[name=run]:checked"))
      for (const same of fresh.querySelectorAll(`[value="${box.value}"]`)) same.checked = true;
    for (const unfolded of old.querySelectorAll("[data-run] details[open], details[open].run-parts")) {
      const run = unfolded.closest("[data-run]").id;
      const place = fresh.id === run ? fresh : fresh.querySelector(`#${CSS.escape(run)}`);
      const folded = place?.querySelector("details");
      if (!folded) continue;
      folded.open = true; // and asks for its files as they are now; until then those of before
      folded.querySelector("ul").replaceChildren(...unfolded.querySelector("ul").children);
    }
  }

  function showProgress(place, change) {
    const bar = place.querySelector("[data-progress]");
    if (bar) bar.value = change.percent;
    const phase = place.querySelector("[data-phase]");
    if (phase) phase.textContent = change.phase;
  }

  function updateRunPage(change) {
    const page = document.querySelector(`[data-run-page="${CSS.escape(change.id)}"]`);
    if (page?.dataset.state === change.state) showProgress(page, change);
    else page?.dispatchEvent(new CustomEvent("run-changed", { bubbles: true }));
  }

  function tell(change, late) {
    const told = JSON.parse(localStorage.getItem("tawny-told") ?? "[]");
    const key = `${change.id}:${change.state}`;
    if (late && told.includes(key)) return;
    toast(change);
    // What a page missed before it was made is counted in it already.
    if (unread && !bell.open && !late) {
      unread.textContent = String(Number(unread.textContent || 0) + 1);
      unread.hidden = false;
    }
    if (told.includes(key)) return;
    localStorage.setItem("tawny-told", JSON.stringify([...told, key].slice(-50)));
    if ("Notification" in window && Notification.permission === "granted" && document.hidden) {
      const shown = new Notification("Tawny", { body: change.text, tag: key });
      shown.addEventListener("click", () => { window.focus(); location.assign(change.url); });
    }
  }

  // What shows them comes with the first of them.
  let shower;
  function toast(change) {
    shower ??= new Promise((done) => {
      const script = document.createElement("script");
      script.src = toasts.dataset.script;
      script.addEventListener("load", done);
      document.head.append(script);
    });
    shower.then(() => toasts.dispatchEvent(new CustomEvent("news", { detail: change })));
  }

  const showNews = () => {
    if (!bell.open) return;
    toasts.replaceChildren(); // the bell says it all
    htmx.trigger("#notifications", "opened");
    unread.hidden = true;
    unread.textContent = "0";
  };
  bell?.addEventListener("toggle", showNews);
  if (bell?.open) setTimeout(showNews); // opened before this script was there
  document.addEventListener("htmx:after:swap", () => {
    const allow = document.getElementById("allow-notifications");
    if (allow) allow.hidden = !("Notification" in window) || Notification.permission !== "default";
  });
  document.addEventListener("click", (event) => {
    const allow = event.target.closest("#allow-notifications");
    if (allow) Notification.requestPermission().then(() => { allow.hidden = true; });
  });
})();
