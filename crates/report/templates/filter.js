// Adds a text filter; the page is whole without it.
(() => {
  const box = document.getElementById("filter");
  const rows = Array.from(document.querySelectorAll("tbody.f"), (row) => [row, null]);
  if (!box || rows.length < 2) return;
  const status = document.getElementById("filter-status");
  const more = document.querySelector("details.more");
  box.closest("label").hidden = false;
  let pending = 0;
  const apply = () => {
    const wanted = box.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of rows) {
      entry[1] ??= entry[0].textContent.toLowerCase();
      const hit = wanted.every((word) => entry[1].includes(word));
      entry[0].classList.toggle("miss", !hit);
      if (hit) shown += 1;
    }
    if (wanted.length && more) more.open = true;
    status.textContent = wanted.length ? shown + " / " + rows.length : "";
  };
  box.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(apply, 120);
  });
})();
