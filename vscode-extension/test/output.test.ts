import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OUTPUT_LIMIT, OutputCollector } from "../src/capture/output";

function collect(...chunks: string[]): string {
  const collector = new OutputCollector();
  for (const chunk of chunks) collector.push(chunk);
  return collector.finish().output;
}

describe("OutputCollector", () => {
  const esc = "\u001b";

  it("drops colours and shell integration marks", () => {
    assert.equal(collect(`${esc}]633;C\u0007${esc}[1;31mFAILED${esc}[0m test.py\r\n${esc}]633;D;1\u0007`), "FAILED test.py\n");
    assert.equal(collect(`${esc}]0;a title${esc}\\text${esc}(B${esc}=`), "text");
  });

  it("does not mind where chunks break", () => {
    const text = `one${esc}[1;32m two${esc}]633;E;x;y${esc}\\ three\r\n`;
    assert.equal(collect(...Array.from({ length: text.length }, (_, index) => text.charAt(index))), "one two three\n");
  });

  it("leaves a progress bar in its last state", () => {
    assert.equal(collect("10%\r", "50%\r", `${esc}[K100%\n`, "done\n"), "100%\ndone\n");
    assert.equal(collect("abc\b\bX\n"), "aXc\n");
    assert.equal(collect(`abcdef\r${esc}[2Kxy\n`), "xy\n");
  });

  it("leaves out what an editor or pager draws", () => {
    assert.equal(collect(`before\n${esc}[?1049h~\n~\n"file" 3L${esc}[?1049lafter\n`), "before\nafter\n");
    const collector = new OutputCollector();
    collector.push("text\n");
    assert.equal(collector.fullScreen, false);
    collector.push(`${esc}[?1049h`);
    assert.equal(collector.fullScreen, true);
  });

  it("keeps tabs, accents and emoji", () => {
    assert.equal(collect("\ta\u0000 été 🐛\n"), "\ta été 🐛\n");
  });

  it("replaces half an emoji", () => {
    assert.equal(collect("\ud83d!\n"), "\ufffd!\n");
  });

  it("joins an emoji that arrives in two chunks", () => {
    assert.equal(collect("\ud83d", "\udc1b\n"), "🐛\n");
  });

  it("keeps head and tail of a long output, and counts what is between", () => {
    const collector = new OutputCollector();
    let bytes = 0;
    for (let line = 0; line < 20_000; line += 1) {
      const text = `line ${line} é\n`;
      bytes += Buffer.byteLength(text);
      collector.push(text);
    }
    const { output, truncated } = collector.finish();
    assert.ok(output.startsWith("line 0 é\n"));
    assert.ok(output.endsWith("line 19999 é\n"));
    assert.ok(Buffer.byteLength(output) <= OUTPUT_LIMIT);
    const marker = `\n[… ${truncated} bytes left out …]\n`;
    assert.ok(output.includes(marker));
    assert.equal(Buffer.byteLength(output) - Buffer.byteLength(marker) + truncated, bytes);
    assert.ok(!output.includes("\ufffd"), "a character was split");
  });

  it("bounds a single line without an end", () => {
    const collector = new OutputCollector(1_000);
    for (let index = 0; index < 100; index += 1) collector.push("0123456789".repeat(1_000));
    const { output, truncated } = collector.finish();
    assert.ok(output.length <= 1_000);
    assert.ok(truncated > 990_000);
  });

  it("says nothing of a command that printed nothing", () => {
    assert.deepEqual(new OutputCollector().finish(), { output: "", truncated: 0 });
  });

  it("tells a command that printed nothing from one of which nothing was seen", () => {
    const collector = new OutputCollector();
    assert.equal(collector.received, false);
    collector.push(`${esc}]633;D;0\u0007`);
    assert.equal(collector.received, true);
    assert.equal(collector.finish().output, "");
  });
});
