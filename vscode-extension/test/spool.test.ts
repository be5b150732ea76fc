import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeEvent, type EventIn } from "../src/common/events";
import { Spool } from "../src/spool";

const open = (file: string): EventIn => makeEvent("file_open", { file_path: file });

function filled(count: number): Spool {
  const spool = new Spool("s");
  for (let number = 1; number <= count; number += 1) spool.add(open(`${number}.py`));
  return spool;
}

/** Take every batch there is, and return the numbers that were sent. */
function sendAll(spool: Spool): number[] {
  const sent: number[] = [];
  for (let batch = spool.takeBatch(); batch !== undefined; batch = spool.takeBatch()) {
    const { firstSeq } = batch;
    batch.events.forEach((_, index) => sent.push(firstSeq + index));
  }
  return sent;
}

describe("Spool", () => {
  it("numbers events from 1 and sends each once", () => {
    const spool = filled(3);
    assert.deepEqual(sendAll(spool), [1, 2, 3]);
    assert.deepEqual(sendAll(spool), []);
    assert.equal(spool.pending, 3);
  });

  it("lets go of what is acknowledged, cumulatively", () => {
    const spool = filled(5);
    sendAll(spool);
    spool.acknowledge(3);
    assert.deepEqual(spool.events.map(({ seq }) => seq), [4, 5]);
    spool.acknowledge(2); // late and out of order
    assert.equal(spool.acknowledged, 3);
    spool.acknowledge(5);
    assert.equal(spool.pending, 0);
    assert.equal(spool.pendingBytes, 0);
  });

  it("goes back to the first unacknowledged event, and sends the same events again", () => {
    const spool = filled(4);
    const ids = spool.events.map(({ event }) => event.event_id);
    sendAll(spool);
    spool.acknowledge(2);
    spool.rewind();
    const batch = spool.takeBatch();
    assert.equal(batch?.firstSeq, 3);
    assert.deepEqual(batch.events.map(({ event_id: id }) => id), ids.slice(2));
  });

  it("does not let an acknowledgement run ahead of what it has", () => {
    const spool = filled(2);
    spool.acknowledge(99);
    assert.equal(spool.acknowledged, 2);
    spool.add(open("3.py"));
    assert.equal(spool.takeBatch()?.firstSeq, 3);
  });

  it("marks with the number that comes next, and records nothing by it", () => {
    const spool = filled(2);
    sendAll(spool);
    assert.deepEqual(spool.mark(), { stream: "s", firstSeq: 3, events: [] });
    spool.add(open("3.py"));
    assert.equal(spool.takeBatch()?.firstSeq, 3);
  });

  it("splits what is large into batches, and keeps a window", () => {
    const spool = new Spool("s");
    const output = "x".repeat(300 * 1024);
    for (let index = 0; index < 40; index += 1) spool.add(makeEvent("terminal_command", { command: "ls", output }));
    assert.equal(spool.takeBatch()?.events.length, 1);
    const sent = 1 + sendAll(spool).length;
    assert.ok(sent < 40, `${sent} of 12 MB went out at once`);
    spool.acknowledge(sent);
    assert.equal(spool.takeBatch()?.firstSeq, sent + 1);
  });

  it("says where events are missing when it is full, and how many", () => {
    const spool = new Spool("s", { events: 3, bytes: 1_000_000 });
    for (let number = 1; number <= 6; number += 1) spool.add(open(`${number}.py`));
    assert.equal(spool.lost, 3);
    assert.deepEqual(spool.events.map(({ event }) => event.event_type), ["file_open", "file_open", "file_open", "capture_gap"]);
    const [gap] = spool.acknowledge(4);
    assert.equal(gap?.seq, 5);
    assert.equal(gap.event.event_type, "capture_gap");
    assert.match(JSON.stringify(gap.event.data), /3 events from .* could not be kept/);
    assert.equal(spool.lost, 0);
    assert.deepEqual(spool.add(open("7.py")).map(({ seq }) => seq), [6]);
  });

  it("is full by bytes as well", () => {
    const spool = new Spool("s", { events: 1_000, bytes: 4_000 });
    spool.add(makeEvent("terminal_command", { command: "cat", output: "x".repeat(3_500) }));
    const [gap] = spool.add(makeEvent("terminal_command", { command: "cat", output: "y".repeat(3_500) }));
    assert.equal(gap?.event.event_type, "capture_gap");
  });

  it("goes on where an earlier window stopped", () => {
    const events = filled(5).events.slice(2);
    const spool = new Spool("s", undefined, events);
    assert.equal(spool.acknowledged, 2);
    assert.deepEqual(sendAll(spool), [3, 4, 5]);
    assert.equal(spool.add(open("6.py"))[0]?.seq, 6);
  });
});
