// The few DOM helpers the page needs. Writes happen only when something changed, so that a live
// page does no layout work for values that stand still.

type Child = Node | string | null;

export function h(tag: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no #${id} in the page`);
  return element as T;
}

export function setText(element: Element, text: string): boolean {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}

export function setAttr(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

// Sets a number and keeps the widest width it ever had: what stands after it never moves.
export function setNumber(element: HTMLElement, text: string): void {
  if (!setText(element, text)) return;
  const widest = Math.max(Number(element.dataset.ch ?? 0), text.length);
  if (element.dataset.ch !== String(widest)) {
    element.dataset.ch = String(widest);
    const separators = (text.match(/[.,]/g) ?? []).length;
    element.style.minWidth = `${(widest - separators * 0.45).toFixed(2)}ch`;
  }
}

export function show(element: HTMLElement, visible: boolean): void {
  if (element.hidden === visible) element.hidden = !visible;
}

// One soft highlight, for what just arrived. CSS drops it under prefers-reduced-motion.
export function highlight(element: HTMLElement): void {
  element.classList.remove("fresh");
  void element.offsetWidth; // restart the animation
  element.classList.add("fresh");
}

// Replaces the children only when `key` differs from the last call's.
export function replaceIfChanged(element: HTMLElement, key: string, build: () => Child[]): boolean {
  if (element.dataset.key === key) return false;
  element.dataset.key = key;
  element.replaceChildren(...(build().filter((child) => child !== null) as Node[]));
  return true;
}
