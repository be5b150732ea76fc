// All that is captured for one trace while it is being recorded.
import type { Disposable, WorkspaceFolder } from "vscode";
import type { EventIn } from "../common/events";
import { commandTimeout } from "../common/settings";
import type { Consent } from "../protocol";
import { DebugSessions } from "./debugging";
import { FileViews } from "./files";
import { TaskCommands } from "./tasks";
import { TerminalCommands } from "./terminals";
import { LineViews } from "./views";

export interface CaptureOptions {
  readonly traceId: string;
  readonly folder: WorkspaceFolder;
  readonly consent: Partial<Consent> | null | undefined;
  /** Files recorded as open before; kept up to date. */
  readonly seen: Set<string>;
  readonly record: (event: EventIn) => void;
  /** A command begins: close the burst of typing before it, and say what its event will be called. */
  readonly began: (eventId: string, command: string, agent: boolean) => void;
  /** A terminal cannot be recorded; one sentence. */
  readonly warn: (message: string) => void;
}

export class Capture implements Disposable {
  readonly traceId: string;
  /** What it captures depends on this. */
  readonly consent: string;
  readonly #files: FileViews | undefined;
  readonly #lines: LineViews | undefined;
  readonly #debugging: DebugSessions;
  readonly #terminals: TerminalCommands;
  readonly #tasks: TaskCommands;

  constructor({ traceId, folder, consent, seen, record, began, warn }: CaptureOptions) {
    const { uri } = folder;
    this.traceId = traceId;
    this.consent = JSON.stringify(consent ?? null);
    this.#files = consent?.file_views === true ? new FileViews(uri, seen, record) : undefined;
    this.#lines = consent?.file_views === true ? new LineViews(uri, record) : undefined;
    this.#debugging = new DebugSessions(uri, record, began);
    const output = consent?.terminal_output === true;
    this.#terminals = new TerminalCommands({ folder: uri, output, timeout: commandTimeout(folder), record, began, warn });
    this.#tasks = new TaskCommands({ folder: uri, record, began });
  }

  /** Wait until what has ended is recorded. With `reason`, record as well what still runs, without an exit code. */
  async settle(reason?: string): Promise<void> {
    await this.#terminals.settle();
    if (reason !== undefined) this.abandon(reason);
    this.#lines?.finish();
    this.#files?.flush();
  }

  /** Record what still runs, with `reason` in place of an exit code. */
  abandon(reason: string): void {
    this.#terminals.abandon(reason);
    this.#debugging.abandon(reason);
    this.#tasks.abandon(reason);
  }

  dispose(): void {
    for (const part of [this.#files, this.#lines, this.#debugging, this.#terminals, this.#tasks]) part?.dispose();
  }
}
