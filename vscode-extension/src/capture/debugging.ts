// debug_session: start, stop, breakpoints, stopped-at places and evaluated expressions, from the debug adapter protocol.
import * as path from "node:path";
import {
  debug,
  Disposable,
  SourceBreakpoint,
  type Breakpoint,
  type DebugAdapterTracker,
  type DebugSession,
  type Uri,
} from "vscode";
import { makeEvent, type EventIn } from "../common/events";
import { asMessage, placeOf } from "./dap";
import { repoPath } from "./paths";

const LONGEST = 2_000;

export class DebugSessions implements Disposable {
  readonly #folder: string;
  readonly #record: (event: EventIn) => void;
  readonly #subscription: Disposable;

  constructor(folder: Uri, record: (event: EventIn) => void) {
    this.#folder = folder.fsPath;
    this.#record = record;
    this.#subscription = Disposable.from(
      debug.onDidStartDebugSession(({ id, name }) => { this.#tell({ phase: "start", session: id, name }); }),
      debug.onDidTerminateDebugSession(({ id, name }) => { this.#tell({ phase: "stop", session: id, name }); }),
      debug.onDidChangeBreakpoints(({ added }) => { for (const each of added) this.#breakpoint(each); }),
      debug.registerDebugAdapterTrackerFactory("*", { createDebugAdapterTracker: (session) => this.#track(session) }),
    );
  }

  #tell(data: Extract<EventIn, { event_type: "debug_session" }>["data"]): void {
    this.#record(makeEvent("debug_session", data));
  }

  #inside(file: string): string | undefined {
    return repoPath(this.#folder, file, path);
  }

  #breakpoint(breakpoint: Breakpoint): void {
    if (!(breakpoint instanceof SourceBreakpoint)) return;
    const file = this.#inside(breakpoint.location.uri.fsPath);
    if (file === undefined) return;
    const { condition } = breakpoint;
    this.#tell({
      phase: "breakpoint",
      file_path: file,
      line: breakpoint.location.range.start.line + 1,
      ...(condition !== undefined && { expression: condition.slice(0, LONGEST) }),
    });
  }

  #track({ id }: DebugSession): DebugAdapterTracker {
    let stopped = false;
    return {
      onWillReceiveMessage: (raw: unknown) => {
        const { command, arguments: given } = asMessage(raw);
        // A hover and the watch view evaluate by themselves; the console is what a person typed.
        if (command !== "evaluate" || given?.context !== "repl" || typeof given.expression !== "string") return;
        this.#tell({ phase: "evaluate", session: id, expression: given.expression.slice(0, LONGEST) });
      },
      onDidSendMessage: (raw: unknown) => {
        const message = asMessage(raw);
        if (message.event === "stopped") stopped = true;
        if (!stopped || message.command !== "stackTrace" || message.type !== "response") return;
        stopped = false; // the first stack after a stop begins with the place
        const place = placeOf(message.body);
        const file = place === undefined ? undefined : this.#inside(place.file);
        if (place !== undefined && file !== undefined) {
          this.#tell({ phase: "stopped", session: id, file_path: file, line: place.line });
        }
      },
    };
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
