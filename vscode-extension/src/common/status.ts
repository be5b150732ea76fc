// The status bar item, and the context key that enables commands.
import { commands, MarkdownString, StatusBarAlignment, window, type Disposable, type StatusBarItem } from "vscode";
import type { Status } from "../protocol";
import type { DaemonState } from "./server";

export interface View {
  readonly status: Status;
  readonly daemon: DaemonState;
  /** Events that the editor still keeps. */
  readonly kept: number;
}

export class StatusView implements Disposable {
  readonly #item: StatusBarItem;
  #state: string | undefined;

  constructor() {
    this.#item = window.createStatusBarItem("fixtrail.status", StatusBarAlignment.Left, 50);
    this.#item.name = "fixtrail";
    this.#item.command = "fixtrail.menu";
    this.#item.show();
  }

  update(view: View): void {
    const state = view.status.state ?? "idle";
    if (state !== this.#state) {
      this.#state = state;
      void commands.executeCommand("setContext", "fixtrail.state", state);
    }
    this.#item.text = statusText(view);
    this.#item.tooltip = new MarkdownString(tooltip(view).join("\n\n"), true);
    this.#item.accessibilityInformation = { label: `fixtrail: ${state}, ${view.status.events ?? 0} events`, role: "button" };
  }

  dispose(): void {
    this.#item.dispose();
  }
}

function statusText({ status, daemon, kept }: View): string {
  const events = String(status.events ?? 0);
  const state = status.state ?? "idle";
  const active = state === "recording" || state === "paused" || state === "finalizing";
  if (active && daemon !== "up") return `$(warning) fixtrail: ${daemon === "failed" ? "stopped" : "reconnecting"}, ${kept} kept`;
  if (active && status.problem) return `$(warning) fixtrail ${events}`;
  switch (state) {
    case "recording":
      return `$(record) REC ${events}`;
    case "paused":
      return `$(debug-pause) paused ${events}`;
    case "finalizing":
      return `$(sync~spin) finalizing`;
    case "finalized":
      return `$(pass) fixtrail`;
    case "idle":
      return `$(circle-outline) fixtrail`;
  }
}

function tooltip({ status, daemon, kept }: View): string[] {
  const { traceId, events = 0, gaps = 0, unsent = 0, workspace, problem } = status;
  if (traceId == null) return ["fixtrail: nothing is being recorded."];
  const lines = [`**fixtrail** ${status.state ?? "idle"}`, `Trace \`${traceId}\``];
  if (workspace != null) lines.push(`Folder \`${workspace}\``);
  lines.push(`${events} events, ${gaps} gaps, ${unsent + kept} not yet on the disk`);
  if (daemon === "down") lines.push("$(warning) The daemon ended and is being started again; events are kept.");
  if (daemon === "failed") lines.push("$(warning) The daemon is not running: edits are not recorded, commands and file views are kept.");
  if (problem != null) lines.push(`$(warning) ${problem}`);
  return lines;
}
