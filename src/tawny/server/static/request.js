// The form for an export: the searchable list of time zones, what belongs to which choice, channels.
"use strict";

(() => {
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_/,’'.]/g, " ");

  // --- what belongs to which choice ----------------------------------------------------------------
  function arrange(form) {
    const value = (name) => form.querySelector(`[name="${name}"]:checked`)?.value;
    const type = form.querySelector("#type").selectedOptions[0];
    form.querySelector("#type-note").textContent = type?.dataset.note ?? "";
    const which = value("which");
    for (const part of form.querySelectorAll("[data-which]")) {
      part.hidden = part.dataset.which === "bundle" ? which === "one" : part.dataset.which !== which;
    }
    const asked = which === "one" ? [type] : which === "several" ? [...form.querySelectorAll("[name=export]:checked")] : [];
    const range = form.querySelector("#range-fields");
    if (range) range.hidden = asked.length > 0 && asked.every((one) => one?.hasAttribute("data-snapshot"));
    form.querySelector("#workbook-field").hidden = value("format") !== "xlsx";
    const times = form.querySelector("#with_times")?.checked;
    for (const part of form.querySelectorAll("[data-with-times]")) part.hidden = !times;
    for (const part of form.querySelectorAll("[data-whole-days]")) part.hidden = times;
    form.querySelector("#dialect-field").hidden = value("format") !== "csv";
    const choice = form.querySelector("#channel-choice");
    if (choice) {
      const some = value("which_channels") === "some";
      choice.hidden = !some;
      if (some && !choice.childElementCount) htmx.trigger(choice, "listed");
      const count = choice.querySelectorAll("[name=channel]:checked").length;
      form.querySelector("#chosen-count").textContent = some ? ` (${count})` : "";
    }
  }

  function moved(day, days) {
    const date = new Date(`${day}T00:00:00Z`);
    if (Number.isNaN(date.getTime())) return "";
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
  }

  // The fields for dates show the range there is.
  function fillDates(form) {
    const first = form.querySelector("#first_day"), last = form.querySelector("#last_day");
    const from = form.querySelector("[name=from]"), to = form.querySelector("[name=to]");
    if (!from) return;
    const times = form.querySelector("#with_times");
    times.checked = from.value.length > 10 || to.value.length > 10;
    first.value = from.value.slice(0, 10);
    form.querySelector("#from_time").value = from.value.slice(11, 16) || "00:00";
    last.value = times.checked ? "" : moved(to.value.slice(0, 10), -1);
    form.querySelector("#end_day").value = times.checked ? to.value.slice(0, 10) : "";
    form.querySelector("#to_time").value = to.value.slice(11, 16) || "00:00";
    arrange(form);
  }

  // The range in words and the fields for dates say the same; what was touched last counts.
  function sayRange(form) {
    const text = form.querySelector("#range-text").value, custom = form.querySelector("#preset").value === "custom";
    const range = form.querySelector("#range");
    if (text && document.activeElement !== range) range.value = range.dataset.chosen = text;
    if (!custom && !form.querySelector("#custom-range").hidden) fillDates(form);
  }

  // The same range said the other way: 7 November, its last day, is an end at 8 November, 00:00. Of
  // the two fields only the one that counts is filled.
  function sayEnd(form) {
    const last = form.querySelector("#last_day"), end = form.querySelector("#end_day"), time = form.querySelector("#to_time");
    if (form.querySelector("#with_times").checked) {
      if (last.value) [end.value, time.value] = [moved(last.value, 1), "00:00"];
      last.value = "";
    } else {
      if (end.value) last.value = time.value > "00:00" ? end.value : moved(end.value, -1);
      [end.value, time.value] = ["", "00:00"];
      form.querySelector("#from_time").value = "00:00";
    }
  }

  // What is wrong stands at the field it is about.
  function markProblem(form) {
    const told = form.querySelector("#bounds [data-problem-of]");
    for (const place of form.querySelectorAll("[data-problem-at]")) {
      const wrong = told?.dataset.problemOf === place.dataset.problemAt;
      place.hidden = !wrong;
      place.textContent = wrong ? told.textContent : "";
      const field = document.getElementById(place.dataset.problemAt);
      if (wrong) field?.setAttribute("aria-invalid", "true");
      else field?.removeAttribute("aria-invalid");
    }
    form.querySelector("#form-problem")?.remove();
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
    if (event.target.id === "range") form.querySelector("#preset").value = "";
    if (event.target.closest("#custom-range")) form.querySelector("#preset").value = "custom";
    if (event.target.id === "with_times") sayEnd(form);
    if (event.target.matches("[name=which], [name=type], [name=export]")) htmx.trigger(form, "exports-changed");
    arrange(form);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "channel-search") searchChannels(event.target);
  });
  document.addEventListener("click", (event) => {
    const shift = event.target.closest("[data-shift]");
    if (shift) [shift.form.querySelector("#preset").value, shift.form.dataset.moved] = ["", "1"];
    const calendar = event.target.closest("#calendar");
    if (calendar) {
      const dates = calendar.form.querySelector("#custom-range");
      dates.hidden = !dates.hidden;
      calendar.setAttribute("aria-expanded", String(!dates.hidden));
      if (dates.hidden) return;
      if (calendar.form.querySelector("#preset").value !== "custom") fillDates(calendar.form);
      dates.querySelector("#first_day").focus();
    }
    const toggle = event.target.closest("[data-toggle-medium]");
    if (!toggle) return;
    const boxes = [...toggle.closest("[data-medium]").querySelectorAll("label:not([hidden]) input")];
    const on = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = on;
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("toggle", (event) => {
    const columns = event.target;
    if (columns.id !== "columns-field" || !columns.open || columns.querySelector("#form-columns")) return;
    columns.querySelector("[name=columns_listed]").value = "now";
    htmx.trigger(columns, "listed");
  }, true);
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
        .then((all) => all.map(([value, title, note, text]) => ({ value, title, note, text: ` ${text} ` })))
        .catch(() => { lists.delete(url); return []; }));
    }
    return lists.get(url);
  };
  function combobox(box) {
    const input = box.querySelector("input");
    // What is listed are suggestions: anything may be typed.
    const free = Boolean(box.dataset.options);
    let options = null;
    // Offsets are those of the range, which may lie in summer while it is winter.
    const load = async () => {
      if (free) {
        options ??= JSON.parse(box.dataset.options).map(([value, note]) => ({ value, title: value, note, text: ` ${fold(value)} ` }));
        return;
      }
      const [from, to] = ["from", "to"].map((name) => document.querySelector(`#bounds [name=${name}]`)?.value.slice(0, 10) ?? "");
      options = await optionsOf(`${box.dataset.combobox}?from=${from}&to=${to}`);
    };
    // First what is named so as a whole, then what begins so: "inde" is India before Indianapolis.
    const rank = (option, words) => {
      const all = words.join(" ");
      return option.text.includes(` ${all} `) ? 0 : option.text.includes(` ${all}`) ? 1 : 2;
    };
    const list = document.createElement("div");
    list.className = "combobox-list";
    list.id = `${input.id}-list`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.getAttribute("aria-label") ?? input.labels[0].textContent);
    list.hidden = true;
    box.append(list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false" })) input.setAttribute(name, value);
    // What was told of last; the browser tells of what is typed a second time, once it is left.
    input.dataset.chosen = input.value;
    let active = -1;

    const mark = (index) => {
      const items = list.querySelectorAll("[role=option]");
      items[active]?.setAttribute("aria-selected", "false");
      active = items.length && index !== null ? (index + items.length) % items.length : -1;
      const item = items[active];
      item?.setAttribute("aria-selected", "true");
      item?.scrollIntoView({ block: "nearest" });
      if (item) input.setAttribute("aria-activedescendant", item.id);
      else input.removeAttribute("aria-activedescendant");
    };
    let asked = 0;
    const open = async (all) => {
      const mine = ++asked;
      await load();
      // No answer, or gone on while the list was on its way.
      if (!options.length || mine !== asked || document.activeElement !== input) return;
      const words = all ? [] : fold(input.value).split(" ").filter(Boolean);
      const fitting = options.filter((option) => words.every((word) => option.text.includes(word) || option.note.includes(word)))
        .sort((one, other) => rank(one, words) - rank(other, words));
      list.replaceChildren(...fitting.slice(0, MOST).map((option, index) => {
        const item = document.createElement("div");
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.id = `${list.id}-${index}`;
        item.dataset.value = option.value;
        const name = document.createElement("span");
        name.textContent = option.title;
        const note = document.createElement("small");
        note.textContent = free ? option.note : `${option.value} · ${option.note}`;
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
      const at = all ? fitting.findIndex((option) => option.value === input.value) : 0;
      // "last 3 days" is not "Last 30 days", though it holds all of its letters.
      mark(free && !all && !fitting[0]?.text.startsWith(` ${fold(input.value)}`) || at < 0 ? null : at);
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
      if (value !== input.dataset.chosen) {
        input.dataset.chosen = value;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    };
    input.addEventListener("focus", load);
    input.addEventListener("input", () => open(false));
    input.addEventListener("click", () => { if (list.hidden) { input.select(); open(true); } });
    input.addEventListener("change", (event) => {
      if (event.isTrusted && (!list.hidden || input.value === input.dataset.chosen)) event.stopPropagation();
      else input.dataset.chosen = input.value;
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
        else if (free) choose(input.value.trim());
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        input.value = input.dataset.chosen;
        close();
      }
    });
    input.addEventListener("blur", () => {
      if (list.hidden) return;
      const exact = !free && options?.find((option) => option.value.toLowerCase() === input.value.trim().toLowerCase());
      choose(exact ? exact.value : input.value.trim() || input.dataset.chosen);
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
    for (const box of form.querySelectorAll(".combobox")) combobox(box);
    arrange(form);
    if (form.querySelector("#form-problem")) (form.querySelector("[aria-invalid=true]") ?? form.querySelector("#generate")).focus();
  }
  prepare();
  document.addEventListener("htmx:after:swap", (event) => {
    prepare();
    if (!event.target.matches("#bounds, [data-shift]")) return;
    const form = event.target.closest("form");
    markProblem(form);
    sayRange(form);
    if (form.dataset.moved) htmx.trigger(form, "range-moved");
    delete form.dataset.moved;
  });
})();
