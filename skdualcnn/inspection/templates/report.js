"use strict";
// What is wider than its place fades at the edge behind which it goes on.
for (const box of document.querySelectorAll(".scroll, .card, nav ul")) {
  const fade = () =>
    box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  box.addEventListener("scroll", fade, { passive: true });
  new ResizeObserver(fade).observe(box);
}
// Without this script the tables stand as they were written: sorted, and complete.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  const body = table.tBodies[0];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.order === undefined ? cell.textContent : Number(cell.dataset.order);
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const title = head.querySelector("span");
    button.textContent = title.textContent;
    title.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const down = before === null ? numeric : before === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const rows = Array.from(body.rows).sort((a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1; // no number: last
        return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
      });
      body.append(...rows);
    });
  });
}
