// The first minutes: a file of events through the API, a slice at a time, and the news that events arrived.
"use strict";

(() => {
  for (const form of document.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", () => {
      const press = form.querySelector("button");
      press.setAttribute("aria-disabled", "true");
      press.textContent = form.dataset.busy;
    });
  }

  const waiting = document.getElementById("waiting");
  if (waiting) {
    const source = new EventSource(document.getElementById("ways").dataset.live);
    source.addEventListener("arrived", () => {
      source.close();
      waiting.classList.add("arrived");
      waiting.querySelector("span").textContent = waiting.dataset.arrived;
      document.getElementById("arrived").hidden = false;
    });
  }

  const drop = document.getElementById("drop");
  if (!drop) return;
  drop.hidden = false;
  const words = drop.dataset;
  const say = (text, ...values) => values.reduce((said, value, at) => said.replace(`#${at + 1}`, value), text);
  const find = (name) => drop.querySelector(`[data-${name}]`);
  const input = document.getElementById("drop-file");
  const place = document.documentElement.lang;
  const number = (value) => value.toLocaleString(place);
  const csrf = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
  const mostBytes = Number(words.mostBytes);
  const sliceBytes = Math.min(4 << 20, mostBytes);
  const SHOWN = 100;
  let stopper = null;

  class Refused extends Error {}

  // Lines of a stream, whole, in slices of about the same size.
  async function* slices(stream) {
    let rest = new Uint8Array(0);
    for await (const piece of pieces(stream)) {
      const joined = new Uint8Array(rest.length + piece.length);
      joined.set(rest);
      joined.set(piece, rest.length);
      rest = joined;
      while (rest.length >= sliceBytes) {
        const end = rest.lastIndexOf(10, sliceBytes - 1) + 1;
        if (!end && rest.length > mostBytes) throw new Refused(words.tooLong);
        if (!end) break;
        yield rest.slice(0, end);
        rest = rest.slice(end);
      }
    }
    if (rest.length) yield rest;
  }

  async function* pieces(stream) {
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  }

  async function send(body, type, signal) {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(words.url, { method: "POST", body, signal, headers: { "Content-Type": type, "X-CSRF-Token": csrf, "Accept-Language": place } });
      if (![429, 503].includes(answer.status) || tries >= 8) return answer;
      const waits = Number(answer.headers.get("Retry-After")) || 1;
      await new Promise((go) => setTimeout(go, 1000 * Math.min(waits, 20)));
    }
  }

  async function take(file) {
    if (stopper) return;
    stopper = new AbortController();
    const { signal } = stopper;
    const total = { accepted: 0, duplicates: 0, refused: 0 };
    const bar = drop.querySelector("progress");
    const rows = drop.querySelector("tbody");
    const told = new Set();
    let shown = 0, lines = 0, readBytes = 0;
    rows.replaceChildren();
    for (const name of ["refused", "further"]) find(name).hidden = true;
    find("end").replaceChildren();
    drop.querySelector(".drop-work").hidden = false;
    drop.querySelector(".drop-label").classList.add("busy");
    input.disabled = true;
    find("stop").focus();

    const progress = () => {
      bar.value = file.size ? Math.min(1, readBytes / file.size) : 1;
      find("status").textContent = say(words.progress, megabytes(readBytes), megabytes(file.size), number(total.accepted + total.duplicates));
    };
    const tell = (fault, template, first) => {
      if (shown >= SHOWN) return;
      shown += 1;
      told.add(fault.number + first);
      const row = document.createElement("tr");
      const where = fault.number === undefined ? "–" : say(template, number(fault.number + first));
      [where, fault.field, fault.message].forEach((text, at) => {
        const cell = document.createElement("td");
        const label = drop.querySelectorAll("thead th")[at].textContent;
        if (at) cell.dataset.label = label;
        cell.className = "break";
        cell.textContent = text;
        row.append(cell);
      });
      rows.append(row);
    };
    const count = async (answer, template, first) => {
      const said = await answer.json().catch(() => ({}));
      if (said.accepted === undefined) throw new Refused(said.detail ?? String(answer.status));
      for (const name of Object.keys(total)) total[name] += said[name];
      for (const fault of said.errors ?? []) tell(fault, template, first);
      if (total.refused) {
        find("refused").hidden = false;
        find("rest").textContent = total.refused > told.size ? say(words.more, number(total.refused - told.size)) : "";
      }
    };

    let end = "", kind = "notice good";
    try {
      progress();
      if (await isArray(file)) {
        if (file.size > mostBytes) throw new Refused(words.tooLong);
        readBytes = file.size;
        await count(await send(file, "application/cloudevents-batch+json", signal), words.event, 1);
      } else {
        let stream = file.stream().pipeThrough(new TransformStream({
          transform(piece, onwards) { readBytes += piece.length; onwards.enqueue(piece); },
        }));
        if (/\.gz$/i.test(file.name)) stream = stream.pipeThrough(new DecompressionStream("gzip"));
        for await (const slice of slices(stream)) {
          if (new TextDecoder().decode(slice).trim()) await count(await send(slice, "application/x-ndjson", signal), words.line, lines);
          for (const byte of slice) if (byte === 10) lines += 1;
          progress();
        }
      }
      end = say(words.done, number(total.accepted), number(total.duplicates), number(total.refused));
      if (total.refused) kind = total.accepted + total.duplicates ? "notice accent" : "form-error";
    } catch (error) {
      kind = signal.aborted ? "notice accent" : "form-error";
      end = signal.aborted ? words.stopped : say(words.failed, error instanceof Refused ? error.message : words.unreachable);
    }
    progress();
    const box = document.createElement("p");
    box.className = kind;
    box.textContent = end;
    find("end").replaceChildren(box);
    drop.querySelector(".drop-work").hidden = true;
    drop.querySelector(".drop-label").classList.remove("busy");
    find("further").hidden = !(total.accepted + total.duplicates);
    input.disabled = false;
    input.value = "";
    input.focus();
    stopper = null;
  }

  const megabytes = (bytes) => `${(bytes / 1e6).toLocaleString(place, { maximumFractionDigits: 1 })}\u00a0${place === "fr" ? "Mo" : "MB"}`;

  async function isArray(file) {
    if (/\.gz$/i.test(file.name)) return false;
    return /^\ufeff?\s*\[/.test(await file.slice(0, 4096).text());
  }

  input.addEventListener("change", () => { if (input.files[0]) take(input.files[0]); });
  find("stop").addEventListener("click", () => stopper?.abort());
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // a file beside the place is not opened instead of the page
      drop.classList.toggle("over", kind === "dragover" && drop.contains(event.target));
      const file = event.dataTransfer.files[0];
      if (kind === "drop" && file && drop.contains(event.target)) take(file);
    });
  }
})();
