"use strict";

// A click on a heading sorts by it; a second click turns the order round. Rows without a value stay last.
for (const table of document.querySelectorAll("table")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.firstElementChild.addEventListener("click", () => sort(table, headings, column));
  });
}

function sort(table, headings, column) {
  const first = column === 0 ? "ascending" : "descending";
  const other = column === 0 ? "descending" : "ascending";
  const order = headings[column].getAttribute("aria-sort") === first ? other : first;
  headings.forEach((heading) => heading.removeAttribute("aria-sort"));
  headings[column].setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [key(row.cells[column], column), row]);
  rows.sort(([a], [b]) => compare(a, b, sign));
  body.append(...rows.map(([, row]) => row));
}

function key(cell, column) {
  if (column === 0) return cell.textContent;
  return cell.hasAttribute("data-value") ? Number(cell.getAttribute("data-value")) : null;
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
}

// The values under the pointer, in the plot.
for (const plot of document.querySelectorAll(".plot")) {
  const frames = JSON.parse(plot.dataset.frames);
  const curves = Object.entries(JSON.parse(plot.dataset.curves));
  const output = plot.querySelector("output");
  const cursor = plot.querySelector(".cursor");
  const last = Math.max(1, frames.length - 1);
  const show = (event) => {
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    const frame = Math.min(frames.length - 1, Math.max(0, Math.round(share * last)));
    const values = curves.map(([name, list]) => `${name} ${list[frame] === null ? "-" : list[frame].toFixed(3)}`);
    output.textContent = `${frames[frame]}: ${values.join(", ")}`;
    cursor.style.left = `${(100 * frame) / last}%`;
    cursor.hidden = false;
  };
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", () => { cursor.hidden = true; output.textContent = ""; });
}
