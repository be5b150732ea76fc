import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeEvent } from "../src/common/events";
import type { Numbered } from "../src/spool";
import { readLeftovers, readSpoolFile, SpoolFile } from "../src/spoolFile";

const numbered = (seq: number, file = `${seq}.py`): Numbered => ({ seq, event: makeEvent("file_open", { file_path: file }) });
/** The number of a process that has ended. */
const gonePid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

describe("SpoolFile", () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "spool-"))));
  afterEach(() => { fs.rmSync(folder, { recursive: true }); });

  const create = (pid = gonePid()): SpoolFile => SpoolFile.inFolder(path.join(folder, "in"), { stream: "s", traceId: "t", pid });
  const read = (): ReturnType<typeof readLeftovers> => readLeftovers(path.join(folder, "in"));

  it("gives back what was appended", () => {
    const file = create();
    file.append([numbered(1)]);
    file.append([numbered(2), numbered(3, "é\u2028.py")]);
    file.close();
    const [leftover] = read();
    assert.equal(leftover?.traceId, "t");
    assert.deepEqual(leftover.events.map(({ seq, event }) => [seq, (event.data as { file_path: string }).file_path]), [
      [1, "1.py"],
      [2, "2.py"],
      [3, "é\u2028.py"],
    ]);
  });

  it("is gone when nothing is left, and comes back with the next event", () => {
    const file = create();
    file.append([numbered(1)]);
    file.rewrite([]);
    assert.deepEqual(fs.readdirSync(path.join(folder, "in")), []);
    file.append([numbered(2)]);
    file.close();
    assert.deepEqual(read()[0]?.events.map(({ seq }) => seq), [2]);
  });

  it("can be cut down to what is pending and appended to", () => {
    const file = create();
    file.append([1, 2, 3].map((seq) => numbered(seq)));
    file.rewrite([numbered(3)]);
    file.append([numbered(4)]);
    file.close();
    assert.deepEqual(read()[0]?.events.map(({ seq }) => seq), [3, 4]);
    assert.equal(fs.statSync(file.path).size, file.size);
  });

  it("puts a gap where a line is damaged, so that no number is missing", () => {
    const file = create();
    file.append([1, 2, 3, 4].map((seq) => numbered(seq)));
    file.close();
    const lines = fs.readFileSync(file.path, "utf8").split("\n");
    lines.splice(2, 2, "{\"seq\": 2, \"eve", "garbage");
    fs.writeFileSync(file.path, lines.join("\n").slice(0, -5)); // the last line was cut short by a crash
    const events = readSpoolFile(file.path)?.events;
    assert.deepEqual(events?.map(({ seq, event }) => [seq, event.event_type]), [
      [1, "file_open"],
      [2, "capture_gap"],
      [3, "capture_gap"],
      [4, "capture_gap"],
    ]);
  });

  it("does not take over what another window is writing", () => {
    create(process.ppid).append([numbered(1)]);
    assert.deepEqual(read(), []);
  });

  it("is unreadable to other users", { skip: process.platform === "win32" }, () => {
    const file = create();
    file.append([numbered(1)]);
    assert.equal(fs.statSync(file.path).mode & 0o077, 0);
  });

  it("finds nothing where nothing was ever kept", () => {
    assert.deepEqual(readLeftovers(path.join(folder, "never")), []);
  });
});
