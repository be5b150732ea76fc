// Where VS Code comes in. Nothing is started here unless a trace of this workspace is open.
import type { ExtensionContext } from "vscode";
import { registerCommands } from "./commands";
import { showError } from "./common/errors";
import { createLog } from "./common/log";
import { Session } from "./session";

let session: Session | undefined;

export function activate(context: ExtensionContext): void {
  const log = createLog();
  const opened = new Session(context, log);
  session = opened;
  context.subscriptions.push(log, opened, ...registerCommands(opened));
  opened.restore().catch((error: unknown) => void showError(log, error));
}

export async function deactivate(): Promise<void> {
  await session?.close();
  session = undefined;
}
