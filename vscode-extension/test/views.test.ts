import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asMessage, exitCodeOf, placeOf } from "../src/capture/dap";
import { Dwell, join, type View } from "../src/capture/dwell";

describe("Dwell", () => {
  const lines = (start: number, end: number): { start: number; end: number } => ({ start, end });

  it("joins ranges that touch, in any order", () => {
    assert.deepEqual(join([lines(10, 20), lines(1, 5), lines(6, 7), lines(18, 30)]), [lines(1, 7), lines(10, 30)]);
  });

  it("tells a view when it goes, with its time", () => {
    const told: View[] = [];
    const dwell = new Dwell((view) => told.push(view));
    dwell.update(new Map([["a.py", [lines(1, 40)]]]), 1_000);
    dwell.update(new Map([["a.py", [lines(1, 40)]]]), 2_000);
    assert.deepEqual(told, []);
    dwell.update(new Map([["a.py", [lines(30, 70)]]]), 4_000);
    assert.deepEqual(told, [{ file: "a.py", ranges: [lines(1, 40)], began: 1_000, dwell: 3_000 }]);
  });

  it("tells nothing of what was scrolled past", () => {
    const told: View[] = [];
    const dwell = new Dwell((view) => told.push(view));
    for (let line = 1; line < 100; line++) dwell.update(new Map([["a.py", [lines(line, line + 40)]]]), line * 50);
    assert.deepEqual(told, []);
    dwell.update(new Map(), 99 * 50 + 1_000);
    assert.deepEqual(told.map(({ ranges }) => ranges), [[lines(99, 139)]]);
  });

  it("keeps files apart", () => {
    const told: View[] = [];
    const dwell = new Dwell((view) => told.push(view));
    dwell.update(new Map([["a.py", [lines(1, 9)]], ["b.py", [lines(1, 5)]]]), 0);
    dwell.update(new Map([["b.py", [lines(1, 5)]]]), 1_500);
    assert.deepEqual(told.map(({ file }) => file), ["a.py"]);
  });
});

describe("the debug adapter protocol", () => {
  it("gives the place of the topmost frame", () => {
    const stackFrames = [{ line: 7, source: { path: "/w/a.py" } }, { line: 9, source: { path: "/w/b.py" } }];
    assert.deepEqual(placeOf(asMessage({ type: "response", command: "stackTrace", body: { stackFrames } }).body), {
      file: "/w/a.py",
      line: 7,
    });
  });

  it("gives the exit code of what was debugged", () => {
    assert.equal(exitCodeOf(asMessage({ type: "event", event: "exited", body: { exitCode: 3 } })), 3);
    assert.equal(exitCodeOf(asMessage({ type: "event", event: "terminated", body: { exitCode: 3 } })), undefined);
    assert.equal(exitCodeOf(asMessage({ event: "exited", body: { exitCode: "3" } })), undefined);
  });

  for (const raw of [null, 7, "x", {}, { body: 3 }, { body: { stackFrames: [] } }, { body: { stackFrames: [{ line: "1" }] } }]) {
    it(`takes anything: ${JSON.stringify(raw)}`, () => { assert.equal(placeOf(asMessage(raw).body), undefined); });
  }
});
