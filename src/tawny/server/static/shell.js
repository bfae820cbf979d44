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
