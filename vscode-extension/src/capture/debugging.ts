// debug_session, and terminal_command where tests run under the debugger: start, stop, breakpoints, stopped-at places and evaluated expressions, from the debug adapter protocol.
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
import { makeEvent, uuid7, type EventIn } from "../common/events";
import { testCommand } from "./commandLine";
import { asMessage, exitCodeOf, placeOf } from "./dap";
import { repoPath } from "./paths";

const LONGEST = 2_000;

/** Tests that run under the debugger. */
interface TestRun {
  readonly eventId: string;
  readonly command: string;
  /** Of the debug session. */
  readonly name: string;
  /** The daemon was told that it runs. */
  announced: boolean;
  readonly began: number;
  readonly clock: number;
  exitCode: number | undefined;
  /** The adapter had it started in a terminal, where it is recorded as any command. */
  inTerminal: boolean;
}

export class DebugSessions implements Disposable {
  readonly #folder: string;
  readonly #record: (event: EventIn) => void;
  readonly #began: (eventId: string, command: string, agent: boolean) => void;
  readonly #tests = new Map<string, TestRun>();
  readonly #subscription: Disposable;

  constructor(
    folder: Uri,
    record: (event: EventIn) => void,
    began: (eventId: string, command: string, agent: boolean) => void,
  ) {
    this.#folder = folder.fsPath;
    this.#record = record;
    this.#began = began;
    // A session that says of which folder it is, is told there only.
    const mine = ({ workspaceFolder }: DebugSession): boolean =>
      workspaceFolder === undefined || workspaceFolder.uri.toString() === folder.toString();
    this.#subscription = Disposable.from(
      debug.onDidStartDebugSession((session) => { if (mine(session)) this.#started(session); }),
      debug.onDidTerminateDebugSession((session) => { if (mine(session)) this.#stopped(session); }),
      debug.onDidChangeBreakpoints(({ added }) => { for (const each of added) this.#breakpoint(each); }),
      debug.registerDebugAdapterTrackerFactory("*", { createDebugAdapterTracker: (session) => (mine(session) ? this.#track(session) : undefined) }),
    );
  }

  #tell(data: Extract<EventIn, { event_type: "debug_session" }>["data"]): void {
    this.#record(makeEvent("debug_session", data));
  }

  #started({ id, name }: DebugSession): void {
    this.#tell({ phase: "start", session: id, name });
  }

  /** Record tests that still run, with `reason` in place of an exit code. */
  abandon(reason: string): void {
    for (const id of [...this.#tests.keys()]) this.#ended(id, reason);
  }

  #stopped({ id, name }: DebugSession): void {
    this.#tell({ phase: "stop", session: id, name });
    this.#ended(id, "The debug adapter did not report one.");
  }

  #ended(id: string, reason: string): void {
    const run = this.#tests.get(id);
    this.#tests.delete(id);
    // Started in a terminal it is recorded there; announced before that was known, it has to be told all the same.
    if (run === undefined || (run.inTerminal && !run.announced)) return;
    const event = makeEvent(
      "terminal_command",
      {
        command: run.command,
        confidence: "medium",
        exit_code: run.exitCode ?? null,
        ...(run.exitCode === undefined && { exit_code_reason: reason }),
        output: null,
        output_omitted: "not_captured",
        duration_ms: Math.round(performance.now() - run.clock),
        terminal: run.name,
      },
      run.began,
    );
    this.#record({ ...event, event_id: run.eventId });
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

  #track({ id, name, configuration }: DebugSession): DebugAdapterTracker {
    let stopped = false;
    const command = testCommand(configuration);
    if (command !== undefined) {
      const times = { began: Date.now(), clock: performance.now() };
      this.#tests.set(id, { eventId: uuid7(), command, name, ...times, announced: false, exitCode: undefined, inTerminal: false });
    }
    return {
      onWillReceiveMessage: (raw: unknown) => {
        const { command, arguments: given } = asMessage(raw);
        const run = this.#tests.get(id);
        // By then most adapters have asked for a terminal if they want one: what runs there is announced there.
        if (command === "configurationDone" && run !== undefined && !run.inTerminal && !run.announced) {
          run.announced = true;
          this.#began(run.eventId, run.command, false);
        }
        // A hover and the watch view evaluate by themselves; the console is what a person typed.
        if (command !== "evaluate" || given?.context !== "repl" || typeof given.expression !== "string") return;
        this.#tell({ phase: "evaluate", session: id, expression: given.expression.slice(0, LONGEST) });
      },
      onDidSendMessage: (raw: unknown) => {
        const message = asMessage(raw);
        if (message.event === "stopped") stopped = true;
        const run = this.#tests.get(id);
        if (run !== undefined && message.command === "runInTerminal" && message.arguments?.kind !== "external") run.inTerminal = true;
        if (run !== undefined) run.exitCode = exitCodeOf(message) ?? run.exitCode;
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
