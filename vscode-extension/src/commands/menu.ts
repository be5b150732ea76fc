// The menu behind the status bar item: the commands that make sense now.
import { commands, window, type QuickPickItem } from "vscode";
import type { Sessions, State } from "../sessions";

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
const FORGET = { command: "fixtrail.forget", label: "$(eraser) Forget the Last Minutes" };
const CONSENT = { command: "fixtrail.consent", label: "$(shield) Change What Is Allowed" };
const LOG = { command: "fixtrail.showLog", label: "$(output) Show Log" };

const MENU: Readonly<Record<State, readonly MenuItem[]>> = {
  idle: [START, EXPORT, LOG],
  recording: [REASON, PAUSE, FINALIZE, FORGET, CONSENT, EXPORT, DISCARD, LOG],
  paused: [RESUME, FINALIZE, FORGET, CONSENT, EXPORT, DISCARD, LOG],
  finalizing: [LOG],
  finalized: [START, EXPORT, DISCARD, LOG],
};

export async function showMenu(sessions: Sessions): Promise<void> {
  const shown = sessions.shown;
  const items = [...MENU[shown?.status.state ?? "idle"]];
  const free = sessions.folders.some((folder) => !sessions.of(folder).open);
  if (free && !items.includes(START)) items.splice(-1, 0, { ...START, label: `${START.label} of Another Folder` });
  const picked = await window.showQuickPick(items, { title: sessions.folders.length > 1 && shown ? `fixtrail: ${shown.folder.name}` : "fixtrail" });
  if (picked === undefined) return;
  await commands.executeCommand(picked.command, ...(picked.command === START.command || shown === undefined ? [] : [shown.folder.uri]));
}
