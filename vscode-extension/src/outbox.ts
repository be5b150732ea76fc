// Gets every recorded event to the daemon: one stream per window and trace, kept until acknowledged.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { EventIn } from "./common/events";
import type { EventsParams, RecordedParams, Status } from "./protocol";
import { DEFAULT_LIMITS, gap, Spool, type Numbered, type SpoolLimits } from "./spool";
import { readLeftovers, SpoolFile } from "./spoolFile";

export interface OutboxOptions {
  /** Where the queue is kept on the disk; undefined: in memory only. */
  readonly folder: string | undefined;
  /** Hand a notification to the daemon; false or a rejection: it is not there now. */
  readonly send: (params: EventsParams) => Promise<void>;
  /** Something a person should know, one sentence. */
  readonly warn: (message: string) => void;
  /** The number of unacknowledged events changed. */
  readonly changed: () => void;
  readonly limits?: SpoolLimits;
  /** No acknowledgement for this long, in milliseconds: send again. */
  readonly retryAfter?: number;
}

/** A file is written anew when this much of it is acknowledged. */
const COMPACT_ABOVE = 1024 * 1024;
const LONGEST_RETRY = 60_000;

class Stream {
  readonly spool: Spool;
  readonly file: SpoolFile | undefined;

  constructor(
    readonly traceId: string,
    stream: string,
    folder: string | undefined,
    limits: SpoolLimits,
    leftover?: readonly Numbered[],
  ) {
    this.spool = new Spool(stream, limits, leftover);
    if (folder !== undefined) this.file = SpoolFile.inFolder(folder, { stream, traceId, pid: process.pid });
  }
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #limits: SpoolLimits;
  readonly #streams = new Map<string, Stream>();
  /** The stream new events go to. */
  #current: Stream | undefined;
  /** The trace the daemon takes events for; undefined: it is not there, or was not asked yet. */
  #accepting: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryAfter: number;
  #waiting: (() => void)[] = [];
  #diskFailed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#retryAfter = options.retryAfter ?? 5_000;
    if (options.folder !== undefined) this.#takeOver(options.folder);
  }

  /** Traces that events are kept for. */
  get traces(): string[] {
    return [...new Set([...this.#streams.values()].filter(({ spool }) => spool.pending > 0).map(({ traceId }) => traceId))];
  }

  /** How many events of a trace are not acknowledged. */
  pending(traceId: string | undefined): number {
    let sum = 0;
    for (const stream of this.#streams.values()) if (stream.traceId === traceId) sum += stream.spool.pending;
    return sum;
  }

  /** From now on events are of this trace. */
  begin(traceId: string): void {
    if (this.#current?.traceId === traceId) return;
    this.#current = this.#open(traceId);
  }

  /** Keep an event and send it as soon as the daemon takes it. */
  record(event: EventIn): void {
    const stream = this.#current;
    if (stream === undefined) return;
    const hadLost = stream.spool.lost > 0;
    this.#keep(stream, stream.spool.add(event));
    if (!hadLost && stream.spool.lost > 0) {
      this.#options.warn("The fixtrail daemon does not answer and the queue is full: events are being lost. The trace will say so.");
    }
    this.#options.changed();
    this.#pump();
  }

  /** Tell the daemon that something is about to happen, so that it closes the burst of typing. */
  mark(): void {
    const stream = this.#current;
    if (stream === undefined || stream.traceId !== this.#accepting) return;
    this.#pump();
    this.#send(stream.spool.mark());
  }

  /** The daemon's cumulative acknowledgement. */
  recorded({ stream: name, seq }: RecordedParams): void {
    const stream = this.#streams.get(name);
    if (stream === undefined) return;
    const before = stream.spool.acknowledged;
    this.#acknowledge(stream, seq);
    if (stream.spool.acknowledged > before) {
      this.#retryAfter = this.#options.retryAfter ?? 5_000;
      this.#stopRetry();
      this.#options.changed();
    }
    this.#pump();
  }

  /** The daemon is gone: keep, and send nothing until it is back. */
  disconnected(): void {
    this.#accepting = undefined;
    this.#stopRetry();
  }

  /** The daemon is there: send again what it does not have of its trace. */
  reconcile({ traceId, streams, state }: Status): void {
    const takes = state === "recording" || state === "paused";
    this.#accepting = takes && traceId != null ? traceId : undefined;
    if (this.#accepting === undefined) return;
    for (const stream of [...this.#streams.values()]) {
      if (stream.traceId !== this.#accepting) continue;
      const has = streams?.[stream.spool.stream] ?? 0;
      if (has < stream.spool.acknowledged) {
        this.#restream(stream, has);
      } else {
        this.#acknowledge(stream, has);
        stream.spool.rewind();
      }
    }
    this.#options.changed();
    this.#pump();
  }

  /** Wait until everything of a trace is acknowledged. False: it was not within `milliseconds`. */
  async settle(traceId: string, milliseconds: number): Promise<boolean> {
    const deadline = Date.now() + milliseconds;
    this.#pump();
    while (this.pending(traceId) > 0) {
      const left = deadline - Date.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }

  /** Forget what a trace's events since `moment` hold, on the disk too. Returns how many were forgotten. */
  forget(traceId: string, moment: string): number {
    let forgotten = 0;
    for (const { traceId: owner, spool, file } of this.#streams.values()) {
      if (owner !== traceId) continue;
      const count = spool.forget(moment);
      if (count > 0) this.#disk(() => file?.rewrite(spool.events));
      forgotten += count;
    }
    return forgotten;
  }

  /** The trace is over and may take no more events. With `discard`, what is left is deleted; else it is set aside. */
  end(traceId: string, discard = false): void {
    for (const stream of [...this.#streams.values()]) {
      if (stream.traceId !== traceId) continue;
      this.#streams.delete(stream.spool.stream);
      if (this.#current === stream) this.#current = undefined;
      if (discard || stream.spool.pending === 0) this.#disk(() => stream.file?.rewrite([]));
      else this.#setAside(stream);
    }
    this.#options.changed();
  }

  /** Let go of timers and files; what is not acknowledged stays on the disk. */
  dispose(): void {
    this.#stopRetry();
    this.#accepting = undefined;
    for (const { file } of this.#streams.values()) file?.close();
  }

  #open(traceId: string, leftover?: readonly Numbered[], name: string = randomUUID()): Stream {
    const stream = new Stream(traceId, name, this.#options.folder, this.#limits, leftover);
    this.#streams.set(name, stream);
    return stream;
  }

  #takeOver(folder: string): void {
    this.#disk(() => {
      for (const { traceId, stream, events } of readLeftovers(folder)) {
        const taken = this.#open(traceId, events, stream);
        taken.file?.rewrite(events);
      }
    });
  }

  /** The daemon lost what it had acknowledged, so the numbers no longer fit: go on in a new stream, and say so. */
  #restream(stream: Stream, has: number): void {
    const { acknowledged, events } = stream.spool;
    const fresh = this.#open(stream.traceId);
    const missing = gap(
      "acknowledged_events_missing",
      `Events ${has + 1} to ${acknowledged} of stream ${stream.spool.stream} were recorded and are no longer there.`,
    );
    const moved = [missing, ...events.map(({ event }) => event)].flatMap((event) => fresh.spool.add(event));
    this.#keep(fresh, moved);
    this.#streams.delete(stream.spool.stream);
    this.#disk(() => stream.file?.rewrite([]));
    if (this.#current === stream) this.#current = fresh;
  }

  #acknowledge(stream: Stream, seq: number): void {
    this.#keep(stream, stream.spool.acknowledge(seq));
    const { file, spool } = stream;
    if (file !== undefined && file.size > 0) {
      const wasteful = file.size > COMPACT_ABOVE && file.size > 2 * spool.pendingBytes;
      if (spool.pending === 0 || wasteful) this.#disk(() => { file.rewrite(spool.events); });
    }
    if (this.pending(stream.traceId) === 0) {
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  #keep(stream: Stream, events: readonly Numbered[]): void {
    this.#disk(() => stream.file?.append(events));
  }

  #setAside(stream: Stream): void {
    const { file, spool } = stream;
    const kept = file === undefined ? "" : path.join(path.dirname(file.path), `unsent-${stream.traceId}.${spool.stream}`);
    this.#options.warn(
      `${spool.pending} events of trace ${stream.traceId} never reached it, and it is closed.` +
        (kept === "" ? "" : ` They are kept in ${kept}.`),
    );
    this.#disk(() => {
      if (file === undefined) return;
      file.close();
      fs.renameSync(file.path, kept);
    });
  }

  /** A disk that refuses costs durability, not the recording. */
  #disk(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!this.#diskFailed) {
        this.#options.warn(`The queue cannot be kept on the disk: ${(error as Error).message}. It is kept in memory.`);
      }
      this.#diskFailed = true;
    }
  }

  #pump(): void {
    if (this.#accepting === undefined) return;
    let inFlight = false;
    for (const { traceId, spool } of this.#streams.values()) {
      if (traceId !== this.#accepting) continue;
      for (let batch = spool.takeBatch(); batch !== undefined; batch = spool.takeBatch()) this.#send(batch);
      inFlight ||= spool.inFlight;
    }
    if (inFlight) this.#startRetry();
  }

  #send(params: EventsParams): void {
    // A failure means that the daemon is going down; reconcile sends it again.
    this.#options.send(params).catch(() => undefined);
  }

  #startRetry(): void {
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#retryAfter = Math.min(this.#retryAfter * 2, LONGEST_RETRY);
      for (const { spool } of this.#streams.values()) spool.rewind();
      this.#pump();
    }, this.#retryAfter);
    this.#retry.unref();
  }

  #stopRetry(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
  }
}
