// Events as marks, alike on the road and on the curve.
import { costWords } from "./costs";
import { integer, plural, when } from "./format";
import type { Mark, MarkRowSpec } from "./marks";
import type { RunEvent, Severity } from "./types";
import { eventTitle, splitDetail, worst } from "./words";

export interface EventMark extends Mark {
  event: RunEvent;
}

export function incidentMarks(now: () => number): MarkRowSpec<EventMark> {
  return {
    gap: 22,
    shapeOf: (marks) => worst(marks.map((mark) => mark.event.severity)),
    lines: (marks) => (marks.length === 1 ? single(marks[0]!.event, now()) : several(marks.map((mark) => mark.event), now())),
  };
}

function single(event: RunEvent, now: number): string[] {
  const where = event.step === null ? "" : ` · step ${integer(event.step)}`;
  return [eventTitle(event), splitDetail(event.detail).detail, costWords(event), when(Date.parse(event.at), now) + where]
    .filter((line): line is string => Boolean(line));
}

function several(events: RunEvent[], now: number): string[] {
  const bad = (severity: Severity) => events.filter((event) => event.severity === severity).length;
  const undone = bad("undone"), failed = bad("error");
  const first = when(Date.parse(events[0]!.at), now), last = when(Date.parse(events[events.length - 1]!.at), now);
  const kinds = new Map<string, number>();
  for (const event of events) kinds.set(eventTitle(event), (kinds.get(eventTitle(event)) ?? 0) + 1);
  const titles = [...kinds].slice(0, 4).map(([title, n]) => (n > 1 ? `${n} × ${title}` : title));
  const redone = events.reduce((sum, event) => sum + (event.lost_steps ?? 0), 0);
  return [
    `${plural(events.length, "incident")}, ${first === last ? first : `${first} to ${last}`}`,
    ...titles,
    kinds.size > 4 ? `and ${kinds.size - 4} more kinds` : "",
    [undone ? `${undone} undone` : "", failed ? `${failed} failed` : "", redone ? `${plural(redone, "step")} redone` : ""]
      .filter(Boolean).join(" · "),
  ].filter(Boolean);
}
