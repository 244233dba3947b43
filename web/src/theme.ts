// The colours of the style sheet, for what is drawn on a canvas. Read once per theme.

const names = ["ink", "ink2", "ink3", "rule", "grid", "paper", "accent", "accent-line", "band", "warn", "bad", "abandon"] as const;
export type ColourName = (typeof names)[number];

let colours: Record<string, string> | null = null;

export function colour(name: ColourName): string {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(names.map((one) => [one, style.getPropertyValue("--" + one).trim()]));
  }
  return colours[name]!;
}

export function canvasFont(size = 12, weight = 400): string {
  const family = getComputedStyle(document.documentElement).getPropertyValue("--sans").trim();
  return `${weight} ${size}px ${family}`;
}

export function onThemeChange(listener: () => void): void {
  const changed = () => {
    colours = null;
    listener();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  matchMedia("(prefers-contrast: more)").addEventListener("change", changed);
}
