// TAP lines, and in the last one the count that scripts read.
export default async function* reporter(source) {
  let passed = 0, failed = 0, number = 0;
  yield "TAP version 13\n";
  for await (const event of source) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, details, skip } = event.data;
    const good = event.type === "test:pass";
    if (good) passed++;
    else failed++;
    yield `${good ? "ok" : "not ok"} ${++number} - ${name}${skip ? " # SKIP" : ""} (${Math.round(details.duration_ms)} ms)\n`;
    if (!good) yield String(details.error?.cause?.stack ?? details.error).replace(/^/gm, "  # ") + "\n";
  }
  yield `1..${number}\n${passed} passed, ${failed} failed\n`;
}
