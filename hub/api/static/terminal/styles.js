// The terminal's library brings its rules along in style elements and style attributes, both of
// which the page's policy bars as inline. What a script may do under the same policy has the same
// effect: a sheet that the document adopts, and the properties of an element's style. So nothing
// that came in as markup has a style, here as on the other pages.

const make = document.createElement.bind(document);
const attribute = Element.prototype.setAttribute;

/** An element of no looks, whose text is a sheet of the document while it is not removed. */
function adopted() {
  const sheet = new CSSStyleSheet();
  const element = make("template");
  const remove = element.remove.bind(element);
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, "textContent", { set: (text) => sheet.replaceSync(text) });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    remove();
  };
  return element;
}

document.createElement = (name, options) => (name === "style" ? adopted() : make(name, options));

Element.prototype.setAttribute = function setAttribute(name, value) {
  if (name === "style") this.style.cssText = value;
  else attribute.call(this, name, value);
};
