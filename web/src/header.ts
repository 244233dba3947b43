// Masthead: whose run it is, how it stands, and how old what is shown is. A lost connection is said
// calmly in a line of its own; what was shown stays.
import { byId, h, setAttr, setText, show } from "./dom";
import { age, integer, percent } from "./format";
import type { Store } from "./store";
import { over, stateWords } from "./words";

const STALE_S = 20;

export class Header {
  private readonly title = byId("title");
  private readonly description = byId("description");
  private readonly state = byId("state");
  private readonly ageText = byId("age");
  private readonly notice = byId("notice");
  private readonly noticeText = h("span");
  private readonly countdown = h("span", { "aria-hidden": "true" }); // not to be read out every second

  constructor(private readonly store: Store) {
    this.notice.append(this.noticeText, this.countdown);
    store.on(["run", "connection", "clock"], () => this.update());
  }

  private update(): void {
    const { run, connection } = this.store;
    if (run) {
      setText(this.title, run.title || run.run);
      setText(this.description, run.description ?? "");
      show(this.description, Boolean(run.description));
      const words = stateWords(run.state);
      setText(this.state, words.label);
      setAttr(this.state, "class", `state shape-${words.shape} tone-${words.tone}${words.alive && connection.kind === "live" ? " alive" : ""}`);
      setAttr(this.state, "title", this.expert());
      document.title = this.tabTitle();
    } else if (connection.kind !== "connecting") {
      setText(this.state, "No answer yet");
    }
    setText(this.ageText, this.ageWords());
    setAttr(this.ageText, "class", this.stale() ? "age age-stale" : "age");
    const notice = this.noticeWords();
    show(this.notice, notice !== "");
    if (notice) setText(this.noticeText, notice);
    if (notice) setText(this.countdown, ` ${this.countdownWords()}`);
  }

  private expert(): string {
    const { run } = this.store;
    return run ? `State ${run.state} · generation ${run.generation ?? "–"} · term ${integer(run.term)} · branch ${integer(run.branch)}` : "";
  }

  private tabTitle(): string {
    const run = this.store.run!;
    const name = run.title || run.run;
    if (!run.target_steps || run.step === null) return name;
    return `${percent(Math.floor((1000 * run.step) / run.target_steps) / 1000)} · ${name}`;
  }

  private dataAge(): number | null {
    const last = this.store.run?.last_step_at;
    return last ? Math.max(0, (this.store.now() - Date.parse(last)) / 1000) : null;
  }

  private stale(): boolean {
    const { connection, run } = this.store;
    return Boolean(run) && !over(run!) && (connection.kind === "lost" || (stateWords(run!.state).alive && (this.dataAge() ?? 0) > STALE_S));
  }

  private ageWords(): string {
    const { run, connection } = this.store;
    if (!run) return connection.kind === "connecting" ? "" : "trying again";
    const seconds = this.dataAge();
    if (seconds === null) return connection.kind === "live" ? "live" : "";
    if (over(run)) return `last step ${age(seconds)} ago`;
    if (connection.kind === "lost" || connection.kind === "resting") return `data ${age(seconds)} old`;
    const how = connection.kind === "live" ? "live" : connection.kind === "polling" ? "every 5 s" : "";
    return [how, seconds < 1.5 ? "step just now" : `step ${age(seconds)} ago`].filter(Boolean).join(" · ");
  }

  private noticeWords(): string {
    const { run, connection } = this.store;
    if (connection.kind !== "lost") return "";
    return run ? "The connection was lost. What you see stays; it is no longer being updated." : "The run does not answer yet.";
  }

  private countdownWords(): string {
    const { connection } = this.store;
    const wait = connection.kind === "lost" ? Math.round((connection.retryAtMs - Date.now()) / 1000) : 0;
    return wait > 1 ? `Trying again in ${wait} s.` : "Trying again now.";
  }
}
