// Where VS Code comes in. Nothing is started here unless a trace of this workspace is open.
import type { ExtensionContext } from "vscode";
import { registerCommands } from "./commands";
import { createLog } from "./common/log";
import { Sessions } from "./sessions";

let sessions: Sessions | undefined;

export function activate(context: ExtensionContext): void {
  const log = createLog();
  const opened = new Sessions(context, log);
  sessions = opened;
  context.subscriptions.push(log, opened, ...registerCommands(opened));
  opened.restore();
}

export async function deactivate(): Promise<void> {
  await sessions?.close();
  sessions = undefined;
}
