// The numbered queue of one stream of events: what is not acknowledged is kept and sent again (go-back-N).
import { makeEvent, type EventIn } from "./common/events";
import type { EventsParams } from "./protocol";

export interface Numbered {
  readonly seq: number;
  readonly event: EventIn;
}

export interface SpoolLimits {
  /** Unacknowledged events that are kept. */
  readonly events: number;
  /** UTF-8 bytes of JSON that are kept. */
  readonly bytes: number;
}

export const DEFAULT_LIMITS: SpoolLimits = { events: 50_000, bytes: 64 * 1024 * 1024 };

/** One notification holds at most this much, and at most this much is on its way at once. */
const BATCH = { events: 200, bytes: 512 * 1024 };
const WINDOW = { events: 2_000, bytes: 8 * 1024 * 1024 };

interface Kept extends Numbered {
  readonly bytes: number;
}

interface Lost {
  count: number;
  readonly since: string;
  until: string;
}

/**
 * Numbers run from 1 without a hole. `sent` is how far the daemon was sent the stream, `acknowledged` how far it
 * has it on its disk. Beyond the limits events are counted instead of kept, and a `capture_gap` says so.
 */
export class Spool {
  #kept: Kept[] = [];
  #bytes = 0;
  #acknowledged: number;
  #sent: number;
  #next: number;
  #lost: Lost | undefined;

  constructor(
    readonly stream: string,
    readonly limits: SpoolLimits = DEFAULT_LIMITS,
    leftover: readonly Numbered[] = [],
  ) {
    this.#next = leftover[0]?.seq ?? 1;
    this.#acknowledged = this.#sent = this.#next - 1;
    for (const { event } of leftover) this.#append(event);
  }

  /** The highest number that is on the daemon's disk. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** How many events are not acknowledged. */
  get pending(): number {
    return this.#kept.length;
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Events that are not acknowledged, oldest first. */
  get events(): readonly Numbered[] {
    return this.#kept;
  }

  /** How many events could not be kept since the limit was met; 0 when there is room. */
  get lost(): number {
    return this.#lost?.count ?? 0;
  }

  /** Whether something was sent and not acknowledged. */
  get inFlight(): boolean {
    return this.#sent > this.#acknowledged;
  }

  /** Take an event in. Returns what was numbered: the event, a gap in its stead, or nothing while there is no room. */
  add(event: EventIn): Numbered[] {
    const bytes = sizeOf(event);
    if (this.#lost === undefined && this.#hasRoom(bytes)) return [this.#append(event, bytes)];
    if (this.#lost !== undefined) {
      this.#lost.count += 1;
      this.#lost.until = event.timestamp;
      return [];
    }
    this.#lost = { count: 1, since: event.timestamp, until: event.timestamp };
    // One above the limit, so that even a stream that is never acknowledged says where it breaks off.
    return [this.#append(gap("editor_queue_full", `Events from ${event.timestamp} on could not be kept by the editor.`))];
  }

  /** The daemon has everything up to `seq`. Returns a gap to be kept when events were lost and there is room again. */
  acknowledge(seq: number): Numbered[] {
    if (seq > this.#acknowledged) {
      const done = Math.min(seq, this.#next - 1) - (this.#kept[0]?.seq ?? this.#next) + 1;
      for (const { bytes } of this.#kept.splice(0, done)) this.#bytes -= bytes;
      this.#acknowledged = Math.min(seq, this.#next - 1);
      this.#sent = Math.max(this.#sent, this.#acknowledged);
    }
    if (this.#lost === undefined || !this.#hasRoom(1024)) return [];
    const { count, since, until } = this.#lost;
    this.#lost = undefined;
    return [this.#append(gap("editor_queue_full", `${count} events from ${since} to ${until} could not be kept by the editor.`))];
  }

  /** The next notification to send, or undefined when all is sent or enough is on its way. */
  takeBatch(): EventsParams | undefined {
    const from = this.#sent - this.#acknowledged;
    let onItsWay = 0;
    for (let index = 0; index < from; index += 1) onItsWay += this.#kept[index]?.bytes ?? 0;
    if (from >= WINDOW.events || onItsWay >= WINDOW.bytes) return undefined;
    const events: EventIn[] = [];
    let bytes = 0;
    for (const kept of this.#kept.slice(from, from + BATCH.events)) {
      if (events.length > 0 && bytes + kept.bytes > BATCH.bytes) break;
      bytes += kept.bytes;
      events.push(kept.event);
    }
    if (events.length === 0) return undefined;
    const firstSeq = this.#sent + 1;
    this.#sent += events.length;
    return { stream: this.stream, firstSeq, events };
  }

  /** A notification without events: it records nothing and closes the burst of typing that is open. */
  mark(): EventsParams {
    return { stream: this.stream, firstSeq: this.#sent + 1, events: [] };
  }

  /** Send again, from the first event that is not acknowledged. */
  rewind(): void {
    this.#sent = this.#acknowledged;
  }

  /** Put a gap in the place of every event from `since` on: numbers stay, contents go. Returns how many went. */
  forget(since: string): number {
    let forgotten = 0;
    this.#kept = this.#kept.map((kept) => {
      if (kept.event.timestamp < since || isForgotten(kept.event)) return kept;
      forgotten += 1;
      const event = gap("deleted", "An event was deleted here on purpose.");
      return { seq: kept.seq, event, bytes: sizeOf(event) };
    });
    this.#bytes = this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
    return forgotten;
  }

  #hasRoom(bytes: number): boolean {
    return this.#kept.length < this.limits.events && this.#bytes + bytes <= this.limits.bytes;
  }

  #append(event: EventIn, bytes = sizeOf(event)): Kept {
    const kept = { seq: this.#next, event, bytes };
    this.#next += 1;
    this.#bytes += bytes;
    this.#kept.push(kept);
    return kept;
  }
}

/** An event that says that something may be missing, and why. */
export function gap(reason: string, detail: string): EventIn {
  return makeEvent("capture_gap", { reason, detail });
}

function isForgotten(event: EventIn): boolean {
  return event.event_type === "capture_gap" && event.data.reason === "deleted";
}

function sizeOf(event: EventIn): number {
  return Buffer.byteLength(JSON.stringify(event));
}
