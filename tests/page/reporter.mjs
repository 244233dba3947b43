// TAP lines, and in the last one the count that scripts read.
export default async function* reporter(source) {
  let passed = 0, failed = 0, skipped = 0, number = 0;
  yield "TAP version 13\n";
  for await (const event of source) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, details, skip } = event.data; // skip: true, or why
    const good = event.type === "test:pass";
    const left_out = skip !== undefined && skip !== false;
    if (left_out) skipped++;
    else if (good) passed++;
    else failed++;
    const note = left_out ? ` # SKIP ${skip === true ? "no reason given" : skip}` : "";
    yield `${good ? "ok" : "not ok"} ${++number} - ${name} (${Math.round(details.duration_ms)} ms)${note}\n`;
    if (!good) yield String(details.error?.cause?.stack ?? details.error).replace(/^/gm, "  # ") + "\n";
  }
  yield `1..${number}\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}\n`;
}
