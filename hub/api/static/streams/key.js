// The reader's access key, which lives as long as the tab.

const NAME = "hub-key";

export function current() {
  return sessionStorage.getItem(NAME);
}

/** The headers that show the key, if there is one. */
export function shown() {
  const key = current();
  return key ? { "X-API-Key": key } : {};
}

/** Ask for a key in the page's dialog; `changed` is called after it was taken or removed. */
export function asking(button, dialog, changed) {
  const text = dialog.querySelector("input");
  const mark = () => button.toggleAttribute("data-set", Boolean(current()));
  button.addEventListener("click", () => {
    text.value = current() ?? "";
    dialog.showModal();
  });
  dialog.querySelector("form").addEventListener("submit", ({ submitter }) => {
    const key = submitter?.value === "remove" ? "" : text.value.trim();
    if (key) sessionStorage.setItem(NAME, key);
    else sessionStorage.removeItem(NAME);
    mark();
    changed();
  });
  mark();
}
