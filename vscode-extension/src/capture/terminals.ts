// What the developer runs: terminal_command from the shell integration of the integrated terminal.
import * as path from "node:path";
import {
  TerminalShellExecutionCommandLineConfidence as Confidence,
  window,
  workspace,
  type Disposable,
  type Terminal,
  type TerminalShellExecution,
  Uri,
} from "vscode";
import { makeEvent, uuid7, type EventIn } from "../common/events";
import type { TerminalCommandData } from "../protocol";
import { isAgent } from "./agents";
import { OutputCollector } from "./output";
import { workingFolder } from "./paths";

/** The longest a timer can wait, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** How long, in milliseconds, the output may lag behind the end of its command. */
const OUTPUT_LAG = 1_000;
/** A terminal someone types in has its shell integration after this long, in milliseconds, or has none. */
const INTEGRATION_DELAY = 10_000;

export interface TerminalOptions {
  readonly folder: Uri;
  /** Whether what commands print may be read. */
  readonly output: boolean;
  /** A command that was seen to begin and not to end is recorded after this long, in milliseconds. */
  readonly timeout: number;
  readonly record: (event: EventIn) => void;
  /** A command begins: close the burst of typing before it, and say what its event will be called. */
  readonly began: (eventId: string, command: string, agent: boolean) => void;
  /** A terminal cannot be recorded; one sentence. */
  readonly warn: (message: string) => void;
}

interface Run {
  readonly eventId: string;
  readonly execution: TerminalShellExecution;
  readonly terminal: Terminal;
  readonly began: number;
  readonly clock: number;
  readonly output: OutputCollector | undefined;
  readonly reading: Promise<void>;
  readonly watchdog: NodeJS.Timeout;
}

const CONFIDENCE = { [Confidence.Low]: "low", [Confidence.Medium]: "medium", [Confidence.High]: "high" } as const;

export class TerminalCommands implements Disposable {
  readonly #options: TerminalOptions;
  readonly #runs = new Map<TerminalShellExecution, Run>();
  readonly #finishing = new Set<Promise<void>>();
  readonly #checked = new WeakSet<Terminal>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #subscriptions: Disposable[];

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#subscriptions = [
      window.onDidStartTerminalShellExecution(({ terminal, execution }) => { this.#began(terminal, execution); }),
      window.onDidEndTerminalShellExecution(({ execution, exitCode }) => { this.#ended(execution, exitCode); }),
      window.onDidCloseTerminal((terminal) => {
        this.#abandon((run) => run.terminal === terminal, "The terminal was closed before the command ended.");
      }),
      window.onDidChangeTerminalState((terminal) => { this.#checkIntegration(terminal); }),
    ];
  }

  /** Wait until commands that have ended are recorded. */
  async settle(): Promise<void> {
    await Promise.all(this.#finishing);
  }


  /** Record what is still running, with `reason` in place of an exit code. */
  abandon(reason: string): void {
    this.#abandon(() => true, reason);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { watchdog } of this.#runs.values()) clearTimeout(watchdog);
    this.#runs.clear();
  }

  #began(terminal: Terminal, execution: TerminalShellExecution): void {
    if (!this.#concerns(terminal, execution)) return;
    const reason = "Another command began in its terminal before its end was seen.";
    this.#abandon((run) => run.terminal === terminal, reason);
    const eventId = uuid7();
    const command = execution.commandLine.value;
    this.#options.began(eventId, command, isAgent(terminal.name, command));
    const output = this.#options.output ? new OutputCollector() : undefined;
    const watchdog = setTimeout(() => {
      const hours = Number((this.#options.timeout / 3_600_000).toPrecision(3));
      this.#abandon((run) => run.execution === execution, `Its end was not seen within ${hours} hours.`);
    }, Math.min(this.#options.timeout, LONGEST_TIMER));
    watchdog.unref();
    this.#runs.set(execution, {
      eventId,
      execution,
      terminal,
      began: Date.now(),
      clock: performance.now(),
      output,
      // Read from the first instant: the output of a fast command is not kept for later.
      reading: output === undefined ? Promise.resolve() : collect(execution.read(), output),
      watchdog,
    });
  }

  #ended(execution: TerminalShellExecution, exitCode: number | undefined): void {
    const run = this.#runs.get(execution);
    if (run === undefined) return; // began before the recording
    this.#runs.delete(execution);
    const duration = performance.now() - run.clock;
    const finishing = Promise.race([run.reading, this.#delay(OUTPUT_LAG)]).then(() => {
      const reason = exitCode === undefined ? "The shell did not report one." : undefined;
      this.#recordRun(run, duration, exitCode, reason);
    });
    this.#finishing.add(finishing);
    void finishing.finally(() => this.#finishing.delete(finishing));
  }

  #abandon(which: (run: Run) => boolean, reason: string): void {
    for (const [execution, run] of [...this.#runs]) {
      if (!which(run)) continue;
      this.#runs.delete(execution);
      this.#recordRun(run, performance.now() - run.clock, undefined, reason);
    }
  }

  #recordRun(run: Run, duration: number, exitCode: number | undefined, reason: string | undefined): void {
    clearTimeout(run.watchdog);
    const { commandLine, cwd } = run.execution;
    if (commandLine.value.trim() === "") return; // an empty line at the prompt
    const event = makeEvent(
      "terminal_command",
      {
        command: commandLine.value,
        confidence: CONFIDENCE[commandLine.confidence],
        cwd: cwd === undefined ? null : workingFolder(this.#options.folder.fsPath, cwd.fsPath, path),
        exit_code: exitCode ?? null,
        ...(reason !== undefined && { exit_code_reason: reason }),
        ...outputOf(run.output),
        duration_ms: Math.round(duration),
        terminal: run.terminal.name,
        ...(run.output?.fullScreen === true && { full_screen: true }),
      },
      run.began,
    );
    this.#options.record({ ...event, event_id: run.eventId });
  }

  /**
   * A command belongs to the folder of the window that it runs in; where the shell does not say, to the one that its
   * terminal was made in. One that runs outside of all of them may be of any work, and is recorded with each.
   */
  #concerns(terminal: Terminal, { cwd }: TerminalShellExecution): boolean {
    const made = "cwd" in terminal.creationOptions ? terminal.creationOptions.cwd : undefined;
    const place = cwd ?? (typeof made === "string" ? Uri.file(made) : made);
    const folder = place === undefined ? undefined : workspace.getWorkspaceFolder(place);
    return folder === undefined || folder.uri.toString() === this.#options.folder.toString();
  }

  #checkIntegration(terminal: Terminal): void {
    if (!terminal.state.isInteractedWith || terminal.shellIntegration !== undefined || this.#checked.has(terminal)) return;
    this.#checked.add(terminal);
    void this.#delay(INTEGRATION_DELAY).then(() => {
      if (terminal.shellIntegration !== undefined || terminal.exitStatus !== undefined) return;
      const detail = `The terminal '${terminal.name}' has no shell integration: commands run in it are not recorded.`;
      this.#options.record(makeEvent("capture_gap", { reason: "no_shell_integration", detail }));
      this.#options.warn(detail);
    });
  }

  #delay(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      this.#timers.add(timer);
    });
  }
}

/**
 * A fast command prints together with the mark of its beginning, and VS Code passes on only what comes after that:
 * when nothing came at all it is not known what was printed.
 */
function outputOf(output: OutputCollector | undefined): Pick<TerminalCommandData, "output" | "output_omitted" | "truncated"> {
  if (output === undefined) return { output: null, output_omitted: "consent" };
  return output.received ? output.finish() : { output: null, output_omitted: "not_captured" };
}

async function collect(chunks: AsyncIterable<string>, output: OutputCollector): Promise<void> {
  for await (const chunk of chunks) output.push(chunk);
}
