// The menu behind the status bar item: the commands that make sense now.
import { commands, window, type QuickPickItem } from "vscode";
import type { Session } from "../session";
import type { Status } from "../protocol";

interface MenuItem extends QuickPickItem {
  readonly command: string;
}

const START = { command: "fixtrail.start", label: "$(record) Start Recording" };
const PAUSE = { command: "fixtrail.pause", label: "$(debug-pause) Pause Recording" };
const RESUME = { command: "fixtrail.resume", label: "$(debug-continue) Resume Recording" };
const REASON = { command: "fixtrail.reason", label: "$(comment) Add Reasoning Step" };
const FINALIZE = { command: "fixtrail.finalize", label: "$(pass) Finalize" };
const EXPORT = { command: "fixtrail.export", label: "$(export) Export" };
const DISCARD = { command: "fixtrail.discard", label: "$(trash) Discard" };
const LOG = { command: "fixtrail.showLog", label: "$(output) Show Log" };

const MENU: Readonly<Record<NonNullable<Status["state"]>, readonly MenuItem[]>> = {
  idle: [START, EXPORT, LOG],
  recording: [REASON, PAUSE, FINALIZE, EXPORT, DISCARD, LOG],
  paused: [RESUME, FINALIZE, EXPORT, DISCARD, LOG],
  finalizing: [LOG],
  finalized: [START, EXPORT, DISCARD, LOG],
};

export async function showMenu({ status }: Session): Promise<void> {
  const picked = await window.showQuickPick(MENU[status.state ?? "idle"], { title: "fixtrail" });
  if (picked !== undefined) await commands.executeCommand(picked.command);
}
