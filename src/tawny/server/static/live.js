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
    keepUnfolded(old, fresh);
    const focused = old.contains(document.activeElement);
    old.replaceWith(fresh);
    htmx.process(fresh);
    if (focused) fresh.querySelector("a, button")?.focus();
  }

  // What a reader has unfolded in a run stays so when news of it, or of others, arrive.
  function keepUnfolded(old, fresh) {
    for (const unfolded of old.querySelectorAll("[data-run] details[open], details[open].run-parts")) {
      const run = unfolded.closest("[data-run]").id;
      const place = fresh.id === run ? fresh : fresh.querySelector(`#${CSS.escape(run)}`);
      place?.querySelector("details")?.setAttribute("open", "");
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
    if (!page) return;
    if (page.dataset.state === change.state) showProgress(page, change);
    else renew(page);
  }

  // The page of a run as it is now, in the place of what was there; never while somebody presses a
  // button of it, nor once one was pressed: that answer is on its way.
  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { pressed = false; }, 300), true);
  async function renew(page) {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-run-page]");
    const place = () => {
      if (!fresh || !page.isConnected || page.querySelector("form[data-sent]")) return;
      if (pressed) { setTimeout(place, 100); return; }
      const focused = document.activeElement, inside = page.contains(focused);
      page.replaceWith(fresh);
      htmx.process(fresh);
      if (inside) [...fresh.querySelectorAll("a, button, summary")].find((one) => one.textContent === focused.textContent)?.focus();
    };
    place();
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

  // A few at a time, so that they never bury the page: the bell lists them all. What is ready leaves
  // by itself, what failed stays until it is put away.
  const narrow = matchMedia("(max-width: 40rem)");
  let left = 0;

  function toast(change) {
    const box = document.createElement("div");
    box.className = `toast ${change.state}`;
    if (change.state === "failed") box.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = `${change.text} `;
    const link = document.createElement("a");
    link.href = change.url;
    link.textContent = toasts.dataset.open;
    text.append(link);
    if (change.file) {
      const file = document.createElement("a");
      file.href = change.file;
      file.download = "";
      file.textContent = toasts.dataset.download;
      text.append(" · ", file);
    }
    const close = button(toasts.dataset.dismiss, "×");
    close.addEventListener("click", () => {
      const next = box.nextElementSibling ?? box.previousElementSibling;
      box.remove();
      (next?.querySelector("button") ?? document.getElementById("main")).focus();
    });
    box.append(text, close);
    toasts.append(box);
    makeRoom();
    const leave = () => {
      // Not while somebody reads it or is about to press something in it.
      if (box.matches(":hover, :focus-within")) setTimeout(leave, 3000);
      else box.remove();
    };
    if (change.state !== "failed") setTimeout(leave, 10000);
  }

  function button(label, sign) {
    const made = document.createElement("button");
    made.className = "quiet small icon-button";
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.textContent = sign;
    return made;
  }

  // The oldest that is ready goes first, then the oldest; how many went is said in one line.
  function makeRoom() {
    const most = narrow.matches ? 1 : 3;
    const shown = () => [...toasts.querySelectorAll(".toast")];
    while (shown().length > most) {
      const others = shown().slice(0, -1);
      (others.find((one) => !one.matches(".failed")) ?? others[0]).remove();
      left += 1;
    }
    if (!left) return;
    let more = document.getElementById("more-toasts");
    if (!more) {
      more = document.createElement("button");
      more.type = "button";
      more.id = "more-toasts";
      more.className = "small";
      more.addEventListener("click", (event) => {
        event.stopPropagation(); // a press outside of a menu closes it
        bell.open = true;
        bell.querySelector("summary").focus();
      });
      toasts.prepend(more);
    }
    more.textContent = toasts.dataset.more.replace("#", String(left));
  }

  // With the last of them the line goes too, and the count begins anew.
  new MutationObserver(() => {
    if (toasts.querySelector(".toast")) return;
    left = 0;
    document.getElementById("more-toasts")?.remove();
  }).observe(toasts, { childList: true });

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
