// What every page needs: the browser's time zone for the server, menus, copying, small habits.
"use strict";

(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`tawny_zone=${encodeURIComponent(zone)}`)) {
    document.cookie = `tawny_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  }

  const toggle = document.getElementById("menu-toggle");
  const nav = document.getElementById("nav");
  const showNav = (open) => {
    nav.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
  };
  toggle?.addEventListener("click", () => showNav(!nav.classList.contains("open")));

  const menus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (nav?.classList.contains("open")) {
      showNav(false);
      toggle.focus();
    }
    document.getElementById("toasts").replaceChildren();
  });
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
    if (nav?.classList.contains("open") && !event.target.closest(".bar")) showNav(false);

    event.target.closest("[data-close]")?.closest("dialog").close();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const source = document.querySelector(copy.dataset.copy);
      const said = copy.querySelector("span") ?? copy;
      const done = () => { said.textContent = copy.dataset.done; };
      if (navigator.clipboard) navigator.clipboard.writeText(source.textContent).then(done);
      else getSelection().selectAllChildren(source); // no secure context: selected, to copy by hand
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  // Keys for those who do not reach for the mouse; not while something is typed.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea, [contenteditable]")) return;
    const keys = document.getElementById("keys");
    if (event.key === "/") {
      const search = document.querySelector("main [data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select?.(); }
    } else if (event.key === "c" && keys) {
      const field = document.querySelector("#export-form select, #export-form input:not([type=hidden])");
      event.preventDefault();
      if (field) field.focus();
      else location.assign("/exports#new-export");
    } else if (event.key === "?" && keys && !keys.open) {
      event.preventDefault();
      keys.showModal();
    }
  });
  // What is typed into a field for a password can be looked at.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-show-passwords]")) return;
    for (const field of event.target.form.querySelectorAll("[autocomplete$=password]")) field.type = event.target.checked ? "text" : "password";
  });

  // Long lists of boxes: searched, all of what is found at once, counted.
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const count = (list) => {
    const place = document.querySelector(`[data-count="${list.id}"]`);
    if (place) place.textContent = list.querySelectorAll(":checked").length;
  };
  document.addEventListener("input", (event) => {
    const list = document.getElementById(event.target.dataset.filters ?? "");
    if (!list) return;
    const words = fold(event.target.value).split(" ").filter(Boolean);
    for (const label of list.querySelectorAll("label")) label.hidden = !words.every((word) => fold(label.textContent).includes(word));
  });
  document.addEventListener("click", (event) => {
    const list = document.getElementById(event.target.closest("[data-all]")?.dataset.all ?? "");
    if (!list) return;
    const boxes = [...list.querySelectorAll("label:not([hidden]) input")];
    const on = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = on;
    count(list);
  });
  document.addEventListener("change", (event) => { const list = event.target.closest(".channel-list[id]"); if (list) count(list); });

  // One press is one request, also where a page is sent by the browser itself.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.matches("[hx-post]")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
