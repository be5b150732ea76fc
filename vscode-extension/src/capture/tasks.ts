// What runs as a task of VS Code: a terminal_command each, with the exit code of its process.
import * as path from "node:path";
import {
  Disposable,
  ProcessExecution,
  ShellExecution,
  tasks,
  type Task,
  type TaskExecution,
  type Uri,
} from "vscode";
import { makeEvent, uuid7, type EventIn } from "../common/events";
import { taskCommand } from "./commandLine";
import { workingFolder } from "./paths";

export interface TaskOptions {
  readonly folder: Uri;
  readonly record: (event: EventIn) => void;
  readonly began: (eventId: string, command: string, agent: boolean) => void;
}

interface Run {
  readonly eventId: string;
  readonly command: string;
  readonly task: Task;
  readonly began: number;
  readonly clock: number;
}

export class TaskCommands implements Disposable {
  readonly #options: TaskOptions;
  readonly #runs = new Map<TaskExecution, Run>();
  readonly #subscription: Disposable;

  constructor(options: TaskOptions) {
    this.#options = options;
    this.#subscription = Disposable.from(
      tasks.onDidStartTaskProcess(({ execution }) => { this.#began(execution); }),
      tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        this.#ended(execution, exitCode, exitCode === undefined ? "The task was ended." : undefined);
      }),
    );
  }

  /** Record what is still running, with `reason` in place of an exit code. */
  abandon(reason: string): void {
    for (const execution of [...this.#runs.keys()]) this.#ended(execution, undefined, reason);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#runs.clear();
  }

  #began(execution: TaskExecution): void {
    const { task } = execution;
    // A task of the whole workspace may be of any folder's work.
    if (typeof task.scope === "object" && task.scope.uri.toString() !== this.#options.folder.toString()) return;
    const run = { eventId: uuid7(), command: commandOf(task), task, began: Date.now(), clock: performance.now() };
    this.#runs.set(execution, run);
    this.#options.began(run.eventId, run.command, false);
  }

  #ended(execution: TaskExecution, exitCode: number | undefined, reason: string | undefined): void {
    const run = this.#runs.get(execution);
    if (run === undefined) return; // began before the recording
    this.#runs.delete(execution);
    const event = makeEvent(
      "terminal_command",
      {
        command: run.command,
        confidence: "high",
        cwd: this.#folderOf(run.task),
        exit_code: exitCode ?? null,
        ...(reason !== undefined && { exit_code_reason: reason }),
        // No stable API tells what a task printed.
        output: null,
        output_omitted: "not_captured",
        duration_ms: Math.round(performance.now() - run.clock),
        terminal: run.task.name,
      },
      run.began,
    );
    this.#options.record({ ...event, event_id: run.eventId });
  }

  #folderOf({ execution, scope }: Task): string {
    const root = typeof scope === "object" ? scope.uri.fsPath : this.#options.folder.fsPath;
    const cwd = execution instanceof ProcessExecution || execution instanceof ShellExecution ? execution.options?.cwd : undefined;
    const given = cwd?.replace(/\$\{workspaceFolder(?::[^}]*)?\}/, root) ?? root;
    return workingFolder(this.#options.folder.fsPath, path.resolve(root, given), path);
  }
}

function commandOf({ execution, name }: Task): string {
  if (execution instanceof ProcessExecution) return taskCommand({ process: execution.process, args: execution.args }, name);
  if (execution instanceof ShellExecution) {
    const { commandLine, command, args } = execution;
    return taskCommand({ commandLine, command, args }, name);
  }
  return name;
}
