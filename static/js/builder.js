/* Parts of a rule by dragging their grip; the buttons beside it do the same by keyboard. */
"use strict";
(() => {
  const builder = document.getElementById("builder");
  let source = null, mark = null;
  const unmark = () => { mark?.classList.remove("drop-before", "drop-after", "drop-into"); mark = null; };
  const aim = (event) => {
    const line = event.target.closest("[data-place]"), group = event.target.closest("[data-group]");
    const inside = (place) => place === source || place.startsWith(source + ".");
    if (line && line.dataset.place && !line.dataset.group && !inside(line.dataset.place)) {
      const box = line.getBoundingClientRect();
      return [line, event.clientY < box.top + box.height / 2 ? "before" : "after", line.dataset.place];
    }
    return group && !inside(group.dataset.group) ? [group, "into", group.dataset.group] : null;
  };
  builder.addEventListener("dragstart", (event) => {
    const part = event.target.closest?.(".rule-grip")?.closest("[data-place]");
    if (!part) return;
    source = part.dataset.place;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", source);
    event.dataTransfer.setDragImage(part, 8, 8);
  });
  builder.addEventListener("dragover", (event) => {
    const found = source && aim(event);
    unmark();
    if (!found) return;
    event.preventDefault();
    mark = found[0];
    mark.classList.add("drop-" + found[1]);
  });
  builder.addEventListener("drop", (event) => {
    const found = source && aim(event);
    if (!found) return;
    event.preventDefault();
    const mover = document.getElementById("mover");
    mover.value = `move ${source} ${found[1]} ${found[2]}`;
    mover.click();
  });
  builder.addEventListener("dragend", () => { source = null; unmark(); });
})();
