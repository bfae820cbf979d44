// The page of a run follows its run.
"use strict";

(() => {
  // The page of a run as it is now, in the place of what was there; never while somebody presses a
  // button of it, nor once one was pressed: that answer is on its way.
  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { pressed = false; }, 300), true);
  let asked = 0;
  async function renew(page) {
    const mine = ++asked;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-run-page]");
    const place = () => {
      // Newer news were asked for meanwhile: they are placed, not these.
      if (mine !== asked) return;
      if (!fresh || !page.isConnected || page.querySelector("form[data-sent]")) return;
      if (pressed) { setTimeout(place, 100); return; }
      const focused = document.activeElement, inside = page.contains(focused);
      page.replaceWith(fresh);
      htmx.process(fresh);
      if (inside) [...fresh.querySelectorAll("a, button, summary")].find((one) => one.textContent === focused.textContent)?.focus();
    };
    place();
  }
  document.addEventListener("run-changed", (event) => renew(event.target));
})();
