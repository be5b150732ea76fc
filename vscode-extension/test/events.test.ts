import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeEvent, timestamp, uuid7 } from "../src/common/events";
import { summarize } from "../src/result";

describe("events", () => {
  it("have version 7 ids that sort by time", () => {
    assert.match(uuid7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(uuid7(1_000) < uuid7(1_001));
    assert.ok(uuid7(Date.UTC(2026, 0, 1)) < uuid7(Date.UTC(2126, 0, 1)));
  });

  it("have timestamps in UTC with milliseconds", () => {
    assert.equal(timestamp(Date.UTC(2026, 0, 31, 9, 30, 0, 125)), "2026-01-31T09:30:00.125Z");
  });

  it("carry the moment they speak of", () => {
    const { timestamp: moment, actor } = makeEvent("terminal_command", { command: "ls" }, 0);
    assert.deepEqual([moment, actor], ["1970-01-01T00:00:00.000Z", "developer"]);
  });
});

describe("summarize", () => {
  const run = { command: ["pytest"] };

  it("is good only when the tests passed", () => {
    const passed = { tests_passed: true, tests: { ...run, verdict: "passed" as const }, reasoning_score: 4.25 };
    assert.deepEqual(summarize(passed), { text: "Tests passed. Reasoning scored 4.3 of 5.", good: true });
  });

  it("says how many failed, and why there is no score", () => {
    const failed = {
      tests_passed: false,
      tests: { ...run, verdict: "failed" as const, failed: 2 },
      reasoning: { status: "not_configured" as const },
    };
    assert.deepEqual(summarize(failed), { text: "Tests failed: 2. Reasoning not scored: no judge is set up.", good: false });
  });

  it("gives the reason when there is no verdict", () => {
    const tests = { ...run, verdict: "infra_error" as const, reason: "Docker does not answer." };
    assert.match(summarize({ tests_passed: null, tests }).text, /^Tests could not be run\. Docker does not answer\./);
  });
});
