// A stream's unacknowledged events on the disk, one JSON line each: they outlive the window.
import * as fs from "node:fs";
import * as path from "node:path";
import type { EventIn } from "./common/events";
import { gap, type Numbered } from "./spool";

export interface SpoolHeader {
  readonly stream: string;
  readonly traceId: string;
  /** The process that writes the file; another one takes it over only when this one is gone. */
  readonly pid: number;
}

export interface SpoolLeftover extends SpoolHeader {
  readonly path: string;
  readonly events: readonly Numbered[];
}

const SUFFIX = ".jsonl";

/** Writes are synchronous: they are small, and what was seen must be there however the window ends. */
export class SpoolFile {
  #size = 0;
  #descriptor: number | undefined;

  constructor(
    readonly path: string,
    readonly header: SpoolHeader,
  ) {}

  static inFolder(folder: string, header: SpoolHeader): SpoolFile {
    return new SpoolFile(path.join(folder, `${header.stream}${SUFFIX}`), header);
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  append(events: readonly Numbered[]): void {
    if (events.length === 0) return;
    if (this.#descriptor === undefined) {
      fs.mkdirSync(path.dirname(this.path), { recursive: true, mode: 0o700 });
      this.#descriptor = fs.openSync(this.path, "a", 0o600);
      this.#size = fs.fstatSync(this.#descriptor).size;
    }
    const text = (this.#size === 0 ? `${JSON.stringify(this.header)}\n` : "") + toLines(events);
    this.#size += fs.writeSync(this.#descriptor, text);
  }

  /** Leave only `events` in the file; with none, the file goes. */
  rewrite(events: readonly Numbered[]): void {
    this.close();
    if (events.length === 0) {
      fs.rmSync(this.path, { force: true });
      this.#size = 0;
      return;
    }
    const text = `${JSON.stringify(this.header)}\n${toLines(events)}`;
    const beside = `${this.path}.new`;
    fs.mkdirSync(path.dirname(this.path), { recursive: true, mode: 0o700 });
    fs.writeFileSync(beside, text, { mode: 0o600 });
    fs.renameSync(beside, this.path);
    this.#size = Buffer.byteLength(text);
  }

  close(): void {
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** The spools in a folder whose writers are gone, to be taken over. */
export function readLeftovers(folder: string): SpoolLeftover[] {
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => readSpoolFile(path.join(folder, name)))
    .filter((leftover) => leftover !== undefined && !isAlive(leftover.pid))
    .filter((leftover) => leftover !== undefined);
}

/** Read one spool. A line that is damaged becomes a gap with the number that was there; undefined: no header. */
export function readSpoolFile(file: string): SpoolLeftover | undefined {
  const [first, ...lines] = fs.readFileSync(file, "utf8").split("\n");
  const header = parse(first ?? "") as Partial<SpoolHeader> | undefined;
  if (typeof header?.stream !== "string" || typeof header.traceId !== "string") return undefined;
  const events: Numbered[] = [];
  for (const line of lines) {
    if (line === "") continue;
    const read = parse(line) as Partial<Numbered> | undefined;
    const expected = (events.at(-1)?.seq ?? 0) + 1;
    const seq = typeof read?.seq === "number" ? read.seq : expected;
    if (events.length > 0) for (let hole = expected; hole < seq; hole += 1) events.push(damaged(hole));
    events.push(read?.event === undefined ? damaged(seq) : { seq, event: read.event });
  }
  return { stream: header.stream, traceId: header.traceId, pid: header.pid ?? 0, path: file, events };
}

function damaged(seq: number): Numbered {
  const event: EventIn = gap("editor_queue_damaged", "An event in the editor's queue on the disk could not be read.");
  return { seq, event };
}

function toLines(events: readonly Numbered[]): string {
  return events.map(({ seq, event }) => `${JSON.stringify({ seq, event })}\n`).join("");
}

function parse(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === "object" ? value : undefined;
  } catch {
    return undefined; // a line cut short by a crash
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid || pid <= 0) return false; // an earlier process with our number, or none
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
