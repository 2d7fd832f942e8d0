/* The board by keyboard: up and down within a column, left and right between columns; Enter opens the card. */
"use strict";
document.querySelectorAll("[data-board]").forEach((board) => {
  const lanes = [...board.querySelectorAll(".lane")].map((lane) => [...lane.querySelectorAll(".request-link")]);
  const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  board.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step || event.target.closest(".request-menu")) return;
    let x = lanes.findIndex((lane) => lane.includes(document.activeElement));
    let y = x < 0 ? -1 : lanes[x].indexOf(document.activeElement);
    if (x < 0) { x = lanes.findIndex((lane) => lane.length); y = 0; }
    else {
      do { x += step[0]; } while (step[0] && lanes[x] && !lanes[x].length);
      y += step[1];
    }
    const lane = lanes[x];
    const card = lane && lane[Math.min(y, step[0] ? lane.length - 1 : y)];
    if (card) { card.focus(); event.preventDefault(); }
  });
});
