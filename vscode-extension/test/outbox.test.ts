import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeEvent, type EventIn } from "../src/common/events";
import { Outbox, type OutboxOptions } from "../src/outbox";
import type { EventsParams, Status } from "../src/protocol";

const open = (file: string): EventIn => makeEvent("file_open", { file_path: file });
const fileOf = (event: EventIn): unknown => ("file_path" in event.data ? event.data.file_path : event.event_type);

/** A receiver that keeps to the contract: in order, each number once, cumulative acknowledgement. */
class Receiver {
  readonly stored: unknown[] = [];
  readonly streams = new Map<string, number>();
  readonly marks: number[] = [];
  batches = 0;
  deaf = false;

  take({ stream, firstSeq, events }: EventsParams): number | undefined {
    this.batches += 1;
    if (this.deaf) return undefined;
    const known = this.streams.get(stream) ?? 0;
    assert.ok(firstSeq <= known + 1, `${firstSeq} does not follow ${known}`);
    if (events.length === 0) this.marks.push(firstSeq);
    const fresh = events.slice(known + 1 - firstSeq);
    this.stored.push(...fresh.map(fileOf));
    this.streams.set(stream, known + fresh.length);
    return known + fresh.length;
  }

  status(traceId: string, state: Status["state"] = "recording"): Status {
    return { traceId, state, streams: Object.fromEntries(this.streams) };
  }
}

describe("Outbox", () => {
  let folder: string;
  let daemon: Receiver;
  let warnings: string[];
  const boxes: Outbox[] = [];
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "outbox-"));
    daemon = new Receiver();
    warnings = [];
  });
  afterEach(() => {
    for (const box of boxes.splice(0)) box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function newOutbox(options: Partial<OutboxOptions> = {}): Outbox {
    const box: Outbox = new Outbox({
      folder,
      send: (params) => {
        const seq = daemon.take(params);
        if (seq !== undefined && params.events.length > 0) queueMicrotask(() => { box.recorded({ stream: params.stream, seq }); });
        return Promise.resolve();
      },
      warn: (message) => warnings.push(message),
      changed: () => undefined,
      ...options,
    });
    boxes.push(box);
    return box;
  }
  const spoolFiles = (): string[] => fs.readdirSync(folder).filter((name) => name.endsWith(".jsonl"));

  /** As another process would have left its spool: by a pid that is gone. */
  function abandonSpools(): void {
    const pid = spawnSync(process.execPath, ["-e", ""]).pid;
    for (const name of spoolFiles()) {
      const file = path.join(folder, name);
      fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/"pid":\d+/, `"pid":${pid}`));
    }
  }

  it("sends nothing before it knows which trace the daemon takes events for", () => {
    const box = newOutbox();
    box.begin("t");
    box.record(open("a"));
    box.mark();
    assert.equal(daemon.batches, 0);
    box.reconcile(daemon.status("t"));
    assert.deepEqual(daemon.stored, ["a"]);
  });

  it("keeps on the disk what is not acknowledged, and nothing else", async () => {
    const box = newOutbox();
    box.begin("t");
    box.record(open("a"));
    assert.equal(spoolFiles().length, 1);
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(spoolFiles(), []);
  });

  it("sends again, once each and in order, what a daemon that died did not store", async () => {
    const box = newOutbox();
    box.begin("t");
    box.reconcile(daemon.status("t"));
    box.record(open("a"));
    await box.settle("t", 1_000);
    daemon.deaf = true; // it was killed with this in its pipe
    box.record(open("b"));
    box.record(open("c"));
    box.disconnected();
    box.record(open("d"));
    daemon.deaf = false;
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(daemon.stored, ["a", "b", "c", "d"]);
  });

  it("sends again by itself when no acknowledgement comes", async () => {
    const box = newOutbox({ retryAfter: 20 });
    box.begin("t");
    box.reconcile(daemon.status("t"));
    daemon.deaf = true;
    box.record(open("a"));
    daemon.deaf = false;
    assert.equal(await box.settle("t", 10_000), true);
    assert.deepEqual(daemon.stored, ["a"]);
  });

  it("takes over what an earlier window left, under its own stream, then goes on in a new one", async () => {
    const before = newOutbox();
    before.begin("t");
    before.record(open("a"));
    before.record(open("b"));
    before.dispose();
    abandonSpools();

    const box = newOutbox();
    assert.deepEqual(box.traces, ["t"]);
    box.begin("t");
    box.record(open("c"));
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(daemon.stored, ["a", "b", "c"]);
    assert.equal(daemon.streams.size, 2);
    assert.deepEqual(spoolFiles(), []);
  });

  it("does not put the events of one trace into another", async () => {
    const box = newOutbox();
    box.begin("old");
    box.record(open("a"));
    box.begin("new");
    box.record(open("b"));
    box.reconcile(daemon.status("new"));
    assert.equal(await box.settle("new", 1_000), true);
    assert.deepEqual(daemon.stored, ["b"]);
    assert.equal(box.pending("old"), 1);
  });

  it("sets aside, with a warning, what a closed trace can no longer take", () => {
    const box = newOutbox();
    box.begin("t");
    box.record(open("a"));
    box.end("t");
    assert.match(warnings.join(), /1 events of trace t never reached it/);
    const [kept] = fs.readdirSync(folder);
    assert.match(fs.readFileSync(path.join(folder, kept ?? ""), "utf8"), /"file_path":"a"/);
    assert.deepEqual(newOutbox().traces, []);
  });

  it("deletes what belongs to a trace that is discarded", () => {
    const box = newOutbox();
    box.begin("t");
    box.record(open("a"));
    box.end("t", true);
    assert.deepEqual(fs.readdirSync(folder), []);
    assert.deepEqual(warnings, []);
  });

  it("goes on in a new stream, and says so, when the daemon lost what it had acknowledged", async () => {
    const box = newOutbox();
    box.begin("t");
    box.reconcile(daemon.status("t"));
    box.record(open("a"));
    await box.settle("t", 1_000);
    box.disconnected();
    box.record(open("b"));
    daemon.streams.clear(); // the file was set back to an earlier copy
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(daemon.stored, ["a", "capture_gap", "b"]);
  });

  it("marks the moment before a command once the events before it are on their way", async () => {
    const box = newOutbox();
    box.begin("t");
    box.reconcile(daemon.status("t"));
    box.record(open("a"));
    box.mark();
    assert.deepEqual(daemon.marks, [2]);
    await box.settle("t", 1_000);
  });

  it("forgets what it keeps, on the disk too, and the numbers stay", async () => {
    const box = newOutbox({ folder });
    box.begin("t");
    box.record(makeEvent("file_open", { file_path: "kept-name" }, Date.now() - 60_000));
    box.record(open("secret-name"));
    const bytes = (): string => fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), "utf8")).join("");
    assert.match(bytes(), /secret-name/);
    assert.equal(box.forget("other", "2000-01-01T00:00:00.000Z"), 0);
    assert.equal(box.forget("t", new Date(Date.now() - 30_000).toISOString()), 1);
    assert.doesNotMatch(bytes(), /secret-name/);
    assert.match(bytes(), /kept-name/);
    assert.equal(box.forget("t", new Date(Date.now() - 30_000).toISOString()), 0);
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(daemon.stored, ["kept-name", "capture_gap"]);
  });

  it("says when it cannot keep more, and says so in the trace", async () => {
    const box = newOutbox({ limits: { events: 2, bytes: 1_000_000 } });
    box.begin("t");
    for (const name of ["a", "b", "c", "d"]) box.record(open(name));
    assert.equal(warnings.length, 1);
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(daemon.stored, ["a", "b", "capture_gap", "capture_gap"]);
  });

  it("tells when not everything was acknowledged in time", async () => {
    const box = newOutbox();
    box.begin("t");
    box.record(open("a"));
    assert.equal(await box.settle("t", 10), false);
  });

  it("keeps events in memory when the disk refuses", async () => {
    const file = path.join(folder, "a-file");
    fs.writeFileSync(file, "");
    const box = newOutbox({ folder: path.join(file, "below-it") });
    box.begin("t");
    box.record(open("a"));
    assert.match(warnings.join(), /cannot be kept on the disk/);
    box.reconcile(daemon.status("t"));
    assert.equal(await box.settle("t", 1_000), true);
    assert.deepEqual(daemon.stored, ["a"]);
  });
});
