// The form for an export: the searchable list of time zones, what belongs to which choice, channels.
"use strict";

(() => {
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_/]/g, " ");

  // --- what belongs to which choice ----------------------------------------------------------------
  function arrange(form) {
    const value = (name) => form.querySelector(`[name="${name}"]:checked`)?.value;
    const type = form.querySelector("#type").selectedOptions[0];
    form.querySelector("#type-note").textContent = type?.dataset.note ?? "";
    form.querySelector("#range-fields").hidden = type?.hasAttribute("data-snapshot") ?? false;
    form.querySelector("#custom-range").hidden = value("preset") !== "custom";
    form.querySelector("#custom-times").hidden = !form.querySelector("#with_times").checked;
    form.querySelector("#dialect-field").hidden = value("format") !== "csv";
    const choice = form.querySelector("#channel-choice");
    if (choice) {
      const some = value("which_channels") === "some";
      choice.hidden = !some;
      const count = choice.querySelectorAll("[name=channel]:checked").length;
      form.querySelector("#chosen-count").textContent = some ? ` (${count})` : "";
    }
  }

  // Choosing "custom" starts from the range that was shown.
  function startCustom(form) {
    const first = form.querySelector("#first_day"), last = form.querySelector("#last_day");
    const from = form.querySelector("[name=from]"), to = form.querySelector("[name=to]");
    if (first.value || last.value || !from) return;
    first.value = from.value.slice(0, 10);
    const day = new Date(`${to.value.slice(0, 10)}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() - 1);
    last.value = day.toISOString().slice(0, 10);
  }

  // --- channels --------------------------------------------------------------------------------------
  function searchChannels(search) {
    const words = fold(search.value).split(" ").filter(Boolean);
    let any = false;
    for (const group of document.querySelectorAll("#channel-list [data-medium]")) {
      const medium = fold(group.querySelector(".medium span").textContent);
      let some = false;
      for (const label of group.querySelectorAll("label")) {
        const text = `${medium} ${fold(label.textContent)}`;
        label.hidden = !words.every((word) => text.includes(word));
        some ||= !label.hidden;
      }
      group.hidden = !some;
      any ||= some;
    }
    document.getElementById("channel-none").hidden = any;
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("#export-form");
    if (!form) return;
    if (event.target.name === "preset" && event.target.value === "custom") startCustom(form);
    arrange(form);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "channel-search") searchChannels(event.target);
  });
  document.addEventListener("click", (event) => {
    const toggle = event.target.closest("[data-toggle-medium]");
    if (!toggle) return;
    const boxes = [...toggle.closest("[data-medium]").querySelectorAll("label:not([hidden]) input")];
    const on = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = on;
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("keydown", (event) => {
    // Enter in the search of channels searches; it does not start the export.
    if (event.key === "Enter" && event.target.id === "channel-search") event.preventDefault();
  });

  // --- the combobox: an input with a list (ARIA 1.2), asked for when somebody comes to the input ---------
  const MOST = 60;
  const lists = new Map();
  // Without an answer the list stays empty: what is typed is taken, and the server says what it knows.
  const optionsOf = (url) => {
    if (!lists.has(url)) {
      lists.set(url, fetch(url, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok && !answer.redirected ? answer.json() : Promise.reject(answer)))
        .then((all) => all.map(([value, note]) => ({ value, note, text: fold(value) })))
        .catch(() => { lists.delete(url); return []; }));
    }
    return lists.get(url);
  };
  function combobox(box) {
    const input = box.querySelector("input");
    let options = null;
    const load = async () => { options = await optionsOf(box.dataset.combobox); };
    const list = document.createElement("div");
    list.className = "combobox-list";
    list.id = `${input.id}-list`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", document.querySelector(`label[for="${input.id}"]`).textContent);
    list.hidden = true;
    box.append(list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" })) input.setAttribute(name, value);
    let chosen = input.value, active = -1;

    const mark = (index) => {
      const items = list.querySelectorAll("[role=option]");
      items[active]?.setAttribute("aria-selected", "false");
      active = items.length ? (index + items.length) % items.length : -1;
      const item = items[active];
      item?.setAttribute("aria-selected", "true");
      item?.scrollIntoView({ block: "nearest" });
      if (item) input.setAttribute("aria-activedescendant", item.id);
      else input.removeAttribute("aria-activedescendant");
    };
    let asked = 0;
    const open = async (all) => {
      const mine = ++asked;
      if (!options?.length) await load();
      // No answer, or gone on while the list was on its way.
      if (!options.length || mine !== asked || document.activeElement !== input) return;
      const words = all ? [] : fold(input.value).split(" ").filter(Boolean);
      const fitting = options.filter((option) => words.every((word) => option.text.includes(word) || option.note.includes(word)));
      list.replaceChildren(...fitting.slice(0, MOST).map((option, index) => {
        const item = document.createElement("div");
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.id = `${list.id}-${index}`;
        item.dataset.value = option.value;
        const name = document.createElement("span");
        name.textContent = option.value;
        const note = document.createElement("small");
        note.textContent = option.note;
        item.append(name, note);
        return item;
      }));
      if (!fitting.length) {
        const none = document.createElement("div");
        none.className = "combobox-none";
        none.textContent = box.dataset.none;
        list.append(none);
      }
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      mark(all ? fitting.findIndex((option) => option.value === input.value) : 0);
    };
    const close = () => {
      asked += 1;
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const choose = (value) => {
      input.value = value;
      close();
      if (value !== chosen) {
        chosen = value;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    };
    input.addEventListener("focus", load);
    input.addEventListener("input", () => open(false));
    input.addEventListener("click", () => { if (list.hidden) { input.select(); open(true); } });
    input.addEventListener("change", (event) => {
      if (list.hidden) chosen = input.value;
      else if (event.isTrusted) event.stopPropagation();
    });
    input.addEventListener("keydown", (event) => {
      const item = list.querySelectorAll("[role=option]")[active];
      if (event.key === "Enter" || event.key === "Escape") asked += 1;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open(true);
        else mark(active + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        if (item) choose(item.dataset.value);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        input.value = chosen;
        close();
      }
    });
    input.addEventListener("blur", () => {
      if (list.hidden) return;
      const exact = options?.find((option) => option.value.toLowerCase() === input.value.trim().toLowerCase());
      choose(exact ? exact.value : input.value.trim() || chosen);
    });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the focus stays in the input
      const item = event.target.closest("[role=option]");
      if (item) choose(item.dataset.value);
    });
  }

  function prepare() {
    const form = document.getElementById("export-form");
    if (!form || form.dataset.prepared) return;
    form.dataset.prepared = "1";
    for (const box of form.querySelectorAll("[data-combobox]")) combobox(box);
    arrange(form);
    form.querySelector("#form-problem")?.scrollIntoView({ block: "nearest" });
  }
  prepare();
  document.addEventListener("htmx:after:swap", prepare);
})();
