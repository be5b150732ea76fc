// Trace: Start Recording.
import { commands, window, workspace } from "vscode";
import { UserError } from "../common/errors";
import { testCommand } from "../common/settings";
import { askConsent } from "../consent";
import type { Session } from "../session";
import type { Sessions } from "../sessions";

export async function startRecording(sessions: Sessions): Promise<void> {
  const session = await chooseFolder(sessions);
  if (session === undefined) return;
  const { folder } = session;
  const consent = await askConsent(session.context.workspaceState);
  if (consent === undefined) return;
  const test = testCommand(folder);
  const began = await session.start({ consent, ...(test !== undefined && { testCommand: test }) });
  if (began) return;
  const message = "A trace of this folder was still open: it goes on, with the consent it was started with.";
  const choice = await window.showWarningMessage(message, "Finalize", "Discard");
  if (choice !== undefined) await commands.executeCommand(choice === "Finalize" ? "fixtrail.finalize" : "fixtrail.discard", folder.uri);
}

/** Of the folders that are not being recorded: the active editor's, the only one, or the one that is picked. */
async function chooseFolder(sessions: Sessions): Promise<Session | undefined> {
  if (sessions.folders.length === 0) {
    throw new UserError("There is no folder to record. Open the repository's folder and start again.", {
      title: "Open Folder",
      command: "workbench.action.files.openFolder",
    });
  }
  const free = sessions.folders.map((folder) => sessions.of(folder)).filter(({ open }) => !open);
  if (free.length === 0) throw new UserError("Every folder of this window is being recorded.");
  if (free.length === 1) return free[0];
  const active = window.activeTextEditor?.document.uri;
  const own = active === undefined ? undefined : workspace.getWorkspaceFolder(active);
  const session = free.find(({ folder }) => folder.uri.toString() === own?.uri.toString());
  if (session !== undefined) return session;
  const items = free.map((each) => ({ label: each.folder.name, description: each.folder.uri.fsPath, session: each }));
  return (await window.showQuickPick(items, { title: "Which folder is to be recorded?" }))?.session;
}
