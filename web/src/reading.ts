// A chart's numbers are spoken while the reader moves over them by keyboard, and only then: a live page
// that announced every step would leave a listener nothing else to hear.
import { setAttr } from "./dom";

export function speakWhenRead(host: HTMLElement, numbers: HTMLElement): void {
  const speak = (aloud: boolean) => setAttr(numbers, "aria-live", aloud ? "polite" : "off");
  speak(false);
  // Before the chart's own handler changes the numbers.
  host.addEventListener("keydown", (event) => speak(event.key === "ArrowLeft" || event.key === "ArrowRight"), { capture: true });
  host.addEventListener("blur", () => speak(false));
  host.addEventListener("pointermove", () => speak(false));
}
