"use strict";
// Redoc asks a foreign host for its own mark; no page of ours speaks to other hosts.
const isForeign = (name, value) => name === "src" && String(value).startsWith("https://cdn.redoc.ly/");
const { setAttribute } = Element.prototype;
Element.prototype.setAttribute = function (name, value) {
  if (!isForeign(name, value)) setAttribute.call(this, name, value);
};
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
Object.defineProperty(HTMLImageElement.prototype, "src", {
  ...source,
  set(value) {
    if (!isForeign("src", value)) source.set.call(this, value);
  },
});
const place = document.getElementById("redoc");
const family = "Inter, system-ui, sans-serif";
window.Redoc.init(
  place.dataset.schema,
  {
    requiredPropsFirst: true,
    theme: {
      colors: { primary: { main: "#3b4fd8" } },
      typography: { fontFamily: family, headings: { fontFamily: family }, code: { wrap: true } },
    },
  },
  place,
);
