// The log a person can open with "Trace: Show Log".
import { window, type LogOutputChannel } from "vscode";

export type Log = LogOutputChannel;

export function createLog(): Log {
  return window.createOutputChannel("fixtrail", { log: true });
}
