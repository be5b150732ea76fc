// What a command printed, as plain text: escape sequences carried out or dropped, head and tail kept.

/** Bytes of UTF-8 kept of one command's output, half of them head and half tail; as the daemon's own limit. */
export const OUTPUT_LIMIT = 64 * 1024;

/** Room within the limit for the line that says how much is missing. */
const MARKER_BYTES = 64;

/** A line without an end is passed on in pieces of this many characters. */
const LONGEST_LINE = 16 * 1024;

// C0 without those below, DEL and C1: nothing of them is text.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
const ALTERNATE_SCREEN = new Set(["?47", "?1047", "?1049"]);

type State = "text" | "escape" | "csi" | "string" | "string-escape" | "charset";

/**
 * Follows a terminal closely enough for a log: line feed, carriage return, backspace and erase-in-line act on the
 * current line, so that a progress bar leaves its last state; what is drawn on the alternate screen (an editor, a
 * pager) is left out; other sequences (colours, titles, `ESC ] 633` marks of shell integration) are dropped.
 * Chunks may break anywhere.
 */
export class OutputCollector {
  #state: State = "text";
  #parameters = "";
  #line = "";
  #column = 0;
  #alternate = false;
  #fullScreen = false;
  #received = false;
  readonly #kept: HeadAndTail;

  constructor(limit = OUTPUT_LIMIT) {
    this.#kept = new HeadAndTail(limit);
  }

  /** Whether anything came at all, marks and colours included. */
  get received(): boolean {
    return this.#received;
  }

  /** Whether the command drew on the alternate screen: an editor, a pager. */
  get fullScreen(): boolean {
    return this.#fullScreen;
  }

  push(chunk: string): void {
    this.#received = true;
    let position = 0;
    while (position < chunk.length) {
      if (this.#state === "text") {
        CONTROL.lastIndex = position;
        const end = CONTROL.exec(chunk)?.index ?? chunk.length;
        if (end > position) this.#write(chunk.slice(position, end));
        if (end < chunk.length) this.#control(chunk.charAt(end));
        position = end + 1;
      } else {
        this.#sequence(chunk.charAt(position));
        position += 1;
      }
    }
  }

  /** The text, and how many bytes were left out of its middle. */
  finish(): { output: string; truncated: number } {
    this.#commit("");
    return this.#kept.join();
  }

  #write(text: string): void {
    if (this.#alternate) return;
    if (this.#column === this.#line.length) this.#line += text;
    else this.#line = this.#line.slice(0, this.#column).padEnd(this.#column) + text + this.#line.slice(this.#column + text.length);
    this.#column += text.length;
    if (this.#line.length > LONGEST_LINE) this.#commit("");
  }

  #commit(end: string): void {
    this.#kept.add(this.#line + end);
    this.#line = "";
    this.#column = 0;
  }

  #control(char: string): void {
    switch (char) {
      case "\n":
        if (!this.#alternate) this.#commit("\n");
        break;
      case "\r":
        this.#column = 0;
        break;
      case "\b":
        this.#column = Math.max(0, this.#column - 1);
        break;
      case "\t":
        this.#write("\t");
        break;
      case "\u001b":
        this.#state = "escape";
        break;
      case "\u009b":
        this.#begin("csi");
        break;
      case "\u0090":
      case "\u0098":
      case "\u009d":
      case "\u009e":
      case "\u009f":
        this.#begin("string");
        break;
      default:
    }
  }

  #sequence(char: string): void {
    switch (this.#state) {
      case "escape":
        if (char === "[") this.#begin("csi");
        else if ("]P^_X".includes(char)) this.#begin("string");
        else if ("()*+-./#% ".includes(char)) this.#state = "charset";
        else this.#state = "text";
        break;
      case "csi":
        if (char >= "@" && char <= "~") {
          this.#state = "text";
          this.#csi(char);
        } else if (char === "\u001b") {
          this.#state = "escape";
        } else {
          this.#parameters += char;
        }
        break;
      case "string":
        if (char === "\u0007" || char === "\u009c") this.#state = "text";
        else if (char === "\u001b") this.#state = "string-escape";
        break;
      case "string-escape":
        this.#state = char === "\\" ? "text" : "escape";
        if (this.#state === "escape") this.#sequence(char);
        break;
      case "charset":
      case "text":
        this.#state = "text";
    }
  }

  #begin(state: State): void {
    this.#state = state;
    this.#parameters = "";
  }

  #csi(final: string): void {
    if (final === "K") {
      if (this.#parameters === "" || this.#parameters === "0") this.#line = this.#line.slice(0, this.#column);
      else if (this.#parameters === "2") this.#line = "";
    } else if (final === "G") {
      this.#column = Math.min(this.#line.length, Math.max(1, Number.parseInt(this.#parameters || "1", 10)) - 1);
    } else if ((final === "h" || final === "l") && ALTERNATE_SCREEN.has(this.#parameters)) {
      this.#alternate = final === "h";
      this.#fullScreen ||= this.#alternate;
    }
  }
}

/** Keeps the first and the last half of `limit` bytes, and counts what is between. */
class HeadAndTail {
  readonly #half: number;
  #head = "";
  #headBytes = 0;
  #headFull = false;
  #tail = "";
  #truncated = 0;

  constructor(limit: number) {
    this.#half = Math.max(0, Math.floor((limit - MARKER_BYTES) / 2));
  }

  add(text: string): void {
    if (!this.#headFull) {
      const bytes = Buffer.byteLength(text);
      if (this.#headBytes + bytes <= this.#half) {
        this.#head += text;
        this.#headBytes += bytes;
        return;
      }
      this.#headFull = true;
      const fits = firstBytes(text, this.#half - this.#headBytes);
      this.#head += fits;
      text = text.slice(fits.length);
    }
    this.#tail += text;
    if (this.#tail.length > 4 * this.#half) this.#trim();
  }

  join(): { output: string; truncated: number } {
    this.#trim();
    const middle = this.#truncated > 0 ? `\n[… ${this.#truncated} bytes left out …]\n` : "";
    return { output: (this.#head + middle + this.#tail).toWellFormed(), truncated: this.#truncated };
  }

  #trim(): void {
    const kept = lastBytes(this.#tail, this.#half);
    this.#truncated += Buffer.byteLength(this.#tail.slice(0, this.#tail.length - kept.length));
    this.#tail = kept;
  }
}

/** The longest beginning of `text` of at most `limit` bytes of UTF-8, no character split. */
function firstBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = limit;
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return text.slice(0, bytes.toString("utf8", 0, end).length);
}

/** The longest end of `text` of at most `limit` bytes of UTF-8, no character split. */
function lastBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let start = bytes.length - limit;
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  return text.slice(text.length - bytes.toString("utf8", start).length);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
