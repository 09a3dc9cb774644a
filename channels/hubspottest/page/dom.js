// Small helpers to build and update the page. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

// el builds an element: properties starting with "on" are listeners, the others attributes;
// undefined, null and false leave an attribute out, true sets it empty.
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else setAttribute(node, name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

export function setAttribute(node, name, value) {
  if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}

// setText leaves equal text alone, so that a selection inside it survives an update.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

// A KeyedList keeps one view per item of a list in the page and moves only what changed place: nothing
// flickers, players go on playing and the focus stays. A view is {node, update(item, index, items)}.
export class KeyedList {
  #parent;
  #create;
  #key;
  #views = new Map();

  constructor(parent, create, key = (item) => item.id) {
    this.#parent = parent;
    this.#create = create;
    this.#key = key;
  }

  show(items) {
    const keys = new Set(items.map(this.#key));
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue;
      view.node.remove();
      this.#views.delete(key);
    }
    let place = this.#parent.firstElementChild;
    items.forEach((item, index) => {
      const { node } = this.#update(item, index, items);
      if (node === place) place = place.nextElementSibling;
      else this.#parent.insertBefore(node, place);
    });
  }

  #update(item, index, items) {
    const key = this.#key(item);
    if (!this.#views.has(key)) this.#views.set(key, this.#create(item));
    const view = this.#views.get(key);
    view.update(item, index, items);
    return view;
  }
}

// later makes many calls in a row one call, right after what the page is doing now.
export function later(run) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    queueMicrotask(() => {
      asked = false;
      run();
    });
  };
}

// coalesce runs an asynchronous function one call at a time. Calls made during a run share one further
// run, so that every caller gets an answer begun after it asked.
export function coalesce(run) {
  let current;
  let next;
  return function ask() {
    if (!current) {
      current = run().finally(() => { current = undefined; });
      return current;
    }
    next ??= current.catch(() => {}).then(() => {
      next = undefined;
      return ask();
    });
    return next;
  };
}

// ownUrl returns the address when this server serves it, which is all that the content security policy
// lets the page load; anything else (another host, javascript:) is undefined.
export function ownUrl(address) {
  try {
    const url = new URL(address, location.href);
    return address && url.origin === location.origin ? url.href : undefined;
  } catch {
    return undefined;
  }
}
