// How long which lines stood on the screen: joined, and told when they go, not ten times a second.

/** Lines shown for less than this, in milliseconds, were scrolled past. */
export const SHORTEST = 1_000;

export interface Lines {
  /** Counted from 1, both ends included. */
  readonly start: number;
  readonly end: number;
}

export interface View {
  readonly file: string;
  readonly ranges: readonly Lines[];
  /** When it began and how long it lasted, in milliseconds. */
  readonly began: number;
  readonly dwell: number;
}

/** Sort ranges and join those that touch or overlap. */
export function join(ranges: readonly Lines[]): Lines[] {
  const joined: Lines[] = [];
  for (const range of [...ranges].sort((one, other) => one.start - other.start)) {
    const last = joined.at(-1);
    if (last !== undefined && range.start <= last.end + 1) {
      joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    } else joined.push(range);
  }
  return joined;
}

export class Dwell {
  readonly #shown = new Map<string, { ranges: Lines[]; began: number }>();
  readonly #tell: (view: View) => void;

  constructor(tell: (view: View) => void) {
    this.#tell = tell;
  }

  /** `visible` is what is on the screen from `now` on, file by file. */
  update(visible: ReadonlyMap<string, readonly Lines[]>, now: number): void {
    const next = new Map([...visible].map(([file, ranges]) => [file, join(ranges)]));
    for (const [file, { ranges, began }] of [...this.#shown]) {
      if (JSON.stringify(next.get(file)) === JSON.stringify(ranges)) continue;
      this.#shown.delete(file);
      if (ranges.length > 0 && now - began >= SHORTEST) this.#tell({ file, ranges, began, dwell: now - began });
    }
    for (const [file, ranges] of next) if (!this.#shown.has(file)) this.#shown.set(file, { ranges, began: now });
  }
}
