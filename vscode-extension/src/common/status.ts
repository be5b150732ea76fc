// The status bar item, and the context keys that enable commands.
import { commands, MarkdownString, StatusBarAlignment, window, type Disposable, type StatusBarItem } from "vscode";
import type { Status } from "../protocol";
import type { DaemonState } from "./server";

export interface View {
  /** The folder's name. */
  readonly folder: string;
  readonly status: Status;
  readonly daemon: DaemonState;
  /** Events that the editor still keeps. */
  readonly kept: number;
}

type State = NonNullable<Status["state"]>;

export class StatusView implements Disposable {
  readonly #item: StatusBarItem;
  readonly #context = new Map<string, boolean>();

  constructor() {
    this.#item = window.createStatusBarItem("fixtrail.status", StatusBarAlignment.Left, 50);
    this.#item.name = "fixtrail";
    this.#item.command = "fixtrail.menu";
    this.#item.show();
  }

  /** Show one folder, and in the tooltip all. `free`: there is a folder that a recording can be started in. */
  update(shown: View | undefined, all: readonly View[], free: boolean): void {
    const states = new Set(all.map(stateOf));
    for (const state of ["recording", "paused", "finalizing", "finalized"] as const) this.#tell(state, states.has(state));
    this.#tell("full", !free);
    const open = all.filter((view) => isActive(stateOf(view)));
    this.#item.text = shown === undefined ? "$(circle-outline) fixtrail" : statusText(shown, open.length);
    this.#item.tooltip = new MarkdownString(tooltip(open.length > 0 ? open : shown === undefined ? [] : [shown]), true);
    const state = shown === undefined ? "idle" : stateOf(shown);
    this.#item.accessibilityInformation = { label: `fixtrail: ${state}, ${shown?.status.events ?? 0} events`, role: "button" };
  }

  dispose(): void {
    this.#item.dispose();
  }

  #tell(key: string, value: boolean): void {
    if (this.#context.get(key) === value) return;
    this.#context.set(key, value);
    void commands.executeCommand("setContext", `fixtrail.${key}`, value);
  }
}

function stateOf({ status }: View): State {
  return status.state ?? "idle";
}

function isActive(state: State): boolean {
  return state === "recording" || state === "paused" || state === "finalizing";
}

function statusText(view: View, open: number): string {
  const { status, daemon, kept } = view;
  const events = String(status.events ?? 0);
  const state = stateOf(view);
  const more = open > 1 ? ` · ${open} folders` : "";
  if (isActive(state) && daemon !== "up") {
    return `$(warning) fixtrail: ${daemon === "failed" ? "stopped" : "reconnecting"}, ${kept} kept${more}`;
  }
  if (isActive(state) && status.problem) return `$(warning) fixtrail ${events}${more}`;
  switch (state) {
    case "recording":
      return `$(record) REC ${events}${more}`;
    case "paused":
      return `$(debug-pause) paused ${events}${more}`;
    case "finalizing":
      return `$(sync~spin) finalizing${more}`;
    case "finalized":
      return `$(pass) fixtrail`;
    case "idle":
      return `$(circle-outline) fixtrail`;
  }
}

function tooltip(views: readonly View[]): string {
  return views.map((view) => lines(view, views.length > 1).join("\n\n")).join("\n\n---\n\n") || "fixtrail: nothing is being recorded.";
}

function lines({ folder, status, daemon, kept }: View, several: boolean): string[] {
  const { traceId, events = 0, gaps = 0, unsent = 0, workspace, problem } = status;
  if (traceId == null) return ["fixtrail: nothing is being recorded."];
  const said = [`**fixtrail** ${status.state ?? "idle"}${several ? `: ${folder}` : ""}`, `Trace \`${traceId}\``];
  if (workspace != null) said.push(`Folder \`${workspace}\``);
  said.push(`${events} events, ${gaps} gaps, ${unsent + kept} not yet on the disk`);
  if (daemon === "down") said.push("$(warning) The daemon ended and is being started again; events are kept.");
  if (daemon === "failed") said.push("$(warning) The daemon is not running: edits are not recorded, commands and file views are kept.");
  if (problem != null) said.push(`$(warning) ${problem}`);
  return said;
}
